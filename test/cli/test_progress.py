# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Progress of the verbs, on a terminal and in a log, with a fake clock."""

import sys

from edgenext_ros.cli import progress
from edgenext_ros.toolchain.progress import Passing
import pytest


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress, 'monotonic', lambda: now[0])
    return now


@pytest.fixture
def terminal(monkeypatch):
    def choose(is_one):
        monkeypatch.setattr(sys.stderr, 'isatty', lambda: is_one, raising=False)
    return choose


def test_meter_restarts_for_the_next_run(clock, terminal, capsys):
    terminal(False)
    meter = progress.PictureMeter('simulator')
    for clock[0], done in [(0, 0), (1, 0), (2, 1), (3, 2), (10, 0), (14, 2)]:
        meter(done, 2)
    assert capsys.readouterr().err.splitlines() == [
        'simulator: 2/2 pictures, took 3 s', 'simulator: 2/2 pictures, took 4 s']


def test_download_bar_on_a_terminal_rewrites_its_line(clock, terminal, capsys):
    terminal(True)
    bar = progress.DownloadBar('net.bin')
    for clock[0], done, total in [(1, 0, 2_000_000), (1.05, 500_000, 2_000_000),
                                  (1.2, 1_000_000, 2_000_000), (1.21, 2_000_000, 2_000_000),
                                  (3, 1_000_000, None)]:
        bar.show(done, total)
    bar.notice('trying again')
    bar.clear()
    new = '\r\x1b[K'
    assert capsys.readouterr().err == (
        f'{new}net.bin  0.00 of 2.00 MB   0 %{new}net.bin  1.00 of 2.00 MB  50 %'
        f'{new}net.bin  2.00 of 2.00 MB 100 %{new}net.bin  1.00 MB{new}trying again\n{new}')


def test_download_bar_in_a_log_prints_only_sentences(clock, terminal, capsys):
    terminal(False)
    bar = progress.DownloadBar('net.bin')
    bar.show(1, 1)
    bar.notice('trying again')
    bar.clear()
    assert capsys.readouterr().err == 'trying again\n'


@pytest.mark.parametrize('stderr', [False, True])
def test_steps_are_printed_after_the_seconds(clock, stderr, capsys):
    steps = progress.Steps(stderr=stderr)
    for clock[0], text in [(1, Passing('1/9')), (2.4, 'compiling'), (7, Passing('5/9')),
                           (7.5, Passing('6/9')), (8, Passing('7/9')), (8.1, 'done')]:
        steps(text)
    out, err = capsys.readouterr()
    assert (out, err)[not stderr] == ''
    assert (out, err)[stderr].splitlines() == [
        '     2 s  compiling', '     8 s  6/9', '     8 s  done']
