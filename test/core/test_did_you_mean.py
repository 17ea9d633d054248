# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names that are not known: the most similar one is proposed."""

import argparse
import weakref

from edgenext_ros.cli import demo
from edgenext_ros.core.did_you_mean import did_you_mean
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import Frame, UnknownEncodingError
import numpy as np
import pytest

ENCODED = [('BGR', 'bgr8'), ('RGB', 'rgb8'), ('nv-12', 'nv12'), ('rgba-8', 'rgba8')]


@pytest.mark.parametrize('name,known,expected', [
    ('BGR', ['rgb8', 'bgr8'], "; did you mean 'bgr8'?"),
    ('model.onx', ['Model.onnx'], "; did you mean 'Model.onnx'?"),
    ('cat', ['bgr8'], ''), ('', ['bgr8'], ''), ('bgr8', [], '')])
def test_most_similar_name_is_proposed_in_any_case(name, known, expected):
    assert did_you_mean(name, known) == did_you_mean(name, iter(known)) == expected


class Name(str):
    """A name that a weak reference can point to."""


def test_names_to_choose_from_are_not_kept():
    name = Name('bgr8')
    kept = weakref.ref(name)
    assert did_you_mean('BGR', [name])
    del name
    assert kept() is None


@pytest.mark.parametrize('name,expected', ENCODED)
def test_unknown_encoding_names_the_most_similar_one(name, expected):
    end = rf"; did you mean '{expected}'\?$"
    with pytest.raises(UnknownEncodingError, match=end):
        Frame(name, 4, 4, 12, np.zeros(48, np.uint8))
    with pytest.raises(UnknownEncodingError, match=end):
        encode(np.zeros((4, 4, 3), np.uint8), name)
    with pytest.raises(argparse.ArgumentTypeError, match=end):
        demo._encoding(name)


@pytest.mark.parametrize('name', [
    'yvyu', 'VYUY', 'nv16', 'nv61', 'yv12', 'yuv420', 'yuv444', 'rgb565', 'argb8', 'bgrx8'])
def test_other_layout_is_not_proposed_as_a_similar_name(name):
    with pytest.raises(UnknownEncodingError) as caught:
        Frame(name, 4, 4, 12, np.zeros(48, np.uint8))
    assert str(caught.value).endswith('; it is another layout: let the driver send one of these')
    with pytest.raises(UnknownEncodingError) as caught:
        encode(np.zeros((4, 4, 3), np.uint8), name)
    assert 'did you mean' not in str(caught.value)


@pytest.mark.parametrize('name', [
    'foo', '16UC1', '8UC2', 'nv15', 'bayer_rggb12', 'rgb32', 'mono1', 'yuv422_yuyv'])
def test_encoding_that_resembles_none_gets_no_proposal(name):
    with pytest.raises(UnknownEncodingError) as caught:
        Frame(name, 4, 4, 12, np.zeros(48, np.uint8))
    assert 'did you mean' not in str(caught.value)
