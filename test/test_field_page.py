# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/robustness.md names tests that exist."""

from pathlib import Path
import re

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / 'docs' / 'robustness.md'
NAMED = sorted(set(re.findall(r'`(?:test/)?((?:\w+/)*test_\w+\.py)(?:::(\w+))?`',
                              PAGE.read_text(encoding='utf-8'))))


def test_page_names_tests():
    assert len(NAMED) > 50


@pytest.mark.parametrize('file,name', NAMED)
def test_named_test_exists(file, name):
    places = [TESTS / file, TESTS / 'first_week' / file]
    (found,) = [place for place in places if place.is_file()]
    assert f'def {name}(' in found.read_text(encoding='utf-8') or not name
