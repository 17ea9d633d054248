# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compiling without the vendor's compiler."""

from helpers.fake_mapper import write_tools
import pytest


@pytest.fixture
def fake_tools(tmp_path, monkeypatch):
    """Return a function that makes an environment with a fake hb_mapper."""
    def make(**options):
        write_tools(tmp_path / 'tools', **options)
        monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(tmp_path / 'tools'))
    return make
