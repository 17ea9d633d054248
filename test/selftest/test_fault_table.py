# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about the self-test has the table of the deliberate faults."""

from pathlib import Path

from helpers import fault_table
from helpers.engine_faults import FAULTS

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'selftest.md'


def test_page_has_the_table_of_the_faults():
    missing = [line for line in fault_table.table().splitlines()
               if line not in PAGE.read_text(encoding='utf-8').splitlines()]
    assert not missing, f'replace the table of docs/selftest.md by\n{fault_table.table()}'


def test_each_fault_is_in_the_table():
    assert {fault for fault, *_ in fault_table.OF_ANSWERS} == set(FAULTS)
