# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frames, NV12 conversion and predictions; uses NumPy and OpenCV only, no ROS and no files."""
