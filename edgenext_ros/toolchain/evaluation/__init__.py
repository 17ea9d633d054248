# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How good a model is: accuracy, agreement, reports."""
