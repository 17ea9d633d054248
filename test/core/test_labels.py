# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Label lists: formats, damage, count."""

import json

from edgenext_ros.core.labels import LabelError, LabelSet
import pytest

NAMES = ('tench', 'great white shark, white shark', 'Ägyptische Katze')
SYNSETS = ('n01440764', 'n01484850', 'n02124075')


@pytest.mark.parametrize('text', [
    '\n'.join(NAMES), '\n'.join(NAMES) + '\n\n', '\r\n'.join(NAMES), '\ufeff' + '\n'.join(NAMES),
    json.dumps(NAMES), json.dumps(dict(enumerate(NAMES))),
    json.dumps({str(i): NAMES[i] for i in (2, 0, 1)})])
def test_formats(text):
    assert LabelSet.parse(text) == LabelSet(NAMES)


@pytest.mark.parametrize('text', [
    '\n'.join(f'{s} {n}' for s, n in zip(SYNSETS, NAMES, strict=True)),
    json.dumps({i: [SYNSETS[i], NAMES[i]] for i in range(3)})])
def test_synsets(text):
    assert LabelSet.parse(text) == LabelSet(NAMES, SYNSETS)


def test_a_synset_alone_is_the_name():
    assert LabelSet.parse('n01440764 \nn01484850 shark').names == ('n01440764 ', 'n01484850 shark')


@pytest.mark.parametrize('text,reason', [
    ('', 'no class names'), ('\n\n', 'no class names'), ('a\n\nb', 'class 1 is empty'),
    ('{"0": "a", "2": "b"}', 'no name for class 1'), ('{"a": "b"}', 'must be class indices'),
    ('[1, 2]', 'class 0 is not text: 1'), ('["a"', 'not valid JSON'),
    ('{"0": "a", "0": "b"}', 'a key stands twice'), ('[]', 'no class names')])
def test_damage_is_refused(text, reason):
    with pytest.raises(LabelError, match=reason) as caught:
        LabelSet.parse(text, source='my.txt')
    assert str(caught.value).startswith('my.txt: ')


def test_count_is_checked():
    labels = LabelSet.numbered(99)
    assert labels.check_count(99) is labels
    with pytest.raises(LabelError, match=r'expected 100 names.*found 99'):
        labels.check_count(100)
