# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Publish a large message without holding Python's global lock (GIL).

rclpy's ``Publisher.publish`` keeps the GIL while the middleware works or blocks. With a reader
that has stopped that is up to seconds, during which no other thread of the process runs, also
one that classifies. ctypes releases the GIL, so rcl is called through it.
"""

from __future__ import annotations

import ctypes as c
from functools import lru_cache
from typing import Any

from rclpy.impl.implementation_singleton import rclpy_implementation


class _SerialisedMessage(c.Structure):
    """rcl_serialized_message_t, which is rcutils_uint8_array_t."""

    _fields_ = (('buffer', c.c_char_p), ('buffer_length', c.c_size_t),
                ('buffer_capacity', c.c_size_t),
                # rcutils_allocator_t: four functions and a state; publishing allocates with none.
                ('allocator', c.c_void_p * 5))


def publish(publisher: Any, data: bytes) -> None:
    """
    Publish as ``publisher.publish`` does; other threads run while it blocks.

    :param publisher: of rclpy, a lifecycle publisher or a plain one. An inactive lifecycle
        publisher publishes nothing.
    :param data: a serialised message of the publisher's type.
    :raises RuntimeError: rcl refuses the message.
    """
    rcl = _rcl()
    if rcl is None:
        publisher.publish(data)
        return
    if not getattr(publisher, 'is_activated', True):
        return
    raw = _SerialisedMessage(data, len(data), len(data))
    with publisher.handle:  # else it could be destroyed in the meantime
        code = rcl.rcl_publish_serialized_message(
            c.c_void_p(publisher.handle.pointer), c.byref(raw), None)
    if code:
        rcl.rcutils_reset_error()  # of this thread; rcl warns where an error is overwritten
        raise RuntimeError(f'rcl_publish_serialized_message returned {code}')


@lru_cache(maxsize=1)
def _rcl() -> c.CDLL | None:
    """Return rcl as rclpy has loaded it; None where it cannot be reached."""
    try:
        # A symbol is also looked up in what a library depends on, whatever that file is called.
        library = c.CDLL(rclpy_implementation.__file__)
        library.rcl_publish_serialized_message.argtypes = (c.c_void_p, c.c_void_p, c.c_void_p)
        library.rcl_publish_serialized_message.restype = c.c_int
        library.rcutils_reset_error.restype = None
    except (AttributeError, OSError, TypeError):
        return None
    return library
