# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Train and export models on a PC; needs the extra ``toolchain`` of setup.py."""
