# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines that run a .bin on the BPU through the vendor's libraries."""
