# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parts of the self-test that behave in one way each; they run in processes of their own."""

from pathlib import Path
from textwrap import indent

from edgenext_ros.selftest.part_process import SelfTestPart

_HEADER = """
from ctypes import CDLL, PyDLL
import os
import signal
import sys
from edgenext_ros.engines.base import EngineUnavailableError
from edgenext_ros.selftest.finding import Conditions, Finding, Verdict

def check(conditions):
    conditions.progress('first step')
"""
FIRST = "yield Finding('ignored', 'first', Verdict.GOOD, 'The first check passed.')"
BODIES = {
    'good': f'{FIRST}',
    'wrong': f"{FIRST}\nyield Finding('', 'second', Verdict.WRONG, 'Expected 1, found 2.')",
    'missing': f"{FIRST}\nraise EngineUnavailableError('there is no libdnn: install it')",
    'raises': f"{FIRST}\nraise ValueError('two\\nlines') from OSError('the cause')",
    'crashes': f"{FIRST}\nos.write(2, b'last words\\n')\nos.abort()",
    'exits': f'{FIRST}\nos._exit(3)',
    'hangs': f'{FIRST}\nsignal.pause()',
    'holds the GIL': f'{FIRST}\nPyDLL(None).pause()',
    'cannot be ended': f'{FIRST}\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n'
                       'while True:\n    signal.pause()',
}
"""What a part does after its first progress."""


def make_part(folder: Path, name: str, body: str, *, per_engine: bool = False) -> SelfTestPart:
    """
    Write the module of a part.

    :param folder: where; it must be on sys.path.
    :param name: name of the part.
    :param body: body of its function ``check``.
    :param per_engine: see ``SelfTestPart``.
    """
    module = f'part_{name}'
    (folder / f'{module}.py').write_text(_HEADER + indent(body, '    ') + '\n')
    return SelfTestPart(name, module, per_engine)
