# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Test this machine: what it is, whether its engines are right, and how fast they are."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgenext_ros.choices import ENGINES

HELP = ('Test this machine in about five minutes: what it is, whether its engines are right, how '
        'fast they are; write a report to paste into an issue.')
CODE_OF_ERRORS = 2
"""Exit code after an error such as a missing folder: 1 says that something is wrong here."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('--quick', action='store_true',
                        help='take under a minute: fewer pictures, repetitions and encodings')
    parser.add_argument('--beside', action='store_true',
                        help='measure the speed also beside a second process that uses the '
                             'same engine')
    parser.add_argument('--engines', nargs='+', choices=ENGINES, metavar='NAME',
                        help=f'test only these of {", ".join(ENGINES)} (default: all that load)')
    parser.add_argument('--output', type=Path, default=Path(), metavar='FOLDER',
                        help='write edgenext_selftest.md and edgenext_selftest.json here '
                             '(default: the current folder)')


def run(arguments: argparse.Namespace) -> int:
    """Test and write the report; return 1 if something is wrong, 2 if no engine was tested."""
    from contextlib import closing, ExitStack
    from time import monotonic

    from edgenext_ros.cli import write_json
    from edgenext_ros.cli.progress import Steps
    from edgenext_ros.selftest.finding import Conditions, Verdict
    from edgenext_ros.selftest.redact import Redactor
    from edgenext_ros.selftest.report import Report, REPORT_NAME
    from edgenext_ros.selftest.report_folder import ReportFolder
    from edgenext_ros.selftest.run import exit_code, run as run_parts, SELFTEST_PARTS

    begin, steps = monotonic(), Steps(stderr=True)
    report = Report(' '.join(('edgenext', *arguments.command)), Redactor.of_this_machine())

    def begins(name: str) -> None:
        report.part = name
        steps(f'{name} ...')
        folder.write(report)

    conditions = Conditions(
        engines=tuple(dict.fromkeys(arguments.engines or ENGINES)), quick=arguments.quick,
        beside=arguments.beside,
        progress=lambda text: steps(f'{report.part}: {report.redact(text)}'))
    with ExitStack() as stack:
        folder = stack.enter_context(ReportFolder(arguments.output, '--output'))
        try:
            findings = stack.enter_context(
                closing(run_parts(conditions, SELFTEST_PARTS, begin=begins)))
            for finding in findings:
                found = report.add(finding)
                report.seconds = monotonic() - begin
                folder.write(report)
                if found.verdict is Verdict.WRONG:
                    steps(f'wrong: {found.part}, {found.name}')
            report.part = ''
        except KeyboardInterrupt:
            report.interrupted = True
        report.seconds = monotonic() - begin
        folder.write(report)
    for line in report.verdict():
        print(line)
    if folder.error:
        print(f'{arguments.output}: the report cannot be written ({folder.error}), so it stands '
              f'here:\n\n{report.markdown()}')
    else:
        print(f'report, to paste into an issue: {arguments.output / REPORT_NAME}.md; the same as '
              'JSON beside it')
    write_json(arguments.json, report.as_json())
    return 130 if report.interrupted else exit_code(report.findings)
