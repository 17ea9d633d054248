# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From a network to a .bin: the graph for the BPU, its ONNX, the compiler."""
