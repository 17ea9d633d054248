# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compile the stand-in of libdnn.so."""

from pathlib import Path
import shutil
import subprocess

STAND_INS = Path(__file__).parents[1] / 'stand_ins'


def compiler():
    """Return the path of a C compiler, or None."""
    return shutil.which('cc') or shutil.which('gcc')


def build(folder):
    """Compile the library into a folder and return its path."""
    path = folder / 'libdnn.so'
    subprocess.run(
        [compiler(), '-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', '-pthread',
         '-o', str(path), *map(str, sorted(STAND_INS.glob('*.c')))], check=True)
    return path
