# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""EdgeNeXt image classification for ROS 2 on the BPU of an RDK X5, or without a board."""

import os
from pathlib import Path
import re

MOST_PIXELS = 2 ** 26
"""Limit of a compressed picture: OpenCV trusts its header and allocates up to 3 GB for 1 kB."""
# A limit for every file format, which OpenCV reads when it is imported.
os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(MOST_PIXELS))


def _version() -> str:
    """Return the version of package.xml: of the source tree, or of the installed package."""
    package = Path(__file__).resolve().parent
    installed = (folder / 'share' / package.name / 'package.xml' for folder in package.parents)
    for manifest in (package.parent / 'package.xml', *installed):
        if manifest.is_file():
            found = re.search('<version>(.+)</version>', manifest.read_text(encoding='utf-8'))
            if found:
                return found[1]
    return 'unknown'


__version__ = _version()
