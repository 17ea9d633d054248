# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compile a network to a .bin: rewrite its graph for the BPU, export ONNX, run hb_mapper."""
