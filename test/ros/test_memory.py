# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the C library's memory allocator."""

from ctypes import CDLL
from types import SimpleNamespace

from edgenext_ros.ros import memory


def test_keep_memory_sets_mallopt_where_available(monkeypatch):
    calls = []

    class Library:

        def mallopt(self, parameter, value):
            calls.append((parameter, value))
            return 1

    monkeypatch.setattr(memory, 'CDLL', lambda name: Library())
    memory.keep_memory()
    assert calls == [(-3, 2 ** 25), (-1, 2 ** 25)]
    calls.clear()
    monkeypatch.setattr(Library, 'mallopt', lambda self, *call: calls.append(call))
    memory.keep_memory()
    assert calls == [(-3, 2 ** 25)], 'an old glibc refuses; one setting alone would do harm'
    monkeypatch.setattr(memory, 'CDLL', lambda name: object())
    memory.keep_memory()
    monkeypatch.setattr(memory, 'CDLL', CDLL)
    memory.keep_memory()


def test_return_memory_trims_where_available(monkeypatch):
    trimmed = []
    monkeypatch.setattr(memory, 'CDLL', lambda name: SimpleNamespace(malloc_trim=trimmed.append))
    memory.return_memory()
    assert trimmed == [0]
    monkeypatch.setattr(memory, 'CDLL', lambda name: object())
    memory.return_memory()
