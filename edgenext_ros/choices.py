# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names that a user chooses from; needs no NumPy, OpenCV or ROS, so that ``--help`` works."""

from types import MappingProxyType
from typing import Final

ENGINES: Final = MappingProxyType({
    'libdnn': ('bpu.libdnn', 'LibDnn'), 'hbm_runtime': ('bpu.hbm_runtime', 'HbmRuntime'),
    'hobot_dnn': ('bpu.hobot_dnn', 'HobotDnn'), 'onnx': ('onnx', 'Onnx'),
    'simulator': ('simulator.engine', 'Simulator')})
"""Module in ``engines`` and class of each engine; ``engines.select`` orders them for ``auto``."""

FITS: Final = ('stretch', 'letterbox', 'crop')
"""Ways to fit a picture of another shape: distort it, pad it with grey, or cut out its middle."""
DEFAULT_FIT: Final = 'crop'
"""The most accurate one with the bundled model (docs/accuracy.md); timm evaluates with it too."""
YUV_RANGES: Final = ('limited', 'full')
"""Range of a camera's luma bytes: 16..235, as V4L2 and OpenCV assume, or 0..255."""

NODE: Final = 'node'
"""Name of the interpolation in ``Nv12Converter``, which the node uses."""
NODE_DOES: Final = (
    'bilinear, in every n-th row where there are many; one channel is averaged by 2 x 2 '
    'before, where it shrinks to half or less')
INTERPOLATIONS: Final = (NODE, 'nearest', 'bilinear', 'area', 'bicubic', 'lanczos')
"""Ways to resize a picture for comparison: the node's, and OpenCV's."""
