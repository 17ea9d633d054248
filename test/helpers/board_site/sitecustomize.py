# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Put every Python process of a run on a made-up board; ``helpers.made_up_boards`` says how.

Python imports a module of this name when it starts.
"""

from helpers.made_up_boards import install

install()
