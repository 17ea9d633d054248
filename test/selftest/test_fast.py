# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parts called fast: without an engine, the processor is still timed."""

from __future__ import annotations

from importlib import import_module
import subprocess
import sys

from edgenext_ros.selftest.fast_finding import fast_finding
from edgenext_ros.selftest.finding import Conditions, Verdict
from edgenext_ros.selftest.run import SELFTEST_PARTS
import pytest

MODULES = [part.module for part in SELFTEST_PARTS if part.name == 'fast']


def test_machine_without_an_engine_is_measured():
    found = [finding for module in MODULES
             for finding in import_module(module).check(Conditions((), quick=True))]
    assert {finding.name: finding.verdict for finding in found} == {
        'conversion 640x480': Verdict.MEASURED, 'postprocessing': Verdict.MEASURED,
        'node 640x480': Verdict.UNTESTED}
    assert {finding.part for finding in found} == {'fast'}


@pytest.mark.parametrize('missing', ['scipy', 'rclpy', 'torch'])
def test_parts_load_without_what_a_robot_may_lack(missing):
    code = f'import sys; sys.modules[{missing!r}] = None; import {", ".join(MODULES)}'
    subprocess.run([sys.executable, '-c', code], check=True, timeout=60)


@pytest.mark.parametrize('text', ['no result', 'No result', 'no result.'])
def test_text_of_a_finding_is_a_sentence(text):
    assert fast_finding('node', Verdict.WRONG, text).text == 'No result.'
