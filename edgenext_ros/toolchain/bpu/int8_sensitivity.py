# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Measure the cost of int8 at each node with the vendor's debugger, in the toolchain's Python.

``compile`` runs this module. The CSV file has a row for each node: cosine similarity and mean
square error of the logits when this node alone is quantised, worst first.
"""

from __future__ import annotations

import csv
from pathlib import Path
import sys

from edgenext_ros.engines.onnx import RGB_FROM_YUV
import numpy as np

_METRICS = ('cosine-similarity', 'mse')


def main(model: str, pictures: str, count: str, output: str) -> None:
    """
    Write the table.

    :param model: hb_mapper's ``*_calibrated_model.onnx``.
    :param pictures: folder of calibration pictures as ``compile`` writes them: RGB, float32.
    :param count: number of pictures to use.
    :param output: the CSV file to write.
    """
    # Import this name first, as the vendor does; otherwise parts are registered twice.
    import horizon_nn.api  # noqa: F401
    from horizon_nn.common import Dataset
    from horizon_nn.ir import load_model
    from horizon_nn.quantizer.debugger.debug_api import get_sensitivity_of_nodes

    graph = load_model(model).proto.graph
    shape = [dim.dim_value for dim in graph.input[0].type.tensor_type.shape.dim]
    files = sorted(Path(pictures).glob('*.rgb'))[:int(count)]
    rgb = [np.fromfile(file, np.float32).reshape(3, -1) for file in files]
    # The calibrated graph takes what the BPU takes: YUV centred on 0.
    yuv = [np.rint(np.linalg.solve(RGB_FROM_YUV, x)) - np.array([[128], [0], [0]]) for x in rgb]
    data = Dataset({graph.input[0].name: [x.astype(np.float32).reshape(shape) for x in yuv]})
    found = get_sensitivity_of_nodes(model, list(_METRICS), data, data_num=len(files))
    with Path(output).open('w', newline='') as file:
        rows = csv.writer(file)
        rows.writerow(['node', *_METRICS])
        rows.writerows([name, *(values[metric] for metric in _METRICS)]
                       for name, values in found.items())


if __name__ == '__main__':
    main(*sys.argv[1:])
