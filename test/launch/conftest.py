# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch files run in a ROS domain of each test's own."""

import os

import pytest


@pytest.fixture
def environment(private_graph, tmp_path):
    # launch leaves its parameter files in TMPDIR.
    return {**os.environ, 'ROS_LOG_DIR': str(tmp_path),
            'TMPDIR': str(tmp_path), 'PYTHONUNBUFFERED': '1'}
