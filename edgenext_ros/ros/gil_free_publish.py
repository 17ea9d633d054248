# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Publish a large message without holding Python's global lock (GIL).

rclpy's ``Publisher.publish`` holds the GIL while the middleware writes. A reliable reader that has
stopped can block a write for seconds. All Python threads, including those that classify, then
wait. ctypes releases the GIL during a call, so this module calls rcl through ctypes.
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
                # rcutils_allocator_t: four functions and a state. rcl_publish does not use it.
                ('allocator', c.c_void_p * 5))


def publish(publisher: Any, data: bytes) -> None:
    """
    Publish like ``publisher.publish``, but let other Python threads run during the call.

    :param publisher: rclpy's Publisher or LifecyclePublisher. An inactive lifecycle publisher
        publishes nothing.
    :param data: a serialised message of the publisher's type.
    :raises RuntimeError: rcl refuses the message.
    """
    rcl = load_rcl()
    if rcl is None:
        publisher.publish(data)
        return
    if not getattr(publisher, 'is_activated', True):
        return
    raw = _SerialisedMessage(data, len(data), len(data))
    with publisher.handle:  # keeps the publisher alive during the call
        code = rcl.rcl_publish_serialized_message(
            c.c_void_p(publisher.handle.pointer), c.byref(raw), None)
    if code:
        rcl.rcutils_reset_error()  # per thread; rcl warns if an error overwrites another one
        raise RuntimeError(f'rcl_publish_serialized_message returned {code}')


@lru_cache(maxsize=1)
def load_rcl() -> c.CDLL | None:
    """Return the rcl that rclpy has loaded; None if its functions are not found."""
    try:
        # dlsym also searches the dependencies of a library, so rcl's file name is not needed.
        library = c.CDLL(rclpy_implementation.__file__)
        library.rcl_publish_serialized_message.argtypes = (c.c_void_p, c.c_void_p, c.c_void_p)
        library.rcl_publish_serialized_message.restype = c.c_int
        library.rcutils_reset_error.restype = None
    except (AttributeError, OSError, TypeError):
        return None
    return library
