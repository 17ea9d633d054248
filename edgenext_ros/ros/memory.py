# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the C library keeps of a process's freed memory, and gives back to the kernel."""

from __future__ import annotations

from ctypes import CDLL

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT_BYTES = 2 ** 25  # glibc before 2.35 takes no more


def keep_memory() -> None:
    """
    Have this process keep the memory of large messages for the next ones.

    Otherwise glibc gives it back to the kernel, and fetches every page of every picture anew,
    which at 1080p takes longer than all else; see docs/benchmarks.md. Other C libraries have their
    own ways.
    """
    mallopt = getattr(CDLL(None), 'mallopt', None)
    # Setting one of them ends glibc's own tuning of both; so both are set, or neither.
    if mallopt is not None and mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES):
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def return_memory() -> None:
    """
    Give freed memory back to the kernel, which glibc keeps for each thread that ever had some.

    Takes milliseconds. Without it, a process whose model is changed a hundred times, each loaded
    in a thread of its own, keeps the memory of twenty models.
    """
    trim = getattr(CDLL(None), 'malloc_trim', None)
    if trim is not None:
        trim(0)
