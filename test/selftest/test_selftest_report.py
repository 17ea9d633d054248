# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The report: headline, tables for GitHub, JSON, nothing private, always complete on the disk."""

import json
import os
from pathlib import Path
import re

from edgenext_ros import __version__
from edgenext_ros.selftest.finding import Finding, Verdict
from edgenext_ros.selftest.redact import Redactor
from edgenext_ros.selftest.report import Report, REPORT_NAME
import pytest

GOOD = Finding('right', 'libdnn: stored pictures', Verdict.GOOD, 'All 12 are equal.',
               {'pictures': 12, 'largest_difference': 0.0})
WRONG = Finding('colours', 'hbm_runtime: range', Verdict.WRONG,
                'Expected full range, found limited.', {'score': 0.25})
MEASURED = Finding('fast', 'libdnn: latency', Verdict.MEASURED, '2.5 ms.', {
    'latency_ms': 2.51234567, 'jitter_ms': float('nan'), 'warm': True, 'unit': None})
LOADED = [Finding('engines', f'{name}: loads', Verdict.GOOD, 'version 1')
          for name in ('libdnn', 'hbm_runtime')]
MISSING = Finding('machine', 'board', Verdict.UNTESTED, 'There is no board.')


def report_of(*findings, **changes):
    report = Report('edgenext selftest --quick', Redactor(users=['annabel']), **changes)
    for finding in findings:
        report.add(finding)
    return report


@pytest.mark.parametrize('findings,changes,headline', [
    ((), {}, 'no engine could be tested'), ((MEASURED, MISSING), {}, 'no engine could be tested'),
    ((GOOD, MEASURED), {}, 'all well with libdnn'), ((GOOD, WRONG), {}, '1 check is wrong'),
    ((WRONG, WRONG), {}, '2 checks are wrong'),
    ((GOOD,), {'part': 'fast'}, 'not finished, fast runs; until now all well with libdnn'),
    ((WRONG,), {'part': 'fast', 'interrupted': True},
     'interrupted during fast; until then 1 check is wrong'),
])
def test_headline(findings, changes, headline):
    report = report_of(*findings, **changes)
    assert report.headline == headline
    assert report.markdown().startswith(f'# edgenext selftest: {headline}\n')
    assert report.as_json()['verdict'] == headline
    assert next(report.verdict()) == f'verdict: {headline}'


def test_what_is_wrong_comes_first_and_figures_name_their_engine():
    text = report_of(MISSING, *LOADED, GOOD, MEASURED, WRONG, seconds=12.3).markdown()
    assert f'edgenext_ros {__version__}, 12 s' in text
    assert '| checks | 1 wrong, 3 good, 1 measured, 1 untested |' in text
    assert '| engines that load | libdnn, hbm_runtime |\n| board | There is no board. |' in text
    assert '- **colours, hbm_runtime: range**: Expected full range, found limited.' in text
    assert text.index('## Wrong') < text.index('## Right') < text.index('## Not tested') \
        < text.index('<details>')
    assert '| libdnn | stored pictures | good | All 12 are equal. |' in text
    assert '| hbm_runtime | range | **wrong** | Expected full range, found limited. |' in text
    assert '| libdnn | latency | latency_ms | 2.5123 |' in text
    assert '| libdnn | latency | warm | yes |' in text
    assert '- **machine, board**: There is no board.' in text


@pytest.mark.parametrize('text,shown', [
    ('Found 2.', 'Found 2; likely cause: a stale picture.'),
    ('found 2', 'found 2; likely cause: a stale picture')])
def test_cause_ends_the_sentence_everywhere(text, shown):
    report = report_of(Finding('right', 'onnx: x', Verdict.WRONG, text, {}, 'a stale picture'))
    assert report.markdown().count(shown) == 2
    assert f'  wrong: right, onnx: x: {shown}' in report.verdict()
    (found,) = report.as_json()['findings']
    assert (found['text'], found['likely_cause']) == (shown, 'a stale picture')


