# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""EdgeNeXt image classification for ROS 2 on the BPU of an RDK X5, or without a board."""

import os

MOST_PIXELS = 2 ** 26
"""Limit of a compressed picture: OpenCV trusts its header and allocates up to 3 GB for 1 kB."""
# A limit for every file format, which OpenCV reads when it is imported.
os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(MOST_PIXELS))

__version__ = '0.1.0'
