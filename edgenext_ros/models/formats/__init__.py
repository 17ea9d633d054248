# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Readers of model files: .bin, its graph and BPU program, and ONNX."""