def test_details_are_closed_and_tables_are_regular():
    text = report_of(MISSING, GOOD, MEASURED, WRONG).markdown()
    assert text.count('<details>') == text.count('</details>') == 3
    # GitHub reads Markdown inside of HTML only after an empty line.
    assert text.count('</summary>\n\n| ') == 3
    for table in re.findall(r'(?:^\|.*\n)+', text, re.MULTILINE):
        header, line, *rows = [row.count(' | ') for row in table.splitlines()]
        assert rows and {header, *rows} == {header} and line in (0, header)


@pytest.mark.parametrize('text,shown', [
    ('a | b', r'a \| b'), ('two\nlines', 'two lines'), ('<b>', r'\<b>'), ('~/x', r'\~/x'),
    ('__init__ of hbm_runtime', r'\_\_init\_\_ of hbm_runtime'), ('*x* `y`', r'\*x\* \`y\`'),
    ('see #17, @annie', 'see &#35;17, &#64;annie'), ('[a](b)', r'\[a](b)'), ('\\', r'\\'),
])
def test_special_characters_are_shown_as_they_are(text, shown):
    report = report_of(Finding('right', 'onnx: x', Verdict.GOOD, text, {'key': text}))
    assert f'| onnx | x | good | {shown} |' in report.markdown()
    assert f'| onnx | x | key | {shown} |' in report.markdown()
    assert report.as_json()['findings'][0]['text'] == text


@pytest.mark.parametrize('name,parts', [
    ('libdnn: stored pictures', ('libdnn', 'stored pictures')),
    ('simulator: a: b', ('simulator', 'a: b')), ('BPU: x', ('', 'BPU: x')),
    ('memory', ('', 'memory')),
])
def test_engine_and_check(name, parts):
    assert Finding('right', name, Verdict.GOOD, 'text').engine_and_check == parts


def test_both_files_are_complete_and_equal_to_the_report(tmp_path):
    report = report_of(GOOD, MEASURED)
    report.write(tmp_path)
    report.add(WRONG)
    report.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f'{REPORT_NAME}.md', f'{REPORT_NAME}.json'}
    assert (tmp_path / f'{REPORT_NAME}.md').read_text() == report.markdown()
    written = json.loads((tmp_path / f'{REPORT_NAME}.json').read_text())
    assert written == report.as_json()
    assert written['findings'][1]['figures'] == {
        'latency_ms': 2.51234567, 'jitter_ms': 'nan', 'warm': True, 'unit': None}


def test_both_files_survive_a_loss_of_power(monkeypatch, tmp_path):
    synced, fsync = [], os.fsync

    def note(descriptor):
        synced.append(Path(f'/proc/self/fd/{descriptor}').resolve().name)
        fsync(descriptor)

    monkeypatch.setattr(os, 'fsync', note)
    report_of(GOOD).write(tmp_path)
    assert synced == [f'{REPORT_NAME}.md.part', tmp_path.name,
                      f'{REPORT_NAME}.json.part', tmp_path.name]


def test_no_private_text_is_written(tmp_path):
    report = Report('edgenext selftest --output /home/annabel/x', Redactor(users=['annabel']))
    report.add(Finding('right', 'onnx: of annabel', Verdict.WRONG, 'annabel at 10.1.2.3',
                       {'annabel': '/home/annabel/y'}, 'the memory of annabel'))
    report.write(tmp_path)
    texts = [path.read_text() for path in tmp_path.iterdir()] + list(report.verdict())
    assert len(texts) == 6
    assert not [text for text in texts if 'annabel' in text or '10.1.2.3' in text]


def test_long_report_fits_into_an_issue():
    report = report_of(WRONG, *(
        Finding(part, f'onnx: {number}', Verdict.GOOD, 'x' * size)
        for part, count, size in (('right', 200, 500), ('fast', 9, 1)) for number in range(count)))
    text = report.markdown()
    assert len(text) < 65_536
    assert 'Expected full range' in text and f'attach `{REPORT_NAME}.json`' in text
    assert text.count('<details>') == text.count('</details>')
    assert len(report.as_json()['findings']) == 210


def test_screen_says_why_no_engine_could_be_tested():
    reason = Finding('engines', 'libdnn: loads', Verdict.UNTESTED, 'there is no libdnn.so')
    assert list(report_of(MISSING, reason).verdict()) == [
        'verdict: no engine could be tested', '  not tested: there is no libdnn.so',
        '0 wrong, 0 good, 0 measured, 2 untested']
