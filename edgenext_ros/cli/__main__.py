# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the ``edgenext`` command with ``python -m edgenext_ros.cli``."""

import sys

from edgenext_ros.cli import main

sys.exit(main())
