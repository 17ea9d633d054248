# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engine that runs a .bin in the vendor's simulator on a PC."""
