# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Coverage-guided fuzzing; see ``guided``."""

import os
import subprocess
import sys

import guided
from helpers.fuzzing import cases
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('target', guided.TARGETS)
def test_guided_fuzzing_finds_only_documented_errors(tmp_path, target):
    pytest.importorskip('atheris', reason='needs atheris, which has no wheel for this Python')
    runs = 10 * cases.max_examples
    seed = [] if os.environ.get('EDGENEXT_FUZZ_EXAMPLES') else ['-seed=1']
    done = subprocess.run(
        [sys.executable, guided.__file__, target, f'-runs={runs}', '-timeout=60', *seed],
        cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f'Done {runs} runs' in done.stderr
