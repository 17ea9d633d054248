# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Change the model at run time: load it beside the current one, then swap or refuse."""

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
"""
Maximum wait of a loaded model for the executor. After it, the model is freed and images continue.
A change that still follows loads the model again.
"""
_STRING = 4  # rcl_interfaces/msg/ParameterType


@dataclass(frozen=True)
class _Candidate:
    """A model that is ready to be swapped in while the pipeline is held, or a refusal."""

    session: Session
    settings: ClassifierSettings
    model: LoadedModel | None
    refusal: str = ''


@dataclass
class _Load:
    """A load in a thread, from ``prepare`` to ``offer`` or ``close``; ``_lock`` protects it."""

    model: str
    candidate: _Candidate | None = None
    ended: Event = field(default_factory=Event)


class LiveModel:
    """
    Swap the model of a session between two images.

    A change takes these steps:

    - ``prepare`` loads the model in a thread, while the executor serves services and diagnostics.
    - ``offer`` passes the loaded model to ``check``. Without it, ``check`` loads in its own call.
    - ``apply`` swaps the models, or ``discard`` frees the new one.

    The pipeline is held from the end of loading to ``apply`` or ``discard``, so that no image sees
    a mixture of two models. Calls from ``offer`` to ``apply`` or ``discard`` must not overlap.

    :param node: the node whose executor awaits the load.
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
        """Load the model of ``settings`` beside the session's; pass the result to ``offer``."""
        executor = self._node.executor
        with self._lock:
            if self._loading is not None or not _is_other(session, settings):
                return None
            pending = self._loading = _Load(settings.model)
        loaded = Future(executor=executor)

        def load() -> None:
            candidate = self._load(session, settings)
            with self._lock:
                pending.candidate, is_given_up = candidate, pending.ended.is_set()
            if is_given_up:
                self._free(candidate)
            if executor is not None:
                with suppress(AttributeError, InvalidHandle):  # the executor was shut down
                    executor.create_task(loaded.set_result, None)
            # Images wait here. This executor may never run again, for example after a replacement.
            if not pending.ended.wait(OFFER_SECONDS):
                self._free(self._end(pending))

        thread = Thread(target=load, name='load model', daemon=True)
        try:
            thread.start()
            self._thread = thread
            await loaded
        except RuntimeError:  # no memory for a thread: ``check`` loads in its own call
            self._end(pending)
            return None
        except BaseException:  # the executor was destroyed, which closes this coroutine
            self._free(self._end(pending))
            raise
        return pending

    def offer(self, pending: _Load | None) -> None:
        """Pass the result of ``prepare`` to the next ``check``; ``discard`` must follow."""
        self._candidate = self._end(pending)

    def _end(self, pending: _Load | None) -> _Candidate | None:
        """End a load and return its result; None if ``close`` has cancelled it."""
        with self._lock:
            if pending is None or self._loading is not pending:
                return None
            self._loading = None
            pending.ended.set()
            return pending.candidate

    def check(self, session: Session, settings: ClassifierSettings) -> None:
        """
        Load the model of ``settings`` for ``apply``, if it differs from the current one.

        :raises ParameterError: the model cannot be used, or another load is in progress.
        """
        if not _is_other(session, settings):
            return
        loading = self._loading
        if loading is not None:
            raise ParameterError(f'model {loading.model!r} is being loaded; '
                                 f'change the model again once it is in use')
        candidate = self._candidate
        if candidate is None or candidate.session is not session or _is_other(candidate, settings):
            self.discard()
            candidate = self._candidate = self._load(session, settings)
        if candidate.model is None:
            raise ParameterError(candidate.refusal)

    def apply(self, session: Session) -> None:
        """Swap in the model that ``check`` loaded, if there is one."""
        candidate, self._candidate = self._candidate, None
        if candidate is None or candidate.model is None:
            return
        before, logger = session.model, self._node.get_logger()
        try:
            session.swap(candidate.model.with_settings(before.settings))
        finally:
            session.pipeline.release()
            # An exception may come before the swap or after it.
            for model in (before, candidate.model):
                if model.engine is not session.model.engine:
                    self._close_later(model)
        logger.info(f'model changed, was {before.info.name} with {before.info.classes} classes')
        candidate.model.log_to(logger)

    def discard(self) -> None:
        """Keep the current model, and free the one that was loaded beside it, if any."""
        candidate, self._candidate = self._candidate, None
        self._free(candidate)

    def close(self) -> None:
        """
        Cancel the load in progress, and free models that are not in use.

        Waits up to ``_CLOSE_SECONDS`` for an engine that is being closed.
        """
        self._free(self._end(self._loading))
        self.discard()
        if self._closing is not None:
            self._closing.join(_CLOSE_SECONDS)

    def join(self, timeout: float) -> None:
        """
        Wait for a cancelled load, because a process that exits during a load may abort.

        :param timeout: maximum wait in seconds.
        """
        if self._thread is not None:
            self._thread.join(timeout)

    def _free(self, candidate: _Candidate | None) -> None:
        if candidate is None or candidate.model is None:
            return
        candidate.session.pipeline.release()
        if candidate.model.engine is not candidate.session.model.engine:
            self._close_later(candidate.model)

    def _close_later(self, model: LoadedModel) -> None:
        """Close a model in a thread, because the close may take seconds and block the executor."""
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
            timeout = before.info.hang_timeout_s
            if not session.pipeline.hold(timeout):
                if not only_labels:
                    model.close(self._node.get_logger())
                raise ParameterError(f'an image has been in work for more than {timeout:.1f} s')
        except BaseException as error:  # vendor code may even raise SystemExit
            text = describe_error(error) if is_expected(error) else \
                f'{type(error).__name__}: {describe_error(error)}'
            # Labels of the old model do not fit the new one, so both must change in one call.
            if isinstance(error, LabelError) and settings.labels \
                    and settings.labels == before.settings.labels:
                text += f'; change both at once: {self._command_for_both(settings)}'
            return _Candidate(session, settings, None,
                              f'{text}; model {before.settings.model!r} stays in use')
        return _Candidate(session, settings, model)

    def _command_for_both(self, settings: ClassifierSettings) -> str:
        """Return the shell command that sets the model and its own labels in one call."""
        values = {'model': settings.model, 'labels': '', 'runtime': settings.runtime}
        request = json.dumps({'parameters': [
            {'name': name, 'value': {'type': _STRING, 'string_value': value}}
            for name, value in values.items()]}, ensure_ascii=False)
        return (f'ros2 service call {self._node.get_fully_qualified_name()}'
                f'/set_parameters_atomically rcl_interfaces/srv/SetParametersAtomically '
                f'{shlex.quote(request)}')


def _is_other(loaded: Session | _Candidate, settings: ClassifierSettings) -> bool:
    """Return whether a model was loaded with other parameters than these."""
    before = loaded.model.settings if isinstance(loaded, Session) else loaded.settings
    return (before.model, before.labels, before.runtime) != (
        settings.model, settings.labels, settings.runtime)
