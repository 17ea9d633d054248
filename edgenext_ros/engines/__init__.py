# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference engines behind one protocol; each is imported only when it is chosen."""
