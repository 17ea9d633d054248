# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which of TROS' message packages this machine has."""

from importlib.util import find_spec

import pytest

HAS_AI_MSGS = find_spec('ai_msgs') is not None
NEEDS_AI_MSGS = pytest.mark.skipif(
    not HAS_AI_MSGS, reason="ai_msgs is not installed: TROS has it; beside ROS' wheels, ./dev "
                            'test compiles a stand-in')
