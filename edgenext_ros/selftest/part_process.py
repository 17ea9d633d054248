# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Run a part of the self-test in a process of its own.

A library of a vendor may crash, hang with the GIL held, or print; the report outlives all of that.
The process sends one line of JSON for each progress and each finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from ctypes import CDLL
from dataclasses import dataclass
from importlib import import_module
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from time import monotonic
from typing import Any, IO

from edgenext_ros.libraries import MissingPartError
from edgenext_ros.selftest.finding import Conditions, Failure, Finding, Verdict
from edgenext_ros.selftest.redact import Redactor

_START = ('import json, sys; sys.path[:] = json.loads(sys.argv[1]); '
          'from edgenext_ros.selftest.part_process import work; work(json.loads(sys.argv[2]))')
"""The process has this one's sys.path, without a variable that its own children would inherit."""
_PATIENCE_S = 5.0
"""Seconds that a process has to end after SIGTERM, before it is killed."""
_PR_SET_PDEATHSIG = 1
"""Option of prctl(2): the signal that the kernel sends to a process when its parent ends."""
_PRINTED, _LINE, _FIRST, _LAST = 4000, 200, 4, 6
"""What the libraries printed: bytes that are read at either end, characters of a line, lines."""
_CUT_END, _CUT_BEGIN = re.compile(rb'\S+\Z'), re.compile(rb'\A\S+')
"""The word at which the bytes of either end are cut."""


@dataclass(frozen=True)
class SelfTestPart:
    """A part of the self-test."""

    name: str
    """Name of the part, as in its findings; several may share one."""
    module: str
    """Module with its function ``check``."""
    per_engine: bool = False
    """Whether each engine is checked in a process of its own."""
    subject: str = ''
    """What is checked, for its failures; default: the engines if ``per_engine``, else ``name``."""


def findings(part: SelfTestPart, conditions: Conditions, *, silence_s: float) -> Iterator[Finding]:
    """
    Run ``check`` of a part in another process, and yield its findings.

    An exception, a crash and a hang are findings too.

    :param part: the part.
    :param conditions: what ``check`` gets; ``progress`` is called in this process.
    :param silence_s: seconds without progress or finding after which the process is killed.
    """
    with tempfile.TemporaryFile() as printed:
        reader, writer = os.pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, '-c', _START, json.dumps(sys.path), json.dumps(
                    {'descriptor': writer, 'part': part.name, 'module': part.module,
                     'engines': conditions.engines, 'quick': conditions.quick,
                     'beside': conditions.beside, 'wrong': conditions.wrong})],
                stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, pass_fds=(writer,),
                start_new_session=True)
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        try:
            yield from _received(part, conditions, process, reader, silence_s, printed)
        finally:
            os.close(reader)
            _end(process)


def _received(part: SelfTestPart, conditions: Conditions, process: subprocess.Popen[bytes],
              reader: int, silence_s: float, printed: IO[bytes]) -> Iterator[Finding]:
    """Yield the findings that a process sends until it ends; the last one may be its failure."""
    doing = 'it started'
    subject = part.subject or (', '.join(conditions.engines) if part.per_engine else part.name)
    for line in _lines(reader, silence_s):
        if line is None:
            yield _failure(part.name, subject, Failure.HANG, (
                f'Nothing was heard for {silence_s:.0f} s, so the checks of {subject} were ended '
                f'there; the last step was: {doing}{_said(printed)}.'),
                'a library or a driver that hangs')
            return
        message = json.loads(line)
        if 'done' in message:
            _wait(process)
            if said := _printed_lines(printed):
                yield Finding(part.name, f'{subject}: what it printed', Verdict.MEASURED, said)
            return
        if 'progress' in message:
            doing = message['progress']
            conditions.progress(doing)
        elif 'error' in message:
            yield _failure(part.name, subject, Failure.ERROR, (
                f'The checks of {subject} stopped at an error; the last step was: {doing}. '
                f'{message["error"].rstrip(".")}{_said(printed)}.'),
                verdict=Verdict(message['verdict']))
            _wait(process)
            return
        else:
            yield Finding(**{**message, 'part': part.name, 'verdict': Verdict(message['verdict'])})
    _wait(process)
    yield _failure(part.name, subject, Failure.CRASH, (
        f'The process of {subject} ended with {_exit_of(process)}; the last step was: '
        f'{doing}{_said(printed)}.'), 'a library that crashed')


