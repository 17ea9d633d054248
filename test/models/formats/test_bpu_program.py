# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BPU programs of unknown versions of hbdk: a failed check sets ``doubt``."""

from pathlib import Path

from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
from helpers.bin_writer import container, program
import pytest


def parse(data):
    return bin_file.parse(memoryview(data), Path('model.bin'))


def of_version(version, *, at=0, byte=0x80, said=None):
    """Write a file of another hbdk with one changed byte in its program."""
    whole = bytearray(program(b'instructions'))
    whole[0x3c:0x50] = version.encode().ljust(20, b'\0')
    whole[at] ^= byte if at else 0
    return container(whole=bytes(whole), metadata={
        'MARCH': 'bayes-e', 'HBDK_VERSION': version if said is None else said})


@pytest.mark.parametrize('at', [0x300, -1, 0x6b, 0xd0 + 0xa4 + 3, 0xd0 + 0xf0 + 3],
                         ids=['instructions', 'weights', 'list', 'table', 'segment'])
def test_unreadable_tables_of_another_hbdk_set_doubt(at):
    content = parse(of_version('3.52.1', at=at))
    assert content.doubt.startswith('compiled by hbdk 3.52.1, whose layout is not known')
    assert (content.latency_us, content.operations) == (None, 0)
    assert content.versions['hbdk'] == '3.52.1' and content.march == 'bayes-e'


def test_readable_tables_of_another_hbdk_set_no_doubt():
    content = parse(of_version('3.52.1'))
    assert content.doubt == '' and content.operations == 1000


@pytest.mark.parametrize('version,said,at', [
    ('3.49.15', '3.49.15', 0x300), ('3.49.2', '', -1), ('3.59.15', '3.49.15', 0x300),
    ('3.49.15', '3.52.1', 0x300), ('\x01\x02', '', 0x300), ('3.52.1', '3.52.1', 0x6c)],
    ids=['verified', 'verified, by the program', 'verified, by the file', 'either', 'no version',
         'cut off'])
def test_damage_is_refused_where_the_layout_or_the_size_is_known(version, said, at):
    with pytest.raises(ModelError, match='found a BPU program'):
        parse(of_version(version, at=at, said=said))
