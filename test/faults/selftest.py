# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the self-test's report: what a stranger with a board would lose, or give away."""

from faults.fault import faults_in

_PROCESS_TESTS = ('selftest/test_part_process.py',)

FAULTS = (
    *faults_in(
        'selftest/redact.py', ('selftest/test_redact.py',),
        ('names in another case stay', '(host, host.lower())', '(host,)'),
        ('the user of sudo stays', "'LOGNAME', 'SUDO_USER'", "'LOGNAME'"),
        ('figures stay as they are', 'self(value) if isinstance(value, str) else value', 'value'),
        ('serial numbers without their prefix stay',
         "(serial, serial.removeprefix('0x').lstrip('0'))", '(serial,)')),
    *faults_in(
        'selftest/report.py', ('selftest/test_selftest_report.py',),
        ('findings are kept with private texts',
         'self.redact.finding(finding), cause', 'finding, cause'),
        ('causes are kept with private texts', 'cause=self.redact(finding.cause)',
         'cause=finding.cause'),
        ('the command is written with private texts', "'command': self.redact(self.command)",
         "'command': self.command"),
        ('NaN is written into the JSON', 'isinstance(value, float) and not math.isfinite(value)',
         'False'),
        ('an untested engine counts as all well',
         'if tested(self.findings) else', 'if self.findings else')),
    *faults_in(
        'selftest/part_process.py', _PROCESS_TESTS,
        ('a process that hangs stays', '            _end(process)\n', '            pass\n',),
        ('a missing part is wrong', '(ImportError, MissingPartError)', '()'),
        ('libraries print on the screen', 'stdout=printed, stderr=printed,', ''),
        markers='not tools'),
    *faults_in(
        'selftest/run.py', ('selftest/test_run.py',),
        ('an engine that crashed is used again', '                    broken.update(engines)\n',
         '                    pass\n'),
        ('what is wrong is exit code 0', '        return 1\n', '        return 0\n'),
        markers='not tools'),
    *faults_in(
        'cli/selftest.py', ('cli/test_selftest_verb.py',),
        ('the report is written at the end only', """\
                report.seconds = monotonic() - begin
                folder.write(report)
""", """\
                report.seconds = monotonic() - begin
"""),
        ('progress shows private texts', 'report.redact(text)', 'text'),
        markers='not tools'),
)
