# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the vendor's package of this name; see ``pyeasy_dnn``."""
