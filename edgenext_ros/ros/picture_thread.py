# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A thread that draws and publishes annotated pictures; results do not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic, thread_time
from typing import Any, Generic, TypeVar

Drawable = TypeVar('Drawable')

ANNOTATED_RATE = 15.0
"""Maximum number of pictures per second."""


class PictureThread(Generic[Drawable]):
    """
    Draw and publish the newest item in a thread, without blocking the thread that offers it.

    At most one item waits; a newer one replaces it. After each picture the thread pauses for at
    least the CPU time that the picture took, so it uses half a core at most.

    :param draw: turns an item into a message.
    :param publish: called with that message; may block.
    :param on_error: called with an exception of ``draw`` or ``publish``; must not raise.
    :param rate: maximum number of pictures per second.
    """

    def __init__(self, draw: Callable[[Drawable], Any], publish: Callable[[Any], None], *,
                 on_error: Callable[[Exception], None], rate: float = ANNOTATED_RATE) -> None:
        self._draw, self._publish, self._on_error = draw, publish, on_error
        self._period = 1 / rate
        self._changed = Condition()
        self._waiting: Drawable | None = None
        self._drawing: Drawable | None = None
        self._publishing = self._closed = False
        self._thread = Thread(target=self._run, name='pictures', daemon=True)
        self._thread.start()

    def offer(self, item: Drawable) -> None:
        """Submit an item without blocking; items after ``close`` are ignored."""
        with self._changed:
            if self._closed:
                return
            self._waiting = item
            self._changed.notify_all()

    def clear(self, timeout: float) -> bool:
        """
        Drop the items offered so far, and wait until none of them is being published.

        :param timeout: maximum wait in seconds.
        :return: False if ``publish`` still blocks; the item in it may still be published.
        """
        with self._changed:
            self._waiting = self._drawing = None
            return self._changed.wait_for(lambda: not self._publishing, timeout)

    def close(self, timeout: float) -> bool:
        """
        Drop all items and end the thread.

        :param timeout: maximum wait in seconds.
        :return: False if the thread still draws or publishes.
        """
        end = monotonic() + timeout
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.clear(timeout)
        self._thread.join(max(0.0, end - monotonic()))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            begun, spent = monotonic(), thread_time()
            try:
                self._show(item)
            except Exception as error:
                self._on_error(error)
            item = None  # free the picture, because the next one may arrive late
            spent = thread_time() - spent
            rest = max(spent, self._period - (monotonic() - begun))
            with self._changed:
                self._changed.wait_for(lambda: self._closed, rest)

    def _next(self) -> Drawable | None:
        """Wait for an item; return None after ``close``."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting is not None)
            self._drawing, self._waiting = self._waiting, None
            return None if self._closed else self._drawing

    def _show(self, item: Drawable) -> None:
        message = self._draw(item)
        with self._changed:
            if self._drawing is not item:
                return  # cleared while it was drawn
            self._drawing, self._publishing = None, True
        try:
            self._publish(message)
        finally:
            with self._changed:
                self._publishing = False
                self._changed.notify_all()
