# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""EdgeNeXt image classification for ROS 2 on the BPU of an RDK X5, or without a board."""

import os

MOST_PIXELS = 2 ** 26
"""Of a compressed picture: OpenCV takes what the header says, up to 3 GB for a picture of 1 kB."""
# Whatever the format; OpenCV reads this when it is loaded.
os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(MOST_PIXELS))

__version__ = '0.1.0'
