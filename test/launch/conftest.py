# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch files run in a separate ROS domain for each test."""

import os

import pytest


@pytest.fixture
def environment(private_graph, tmp_path):
    # launch writes temporary parameter files to TMPDIR and does not delete them.
    return {**os.environ, 'ROS_LOG_DIR': str(tmp_path),
            'TMPDIR': str(tmp_path), 'PYTHONUNBUFFERED': '1'}
