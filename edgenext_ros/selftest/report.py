# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write the findings of the self-test as Markdown and JSON, to paste into an issue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
import json
import math
from pathlib import Path
import re
from typing import Any, Final

from edgenext_ros import __version__
from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.selftest.conclusions import conclusions
from edgenext_ros.selftest.engine_survey import loaded, SURVEY
from edgenext_ros.selftest.finding import Finding, Value, Verdict
from edgenext_ros.selftest.redact import Redactor
from edgenext_ros.selftest.run import ANSWER_PARTS, tested

REPORT_NAME: Final = 'edgenext_selftest'
"""Name of both files, without suffix."""
_WORDS = {Verdict.WRONG: '**wrong**', Verdict.GOOD: 'good', Verdict.MEASURED: 'measured',
          Verdict.UNTESTED: 'untested'}
_HEADING = ('board', 'operating system', 'RDK OS')
"""Facts about the machine that stand above the tables too."""
_MOST = 60_000
"""Characters of the Markdown; an issue on GitHub has room for 65,536."""


@dataclass
class Report:
    """What a run of the self-test has found so far; no private text enters it."""

    command: str
    """The command line, for the heading."""
    redact: Redactor
    """Cleans every text."""
    findings: list[Finding] = field(default_factory=list)
    """In the order in which they were found."""
    part: str = ''
    """Name of the part that runs; empty at the end."""
    interrupted: bool = False
    """Whether Ctrl-C ended the run."""
    seconds: float = 0.0
    """Time since the start."""

    def add(self, finding: Finding) -> Finding:
        """Keep a finding without private texts, and return it."""
        self.findings.append(replace(
            self.redact.finding(finding), cause=self.redact(finding.cause)))
        return self.findings[-1]

    def of(self, verdict: Verdict) -> list[Finding]:
        """Return the findings with a verdict."""
        return [finding for finding in self.findings if finding.verdict is verdict]

    @property
    def headline(self) -> str:
        """The verdict on the whole, as a few words."""
        wrong = len(self.of(Verdict.WRONG))
        words = f'{wrong} {"checks are" if wrong != 1 else "check is"} wrong' if wrong else (
            f'all well{self._with()}' if tested(self.findings) else 'no engine could be tested')
        if self.interrupted:
            return f'interrupted during {self.part}; until then {words}'
        return f'not finished, {self.part} runs; until now {words}' if self.part else words

    def _with(self) -> str:
        """Return which engines' answers were checked, as the end of a headline."""
        names = dict.fromkeys(found.engine_and_check[0] for found in self.findings
                              if tested([found]))
        return f' with {", ".join(filter(None, names))}' if any(names) else ''

    @property
    def counts(self) -> str:
        """How many checks have which verdict."""
        return ', '.join(f'{len(self.of(verdict))} {verdict.value}' for verdict in _WORDS)

    def verdict(self) -> Iterator[str]:
        """Yield the lines for the screen: what was tested, what is wrong, how many are good."""
        yield f'verdict: {self.headline}'
        yield from (f'  likely cause: {text}' for text in conclusions(self.findings))
        for found in self.of(Verdict.WRONG):
            yield f'  wrong: {found.part}, {found.name}: {found.sentence}'
        if not self.of(Verdict.WRONG) and not tested(self.findings):
            yield from (f'  not tested: {found.text}' for found in self.of(Verdict.UNTESTED)
                        if found.part in (SURVEY, *ANSWER_PARTS))
        yield self.counts

    def write(self, folder: Path) -> None:
        """
        Write both files; each is the earlier one or the complete new one at any time.

        They survive a loss of power: a fault of a driver may stop the whole machine.
        """
        for suffix, text in (('.md', self.markdown()), ('.json', json.dumps(
                self.as_json(), indent=2, allow_nan=False) + '\n')):
            with atomic_write(folder / f'{REPORT_NAME}{suffix}', fsync=True) as part:
                part.write_text(text, encoding='utf-8')

    def as_json(self) -> dict[str, Any]:
        """Return the report for ``json.dumps``."""
        return {
            'edgenext_ros': __version__, 'command': self.redact(self.command),
            'verdict': self.headline, 'interrupted': self.interrupted,
            'finished': not self.part, 'seconds': round(self.seconds, 1),
            'likely_causes': list(conclusions(self.findings)),
            'findings': [{'part': found.part, 'name': found.name, 'verdict': found.verdict.value,
                          'text': found.sentence, 'likely_cause': found.cause,
                          'figures': {key: _finite(value) for key, value in found.figures.items()}}
                         for found in self.findings]}

    def markdown(self) -> str:
        """Return the report for an issue: verdict, what is wrong, tables, then the figures."""
        text, fits = '\n'.join(self._summary()), True
        for block in self._blocks():
            if len(text) + len(block) <= _MOST:
                text += f'\n\n{block}'
            else:
                fits = False
        return text + ('\n' if fits else '\n\nAn issue has no room for the rest: attach '
                       f'`{REPORT_NAME}.json`.\n')

    def _summary(self) -> Iterator[str]:
        """Yield the lines above the tables: the verdict, the machine, and what is wrong."""
        yield f'# edgenext selftest: {self.headline}'
        yield ''
        yield f'`{self.redact(self.command)}`, edgenext_ros {__version__}, {self.seconds:.0f} s.'
        yield ''
        rows = [('checks', self.counts), ('engines that load', ', '.join(loaded(self.findings)))]
        rows += [(found.name, found.text) for found in self.findings
                 if found.name in _HEADING and found.part == 'machine']
        yield _table(('', ''), [(name, _escape(text) or 'none') for name, text in rows])
        if causes := conclusions(self.findings):
            yield from ('', '## Likely causes', '')
            yield from (f'{number}. {_escape(text)}' for number, text in enumerate(causes, 1))
        yield from self._list('Wrong', Verdict.WRONG)

    def _list(self, title: str, verdict: Verdict) -> Iterator[str]:
        if self.of(verdict):
            yield from ('', f'## {title}', '')
            yield from (f'- **{found.part}, {_escape(found.name)}**: {_escape(found.sentence)}'
                        for found in self.of(verdict))

    def _blocks(self) -> Iterator[str]:
        """Yield the tables of the parts, what was not tested, and the figures of the parts."""
        parts = dict.fromkeys(found.part for found in self.findings)
        for part in parts:
            rows = [(*_cells(found), _WORDS[found.verdict], _escape(found.sentence))
                    for found in self.findings
                    if found.part == part and found.verdict is not Verdict.UNTESTED]
            if rows:
                yield f'## {part.capitalize()}\n\n' + _table(
                    ('engine', 'check', 'verdict', 'found'), rows)
        if self.of(Verdict.UNTESTED):
            yield '\n'.join(self._list('Not tested', Verdict.UNTESTED)).strip()
        for part in parts:
            figures = [(*_cells(found), _escape(key), _shown(value)) for found in self.findings
                       if found.part == part for key, value in found.figures.items()]
            if figures:
                yield (f'<details><summary>Figures of {part}</summary>\n\n' + _table(
                    ('engine', 'check', 'figure', 'value'), figures) + '\n\n</details>')


def _cells(found: Finding) -> tuple[str, str]:
    engine, check = found.engine_and_check
    return _escape(engine), _escape(check)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table without the columns that are empty in all rows."""
    kept = [column for column in range(len(header)) if any(row[column] for row in rows)]
    lines = [header, ('---',) * len(header), *rows]
    return '\n'.join(f'| {" | ".join(line[column] for column in kept)} |' for line in lines)


def _escape(text: str) -> str:
    """Return a text as one line that Markdown and GitHub show as it is."""
    text = ' '.join(text.split())
    text = re.sub(r'([\\`*~|<\[]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))', r'\\\1', text)
    # GitHub makes links of these, to people and to other issues.
    return re.sub(r'@(?=\w)', '&#64;', re.sub(r'#(?=\d)', '&#35;', text))


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, float):
        return f'{value:.5g}'
    return '' if value is None else _escape(str(value))


def _finite(value: Value) -> Value:
    """Return a value that JSON has; it has no NaN and no infinity."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
