# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 nodes; apart from ``bench``, only this package imports rclpy."""
