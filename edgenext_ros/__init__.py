# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""EdgeNeXt image classification for ROS 2 on the BPU of an RDK X5, or without a board."""

__version__ = '0.1.0'
