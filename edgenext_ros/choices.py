# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names that a user chooses from. Importable without NumPy, OpenCV and ROS, as ``--help`` is."""

from types import MappingProxyType
from typing import Final

ENGINES: Final = MappingProxyType({
    'libdnn': ('bpu.libdnn', 'LibDnn'), 'hbm_runtime': ('bpu.hbm_runtime', 'HbmRuntime'),
    'hobot_dnn': ('bpu.hobot_dnn', 'HobotDnn'), 'onnx': ('onnx', 'Onnx'),
    'simulator': ('simulator.engine', 'Simulator')})
"""Module in ``engines`` and class of each engine; ``engines.select`` has the order of ``auto``."""

FITS: Final = ('stretch', 'letterbox', 'crop')
"""Ways to fit a picture of another shape: distort, pad with grey, or cut the middle out."""
DEFAULT_FIT: Final = 'crop'
"""The most accurate one on the bundled model (docs/accuracy.md), and timm's."""
YUV_RANGES: Final = ('limited', 'full')
"""What a camera's YUV bytes mean: 16..235 (V4L2's and OpenCV's reading) or 0..255."""

NODE: Final = 'node'
"""The interpolation of ``Nv12Converter``, which the node uses."""
NODE_DOES: Final = (
    'bilinear, in every n-th row where there are many; one channel is averaged by 2 x 2 '
    'before, where it shrinks to less than half')
INTERPOLATIONS: Final = (NODE, 'nearest', 'bilinear', 'area', 'bicubic', 'lanczos')
"""Ways to resize a picture for comparison: the node's, and OpenCV's."""
