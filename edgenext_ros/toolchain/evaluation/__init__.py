# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate models: accuracy, agreement and reports."""
