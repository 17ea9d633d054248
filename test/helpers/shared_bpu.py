# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Run ``edgenext bench shared`` on the stand-in of libdnn: a BPU of one core for all processes.

``python test/helpers/shared_bpu.py [ARGUMENT ...]``; the arguments go to ``edgenext bench``.
"""

import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parents[1]))

from edgenext_ros.cli import main
from helpers import standin_library
from helpers.standin_model import StandInModel

NODE_US, DETECTOR_US = 723, 20_000
"""Microseconds of a task: the smallest EdgeNeXt by the compiler's estimate, and the detector."""


def prepare(folder):
    """Write the library and both models to a folder, and set the variables that choose them."""
    os.environ['EDGENEXT_LIBDNN'] = str(standin_library.build(folder))
    os.environ['STANDIN_CORE'] = str(folder / 'core')
    return [StandInModel(w=224, h=224, classes=2, busy_us=busy_us).write(folder / f'{name}.bin')
            for name, busy_us in (('node', NODE_US), ('detector', DETECTOR_US))]


if __name__ == '__main__':
    with TemporaryDirectory() as temporary:
        node, detector = prepare(Path(temporary))
        sys.exit(main(['bench', 'shared', '--model', str(node), '--neighbour', str(detector),
                       *sys.argv[1:]]))
