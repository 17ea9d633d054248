# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged models, label lists and parameters: read, or refused with the documented error."""

from dataclasses import fields
import json
from pathlib import Path

from edgenext_ros.core.labels import LabelError
from edgenext_ros.models import ModelError, store
from edgenext_ros.ros.settings import (
    CameraSettings,
    checked_value,
    ClassifierSettings,
    ParameterError,
    rule_of,
)
from helpers.fuzz_files import LABELS, MODELS, read_bin, read_labels, read_wire
from helpers.fuzzing import cases, damaged
from hypothesis import example, given, strategies as st
import pytest

pytestmark = pytest.mark.slow

DEMO = store.locate('demo', suffixes=('.bin',)).path.read_bytes()
TABLES = [entry for table in (ClassifierSettings, CameraSettings) for entry in fields(table)]
TREE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4),
                            st.dictionaries(st.sampled_from(('0', '1', ' 1', '-1', '\u0663', 'x')),
                                            inner, max_size=4)), max_leaves=8)


@cases
@given(data=damaged(MODELS, near=2000))
def test_damaged_bin_is_refused_or_read(data):
    read_bin(data)


@cases
@given(data=st.binary(max_size=300), head=st.integers(0, 80))
def test_junk_bytes_are_refused_as_model(data, head):
    read_bin(DEMO[:head] + data)


@cases
@given(data=damaged(MODELS))
def test_damaged_protobuf_is_refused_or_read(data):
    read_wire(data)


@cases
@given(text=st.one_of(
    damaged(LABELS).map(lambda data: data.decode('utf-8', 'replace')), st.text(max_size=60)))
@example(text='[' * 100_000)
@example(text='[' + '1' * 5000 + ']')
@example(text='["a", "\\ud800"]')
@example(text='["a\\u0000b"]')
def test_label_lists_are_read_or_refused(text):
    read_labels(text)


@cases
@given(tree=TREE)
def test_json_that_is_no_label_list_is_refused(tree):
    read_labels(json.dumps(tree))
    read_labels(json.dumps([tree]))


ANY_VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.binary(max_size=8), st.lists(st.one_of(st.integers(), st.floats(), st.text()), max_size=3))


@cases
@given(entry=st.sampled_from(TABLES), value=ANY_VALUE)
def test_a_parameter_is_kept_or_refused_by_its_name(entry, value):
    try:
        kept = checked_value(entry, value)
    except ParameterError as error:
        assert repr(entry.name) in str(error)
        return
    rule = rule_of(entry)
    assert type(kept) is type(entry.default)
    assert rule.low is None or rule.low <= kept <= rule.high
    assert not rule.choices or kept in rule.choices


PATHS = st.one_of(st.text(max_size=20), st.text('~/.\0ab', max_size=12),
                  st.integers(1, 5000).map(lambda length: 'x' * length))


@cases
@given(path=PATHS)
@example(path='~nobody_of_this_name/model.bin')
@example(path='a\0b.bin')
@example(path='~\0')
@example(path='~\udcff')
@example(path='')
@example(path='x' * 300 + '.bin')
@example(path='\udcff.bin')
def test_any_model_path_is_found_or_refused_in_words(path):
    try:
        store.locate(path, suffixes=('.bin', '.onnx'))
    except (store.ModelNotFoundError, ModelError, OSError) as error:
        assert str(error)


@cases
@given(path=PATHS)
@example(path='~nobody_of_this_name/labels.txt')
@example(path='a\0b.txt')
def test_a_label_file_is_read_or_refused(path):
    try:
        store.read_labels(Path(path))
    except LabelError as error:
        assert '\n' not in str(error).replace(path, '')
