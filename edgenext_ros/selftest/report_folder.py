# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder of the report: checked before the test, and written until the disk is full."""

from __future__ import annotations

from contextlib import suppress
import fcntl
import os
from pathlib import Path

from edgenext_ros.selftest.report import Report


class ReportFolder:
    """
    A folder that one self-test writes its report to; a context manager.

    :param path: the folder.
    :param option: the option that names it, for the errors.
    """

    def __init__(self, path: Path, option: str) -> None:
        self._path, self._option = path, option
        self._written = False
        self.error = ''
        """Why the report on the disk is not the latest one; empty if it is."""

    def __enter__(self) -> ReportFolder:
        """
        Lock the folder.

        :raises ValueError: it is no folder, or another self-test writes to it.
        """
        if not self._path.is_dir():
            raise ValueError(f'{self._option} {self._path}: expected a folder that exists')
        self._descriptor = -1
        with suppress(PermissionError):  # a folder in which files may be written, but not listed
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(self._descriptor)
                raise ValueError(
                    f'{self._option} {self._path}: another self-test writes its report there; '
                    'wait for its end, because each would slow the other down') from error
            except OSError:
                pass  # a file system without locks
        return self

    def __exit__(self, *error: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def write(self, report: Report) -> None:
        """
        Write the report; a failure after the first time is kept in ``error``.

        :raises ValueError: the report cannot be written for the first time.
        """
        try:
            report.write(self._path)
        except OSError as error:
            self.error = error.strerror or str(error)
            if not self._written:
                raise ValueError(
                    f'{self._option} {self._path}: expected a folder that this user can write '
                    f'to, found "{self.error}"; name another one with {self._option} FOLDER'
                    ) from error
        else:
            self._written, self.error = True, ''
