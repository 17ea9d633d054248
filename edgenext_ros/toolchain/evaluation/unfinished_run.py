# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Outputs on disk while an evaluation runs, so that the next one goes on where it ended."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

import numpy as np


class Partial:
    """
    A file of records, one a picture; a record that is not whole, after a kill, is dropped.

    :param path: the file, made when it is not there.
    :param classes: values of one output.
    :raises ValueError: another process is writing this file.
    """

    def __init__(self, path: Path, classes: int) -> None:
        self.path = path
        self.record = np.dtype([
            ('picture', '<i4'), ('read_ms', '<f4'), ('convert_ms', '<f4'), ('infer_ms', '<f4'),
            ('output', '<f4', (classes,))])
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what has been written survives the process.
        self._file = path.open('ab', buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise ValueError(f'{path}: another process evaluates the same model on the same '
                             'pictures; wait for it') from None
        self._cut()

    def __enter__(self) -> Partial:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._file.close()

    def _cut(self) -> None:
        """Drop what is behind the last whole record."""
        size = os.fstat(self._file.fileno()).st_size
        self._file.truncate(size - size % self.record.itemsize)

    def read(self) -> np.ndarray:
        """Return all records in the order of their pictures."""
        records = np.fromfile(self.path, self.record)
        return records[np.argsort(records['picture'], kind='stable')]

    def append(self, records: np.ndarray) -> None:
        """
        Write records.

        :raises OSError: the disk is full, say; all earlier records are whole.
        """
        data = memoryview(records.tobytes())
        try:
            while data:
                data = data[self._file.write(data):]
        except OSError:
            self._cut()
            raise