def _failure(part: str, subject: str, failure: Failure, text: str, cause: str = '', *,
             verdict: Verdict = Verdict.WRONG) -> Finding:
    return Finding(part, f'{subject}: {failure.value}', verdict, text, cause=cause,
                   failure=failure)


def _lines(reader: int, silence_s: float) -> Iterator[bytes | None]:
    """Yield the lines of a pipe, and None where nothing comes for a while."""
    waiting, silent_since = b'', monotonic()
    while True:
        left = silence_s - (monotonic() - silent_since)
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            yield None
            return
        received = os.read(reader, 2 ** 16)
        if not received:
            return
        silent_since = monotonic()
        *complete, waiting = (waiting + received).split(b'\n')
        yield from complete


def _exit_of(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f'exit code {code}'


def _said(printed: IO[bytes]) -> str:
    """Return what the process printed, as the end of a sentence."""
    said = _printed_lines(printed)
    return f'; it printed: {said}' if said else ''


def _printed_lines(printed: IO[bytes]) -> str:
    """
    Return the first lines that a process printed, with versions, and the last, with errors.

    Private words are replaced first, because a part of one would not be recognised.
    """
    size = printed.seek(0, os.SEEK_END)
    printed.seek(0)
    text = printed.read(_PRINTED)
    if size > _PRINTED:
        printed.seek(max(_PRINTED, size - _PRINTED))
        rest = printed.read()
        if size > 2 * _PRINTED:  # the words between the two are cut
            text, rest = _CUT_END.sub(b'', text), _CUT_BEGIN.sub(b'', rest)
            text += b'\n'
        text += rest
    redact = Redactor.of_this_machine()
    lines = [' '.join(redact(line).split())[:_LINE]
             for line in text.decode(errors='replace').splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > _FIRST + _LAST:
        lines[_FIRST:-_LAST] = ['...']
    return ' / '.join(lines)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children; one that no signal ends is left to the kernel."""
    try:
        _signal(process, signal.SIGTERM)
    finally:  # also after another Ctrl-C
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
    _wait(process)


def _wait(process: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE_S)


def work(task: dict[str, Any]) -> None:
    """Run ``check`` in this process; ``findings`` has made the task."""
    # A check catches SystemExit, which vendor code may raise, and would go on after it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A process that hangs would not notice that nobody waits for it any more.
    CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with os.fdopen(task['descriptor'], 'w', encoding='utf-8') as stream:
        def send(message: dict[str, Any]) -> None:
            stream.write(json.dumps(message, default=_plain) + '\n')
            stream.flush()

        try:
            _check(task, send)
        except BrokenPipeError:
            return  # nobody waits for the findings any more
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGTERM)
        except Exception as error:
            missing = isinstance(error, (ImportError, MissingPartError))
            send({'error': _sentence(error),
                  'verdict': (Verdict.UNTESTED if missing else Verdict.WRONG).value})
        else:
            send({'done': True})


def _check(task: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    conditions = Conditions(
        engines=tuple(task['engines']), quick=task['quick'], beside=task['beside'],
        wrong=tuple(task['wrong']),
        progress=lambda text: send({'progress': str(text)}))
    for found in import_module(task['module']).check(conditions):
        send({'name': found.name, 'verdict': found.verdict.value, 'text': found.text,
              'figures': dict(found.figures), 'cause': found.cause})


def _sentence(error: BaseException) -> str:
    """Return an exception and its cause as one line."""
    text = ' '.join(str(error).split())
    cause = error.__cause__
    return f'{type(error).__name__}: {text}' + (
        f' (because of {type(cause).__name__}: {" ".join(str(cause).split())})'
        if cause is not None else '')


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as Python's number, and anything else as text."""
    return value.item() if hasattr(value, 'item') else str(value)
