# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The examples in docstrings run and give what they show."""

import doctest

from edgenext_ros.core import classifier, frame, labels, nv12, prediction, smoothing
import pytest


@pytest.mark.parametrize('module', [classifier, frame, labels, nv12, prediction, smoothing],
                         ids=lambda module: module.__name__.rpartition('.')[2])
def test_examples_in_docstrings_run(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
