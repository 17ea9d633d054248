# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measurements, from pixels to DDS and the BPU compiler, and the soak test."""
