# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Choices of command line and parameters; imports no NumPy, OpenCV or ROS, for ``--help``."""

from types import MappingProxyType
from typing import Final

ENGINES: Final = MappingProxyType({
    'libdnn': ('bpu.libdnn', 'LibDnn'), 'hbm_runtime': ('bpu.hbm_runtime', 'HbmRuntime'),
    'hobot_dnn': ('bpu.hobot_dnn', 'HobotDnn'), 'onnx': ('onnx', 'Onnx'),
    'simulator': ('simulator.engine', 'Simulator')})
"""Module in ``engines`` and class of each engine; ``engines.select`` orders them for ``auto``."""
BPU_ENGINES: Final = ('libdnn', 'hbm_runtime', 'hobot_dnn')
"""The engines that use the BPU, in the order in which ``auto`` tries them."""
SIMULATOR: Final = 'simulator'
"""The engine that computes as the BPU does, on a PC."""
SIMULATOR_TITLE: Final = 'BPU simulator'
"""How the vendor's simulator is named in ``ModelInfo.engine``, before its version."""
SIMULATOR_TAKES: Final = 'from half a second to many seconds for an image'
"""Time of an inference in the simulator, by model and machine."""

FITS: Final = ('stretch', 'letterbox', 'crop')
"""Ways to fit a picture of another shape: distort it, pad it with grey, or cut out its middle."""
DEFAULT_FIT: Final = 'crop'
"""Most accurate fit for the bundled model (docs/accuracy.md); timm also evaluates with it."""
YUV_RANGES: Final = ('limited', 'full')
"""Range of a camera's luma bytes: 16..235, as V4L2 and OpenCV assume, or 0..255."""

NODE: Final = 'node'
"""Interpolation of the node, which ``Nv12Converter`` implements."""
NODE_DOES: Final = (
    'bilinear, after two steps for large pictures: only every second (third, fourth) row is used, '
    'and grey or luma is averaged over 2 x 2 pixels')
"""The node's interpolation as text; ``core.resize`` has the details."""
INTERPOLATIONS: Final = (NODE, 'nearest', 'bilinear', 'area', 'bicubic', 'lanczos')
"""Ways to resize a picture for comparison: the node's, and OpenCV's."""
