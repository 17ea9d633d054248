# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network and its weights: sizes, checkpoints, export to ONNX."""
