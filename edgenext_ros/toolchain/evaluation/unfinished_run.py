# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Store the outputs of an evaluation on disk while it runs, so that it can be resumed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

import numpy as np


class Partial:
    """
    A file with a record for each picture; an incomplete record, after a kill, is dropped.

    :param path: the file; it is created if it does not exist.
    :param classes: number of values of an output.
    :raises ValueError: another process is writing this file.
    """

    def __init__(self, path: Path, classes: int) -> None:
        self.path = path
        self.record = np.dtype([
            ('picture', '<i4'), ('read_ms', '<f4'), ('convert_ms', '<f4'), ('infer_ms', '<f4'),
            ('output', '<f4', (classes,))])
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered, so that written records survive the process.
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
        """Truncate the file after the last complete record."""
        size = os.fstat(self._file.fileno()).st_size
        self._file.truncate(size - size % self.record.itemsize)

    def read(self) -> np.ndarray:
        """Return all records, sorted by picture."""
        records = np.fromfile(self.path, self.record)
        return records[np.argsort(records['picture'], kind='stable')]

    def append(self, records: np.ndarray) -> None:
        """
        Append records.

        :raises OSError: a write failed, for example on a full disk; the file holds complete
            records only.
        """
        data = memoryview(records.tobytes())
        try:
            while data:
                data = data[self._file.write(data):]
        except OSError:
            self._cut()
            raise
