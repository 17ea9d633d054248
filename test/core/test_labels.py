# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LabelSet: formats, damaged lists, number of labels."""

import json

from edgenext_ros.core.labels import LabelError, LabelSet
import pytest

NAMES = ('tench', 'great white shark, white shark', 'Ägyptische Katze')
SYNSETS = ('n01440764', 'n01484850', 'n02124075')


@pytest.mark.parametrize('text', [
    '\n'.join(NAMES), '\n'.join(NAMES) + '\n\n', '\r\n'.join(NAMES), '\ufeff' + '\n'.join(NAMES),
    json.dumps(NAMES), json.dumps(dict(enumerate(NAMES))),
    json.dumps({str(i): NAMES[i] for i in (2, 0, 1)}),
    str(dict(enumerate(NAMES))), str(list(NAMES)), str(NAMES).replace('(', '[').replace(')', ']'),
    "{0: 'tench',\n 1: \"great white shark, white shark\",\n 2: 'Ägyptische Katze',\n}\n",
    json.dumps({name: i for i, name in enumerate(NAMES)}),
    json.dumps({'model_type': 'x', 'id2label': dict(enumerate(NAMES))}),
    *('\n'.join(f'{i}{mark}{name}' for i, name in enumerate(NAMES))
      for mark in (' ', ': ', ',', '\t', ', ', ') ', '. ', ':', ' : ')),
    '\n'.join(f'{i:03} {name}' for i, name in enumerate(NAMES)) + '\n'])
def test_label_list_formats_are_read(text):
    assert LabelSet.parse(text) == LabelSet(NAMES)


@pytest.mark.parametrize('text', [
    '\n'.join(f'{s} {n}' for s, n in zip(SYNSETS, NAMES, strict=True)),
    json.dumps({i: [SYNSETS[i], NAMES[i]] for i in range(3)}),
    str({i: (SYNSETS[i], NAMES[i]) for i in range(3)}),
    '\n'.join(f'{i} {SYNSETS[i]} {NAMES[i]}' for i in range(3))])
def test_synsets_are_split_from_names(text):
    assert LabelSet.parse(text) == LabelSet(NAMES, SYNSETS)


def test_quotes_and_escapes_of_a_python_dict():
    text = r"""{0: 'jack-o\'-lantern', 1: "carpenter's kit, tool kit", 2: '{[(\u00e4'}"""
    assert LabelSet.parse(text).names == (
        "jack-o'-lantern", "carpenter's kit, tool kit", '{[(ä')


@pytest.mark.parametrize('names', [
    ('0', '1', '2'), ('1 tench', '2 shark'), ('0 tench', 'shark'), ('0 tench', '2 shark'),
    ('0 eggs', '1 eggs'), ('0tench', '1shark'), ('3D printer', '4x4'), ('0 ', '1 ')], ids=str)
def test_numbers_that_are_not_indices_stay_in_names(names):
    assert LabelSet.parse('\n'.join(names)).names == names


def test_original_lines_are_kept_beside_names():
    labels = LabelSet.parse('0 tench\n1 shark')
    assert (labels.names, labels.written) == (('tench', 'shark'), ('0 tench', '1 shark'))
    assert LabelSet.parse('tench\nshark').written == ()


def test_line_with_only_a_synset_keeps_it_as_name():
    assert LabelSet.parse('n01440764 \nn01484850 shark').names == ('n01440764 ', 'n01484850 shark')


@pytest.mark.parametrize('text,reason', [
    ('', 'no class names'), ('\n\n', 'no class names'), ('a\n\nb', 'class 1 is empty'),
    ('{"0": "a", "2": "b"}', 'no name for class 1'), ('{"a": "b"}', 'must be class indices'),
    ('[1, 2]', 'class 0 is not text: 1'), ('["a"', 'not valid JSON'),
    ('{"0": "a", "0": "b"}', 'a key occurs twice'), ('[]', 'no class names'),
    ("{0: 'a', 0: 'b'}", 'a key occurs twice'), ("{0: 'a', 2: 'b'}", 'no name for class 1'),
    ("{0: 'a'", 'not valid JSON'), ("{0: print('a')}", 'not valid JSON'),
    ("{0: 'a' 'b', 1: c}", 'not valid JSON'), ("{0: {1: 'a'}}", 'class 0 is not text'),
    ("['a', f'{1}']", 'not valid JSON'), ("['a', 'b'", 'not valid JSON'),
    ("{'a', 'b'}", 'not valid JSON'), ("{(0, 1): 'a'}", 'must be class indices'),
    ('{"a": 0, "b": 2}', 'no name for class 1'), ('{"a": 0, "b": 0}', 'must be class indices'),
    ('["' + 200_000 * '\\"', 'not valid JSON'), ("{0: '" + 200_000 * "\\'", 'not valid JSON'),
    (100_000 * '[', 'not valid JSON'), ('{0: ' + 100_000 * '-' + '1}', 'not valid JSON'),
    ('{0: ' + 100_000 * '(' + 100_000 * ')' + '}', 'not valid JSON'),
    ('[' + 5000 * '9' + ", 'a']", 'not valid JSON|not text')],
    ids=lambda text: text[:30])
def test_damaged_label_list_is_refused(text, reason):
    with pytest.raises(LabelError, match=reason) as caught:
        LabelSet.parse(text, source='my.txt')
    assert str(caught.value).startswith('my.txt: ')


def test_number_of_labels_is_checked():
    labels = LabelSet.numbered(99)
    assert labels.check_count(99) is labels
    with pytest.raises(LabelError, match=r'expected 100 names.*found 99'):
        labels.check_count(100)
