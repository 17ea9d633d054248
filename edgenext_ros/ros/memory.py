# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Control whether the C library keeps freed memory or returns it to the kernel."""

from __future__ import annotations

from ctypes import CDLL

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT_BYTES = 2 ** 25  # the largest value that glibc before 2.35 accepts


def keep_memory() -> None:
    """
    Let this process keep the memory of large messages for later ones.

    By default glibc returns such memory to the kernel, and every picture causes a page fault for
    each of its pages. At 1080p these faults take longer than everything else; see
    docs/benchmarks.md. C libraries without ``mallopt`` keep their behaviour.
    """
    mallopt = getattr(CDLL(None), 'mallopt', None)
    # Either setting disables glibc's own tuning of both, so both are set, or neither.
    if mallopt is not None and mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES):
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def return_memory() -> None:
    """
    Return freed memory, which glibc otherwise keeps in an arena for each thread, to the kernel.

    It takes milliseconds. Without it, a process that changes its model a hundred times, each time
    in a new thread, keeps the memory of twenty models.
    """
    trim = getattr(CDLL(None), 'malloc_trim', None)
    if trim is not None:
        trim(0)
