# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A change of the model while images flow: load beside the present one, then swap or refuse."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
import json
import shlex
from threading import Event, Lock, Thread

from edgenext_ros.core.labels import LabelError
from edgenext_ros.ros.errors import describe_error, is_expected
from edgenext_ros.ros.loaded_model import LoadedModel, Opener
from edgenext_ros.ros.memory import return_memory
from edgenext_ros.ros.session import Session
from edgenext_ros.ros.settings import ClassifierSettings, ParameterError
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.task import Future

_CLOSE_SECONDS = 5.0
OFFER_SECONDS = 5.0
"""A loaded model waits so long for the executor; then it is freed, and loaded again if need be."""
_STRING = 4  # rcl_interfaces/msg/ParameterType


@dataclass(frozen=True)
class _Candidate:
    """A model that is ready to be swapped in while its session's pipeline is held, or why not."""

    session: Session
    settings: ClassifierSettings
    model: LoadedModel | None
    refusal: str = ''


@dataclass
class _Load:
    """A load in a thread, from ``prepare`` to ``offer`` or ``close``; guarded by ``_lock``."""

    model: str
    found: _Candidate | None = None
    ended: Event = field(default_factory=Event)


class LiveModel:
    """
    Swap the model of a session between two images.

    ``prepare`` loads in a thread, so that the executor goes on with services and diagnostics;
    ``offer`` has ``check`` take what it loaded, which else loads at once; ``apply`` swaps,
    ``discard`` does not. The pipeline is held from the end of loading to either of these: no image
    is answered by a mixture. From ``offer`` to either of these, one thread at a time may call.

    :param node: its executor is told when the model is loaded.
    :param opener: opens the model; see ``LoadedModel.open``.
    """

    def __init__(self, node: Node, *, opener: Opener) -> None:
        self._node, self._opener = node, opener
        self._lock = Lock()
        self._loading: _Load | None = None
        self._candidate: _Candidate | None = None
        self._thread: Thread | None = None
        self._closing: Thread | None = None

    async def prepare(self, session: Session, settings: ClassifierSettings) -> _Load | None:
        """Load the model of ``settings`` beside the session's, and return it for ``offer``."""
        executor = self._node.executor
        with self._lock:
            if self._loading is not None or not _is_other(session, settings):
                return None
            mine = self._loading = _Load(settings.model)
        loaded = Future(executor=executor)

        def load() -> None:
            found = self._load(session, settings)
            with self._lock:
                mine.found, is_given_up = found, mine.ended.is_set()
            if is_given_up:
                self._free(found)
            with suppress(AttributeError, InvalidHandle):  # the executor was shut down
                executor.create_task(loaded.set_result, None)
            # The node may have been moved to another executor, and images wait.
            if not mine.ended.wait(OFFER_SECONDS):
                self._free(self._end(mine))

        thread = Thread(target=load, name='load model', daemon=True)
        try:
            thread.start()
            self._thread = thread
            await loaded
        except RuntimeError:  # no memory for a thread: ``check`` loads at once
            self._end(mine)
            return None
        except BaseException:  # the executor is gone, and this coroutine with it
            self._free(self._end(mine))
            raise
        return mine

    def offer(self, mine: _Load | None) -> None:
        """Have the next ``check`` find what ``prepare`` returned; ``discard`` must follow."""
        self._candidate = self._end(mine)

    def _end(self, mine: _Load | None) -> _Candidate | None:
        """Return what was loaded, unless ``close`` has given it up meanwhile."""
        with self._lock:
            if mine is None or self._loading is not mine:
                return None
            self._loading = None
            mine.ended.set()
            return mine.found

    def check(self, session: Session, settings: ClassifierSettings) -> None:
        """
        Have the model of ``settings`` ready to be swapped in, where it is another one.

        :raises ParameterError: it cannot be used, or another one is being loaded.
        """
        if not _is_other(session, settings):
            return
        loading = self._loading
        if loading is not None:
            raise ParameterError(f'model {loading.model!r} is being loaded; '
                                 f'change the model again once it is in use')
        found = self._candidate
        if found is None or found.session is not session or _is_other(found, settings):
            self.discard()
            found = self._candidate = self._load(session, settings)
        if found.model is None:
            raise ParameterError(found.refusal)

    def apply(self, session: Session) -> None:
        """Swap in the model that ``check`` found ready."""
        found, self._candidate = self._candidate, None
        if found is None or found.model is None:
            return
        try:
            before = session.swap(found.model.with_settings(session.model.settings))
        finally:
            session.pipeline.release()
        logger = self._node.get_logger()
        logger.info(f'model changed, was {before.info.name} with {before.info.classes} classes')
        found.model.log_to(logger)
        if before.engine is not found.model.engine:
            self._close_later(before)

    def discard(self) -> None:
        """Let the present model go on, and free the one that was loaded beside it, if any."""
        found, self._candidate = self._candidate, None
        self._free(found)

    def close(self) -> None:
        """
        Free what is not in use, and give up what is being loaded.

        Waits a few seconds for an engine that is being closed.
        """
        self._free(self._end(self._loading))
        self.discard()
        if self._closing is not None:
            self._closing.join(_CLOSE_SECONDS)

    def join(self, timeout: float) -> None:
        """
        Wait for a load that was given up; a process that ends within one may be aborted.

        :param timeout: in seconds.
        """
        if self._thread is not None:
            self._thread.join(timeout)

    def _free(self, found: _Candidate | None) -> None:
        if found is None or found.model is None:
            return
        found.session.pipeline.release()
        if found.model.engine is not found.session.model.engine:
            self._close_later(found.model)

    def _close_later(self, model: LoadedModel) -> None:
        """Close in a thread: an engine takes up to seconds, in which the executor goes on."""
        def close() -> None:
            model.close(self._node.get_logger())
            return_memory()

        thread = Thread(target=close, name='close model', daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no memory for a thread
            close()
        else:
            self._closing = thread

    def _load(self, session: Session, settings: ClassifierSettings) -> _Candidate:
        if self._closing is not None:
            self._closing.join(_CLOSE_SECONDS)
        before = session.model
        try:
            only_labels = (before.settings.model, before.settings.runtime) == (
                settings.model, settings.runtime)
            model = before.with_labels(settings) if only_labels else \
                LoadedModel.open(settings, opener=self._opener)
            patience = before.info.patience_s
            if not session.pipeline.hold(patience):
                if not only_labels:
                    model.close(self._node.get_logger())
                raise ParameterError(f'an image has been in work for more than {patience:.1f} s')
        except BaseException as error:  # an engine's SystemExit too is its failure
            text = describe_error(error) if is_expected(error) else \
                f'{type(error).__name__}: {describe_error(error)}'
            # With labels of its own, the file beside the model is wrong, and no call helps.
            if isinstance(error, LabelError) and settings.labels \
                    and settings.labels == before.settings.labels:
                text += f'; change both at once: {self._both(settings)}'
            return _Candidate(session, settings, None,
                              f'{text}; model {before.settings.model!r} goes on')
        return _Candidate(session, settings, model)

    def _both(self, settings: ClassifierSettings) -> str:
        """Return the shell command that sets the model with its own labels."""
        values = {'model': settings.model, 'labels': '', 'runtime': settings.runtime}
        request = json.dumps({'parameters': [
            {'name': name, 'value': {'type': _STRING, 'string_value': value}}
            for name, value in values.items()]}, ensure_ascii=False)
        return (f'ros2 service call {self._node.get_fully_qualified_name()}'
                f'/set_parameters_atomically rcl_interfaces/srv/SetParametersAtomically '
                f'{shlex.quote(request)}')


def _is_other(one: Session | _Candidate, settings: ClassifierSettings) -> bool:
    """Say whether a model was loaded by other parameters than these."""
    before = one.model.settings if isinstance(one, Session) else one.settings
    return (before.model, before.labels, before.runtime) != (
        settings.model, settings.labels, settings.runtime)
