# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A .bin of an unknown version of hbdk is opened with one warning."""

import logging

from edgenext_ros.engines import select
from edgenext_ros.engines.bpu import libdnn
from helpers.bin_writer import container, program
from helpers.fake_engine import FakeEngine
import pytest


@pytest.fixture
def logged():
    """Collect log records; not with caplog, whose root logger ROS' launch replaces."""
    records, handler = [], logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger(select.__name__)
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


@pytest.mark.parametrize('version,warnings', [('3.52.1', 1), ('3.49.15', 0)])
def test_doubtful_file_is_opened_with_one_warning(
        tmp_path, monkeypatch, logged, version, warnings):
    monkeypatch.setattr(libdnn, 'LibDnn', FakeEngine)
    monkeypatch.setattr(select, 'probe', lambda name: select.Probe(name, True, ''))
    whole = bytearray(program(b'instructions'))
    whole[0x3c:0x50] = version.encode().ljust(20, b'\0')
    whole[0x300] ^= warnings  # the CRC of the instructions
    path = tmp_path / 'model.bin'
    path.write_bytes(container(whole=bytes(whole), metadata={
        'MARCH': 'bayes-e', 'HBDK_VERSION': version}))
    assert select.open_model(path)[1].classes == 3
    assert [record.getMessage().partition(',')[0] for record in logged] == [
        f'{path}: compiled by hbdk {version}'] * warnings
