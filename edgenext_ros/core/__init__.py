# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From pictures to predictions, with NumPy and OpenCV only: no ROS, no files, no vendor."""
