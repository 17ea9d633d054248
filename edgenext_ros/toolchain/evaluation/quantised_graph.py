# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Run hb_mapper's quantised graph; ``verify`` runs this in the toolchain's Python.

It prints the number of pictures done, a line for each picture.
"""

from __future__ import annotations

import contextlib
import sys

import numpy as np


def main(model: str, pictures: str, output: str) -> None:
    """
    Run every picture through the vendor's executor.

    :param model: hb_mapper's ``*_quantized_model.onnx``.
    :param pictures: .npy file of YUV444 pictures, uint8 (count, height, width, 3).
    :param output: .npy file to write, float32 (count, classes).
    """
    with contextlib.redirect_stdout(sys.stderr):
        from horizon_tc_ui import HB_ONNXRuntime
        session = HB_ONNXRuntime(model_file=model)
    yuv = np.load(pictures, mmap_mode='r')
    rows = []
    for picture in yuv:
        with contextlib.redirect_stdout(sys.stderr):
            # The BPU's input layer converts to signed values, and does nothing else.
            signed = (picture.astype(np.int16) - 128).astype(np.int8)[None]
            found = session.run(None, {session.input_names[0]: signed}, input_offset=0)
        rows.append(np.asarray(found[0], np.float32).reshape(-1))
        print(len(rows), flush=True)
    np.save(output, np.stack(rows))


if __name__ == '__main__':
    main(*sys.argv[1:])
