# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder of the report: what cannot be written is said before the test, or at its end."""

import errno
import os

from edgenext_ros.selftest.redact import Redactor
from edgenext_ros.selftest.report import Report, REPORT_NAME
from edgenext_ros.selftest.report_folder import ReportFolder
import pytest


@pytest.fixture
def report():
    return Report('edgenext selftest', Redactor())


@pytest.mark.parametrize('name', ['missing', 'file'])
def test_path_that_is_no_folder_is_refused(tmp_path, name):
    (tmp_path / 'file').touch()
    with pytest.raises(ValueError, match=f'--output .*/{name}: expected a folder that exists$'), \
            ReportFolder(tmp_path / name, '--output'):
        pass


def test_two_reports_in_one_folder_are_refused(tmp_path, report):
    with ReportFolder(tmp_path, '--output'), \
            pytest.raises(ValueError, match='another self-test writes its report there'), \
            ReportFolder(tmp_path, '--output'):
        pass
    with ReportFolder(tmp_path, '--output') as folder:
        folder.write(report)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f'{REPORT_NAME}.json', f'{REPORT_NAME}.md']


def test_first_report_that_cannot_be_written_is_refused(tmp_path, report):
    (tmp_path / f'{REPORT_NAME}.md.part').mkdir()
    with ReportFolder(tmp_path, '--output') as folder, pytest.raises(ValueError) as refused:
        folder.write(report)
    assert str(refused.value) == (
        f'--output {tmp_path}: expected a folder that this user can write to, found "Is a '
        'directory"; name another one with --output FOLDER')


def test_later_report_that_cannot_be_written_is_kept_as_an_error(tmp_path, report, monkeypatch):
    def fill(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with ReportFolder(tmp_path, '--output') as folder:
        folder.write(report)
        with monkeypatch.context() as full:
            full.setattr(report, 'write', fill)
            folder.write(report)
        assert folder.error == 'No space left on device'
        folder.write(report)
        assert folder.error == ''
