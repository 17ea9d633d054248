# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures in, predictions out: numpy and OpenCV only, no ROS, no files, no vendor."""
