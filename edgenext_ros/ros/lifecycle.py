# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A lifecycle node that says why a transition failed, and how a node's process runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
import os
from queue import Empty, SimpleQueue
import re
import signal
import sys
from threading import Thread
import traceback
from typing import Any
import warnings

from edgenext_ros.core.labels import LabelError
from edgenext_ros.engines.base import InferenceError, ModelError, RuntimeUnavailableError
from edgenext_ros.models.store import ModelNotFoundError
from edgenext_ros.ros.arguments import (
    check_files,
    warn_of_ignored,
    warn_of_unread,
    without_log_file,
)
from edgenext_ros.ros.parameters import ParameterError
from edgenext_ros.ros.receiver import keep_memory
from lifecycle_msgs.msg import Transition
import rclpy
from rclpy.exceptions import NameValidationException, ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

EXPECTED = (InferenceError, LabelError, ModelError, ModelNotFoundError, OSError, ParameterError,
            RuntimeUnavailableError)
"""Errors whose text is one clear sentence for the user; others come with their traceback."""
_OF_ROS = (*EXPECTED, MemoryError, NameValidationException, ParameterException, _rclpy.RCLError)
_PLACE_IN_SOURCE = re.compile(r'(. Error: error not set)?, at /\S+:\d+')

_NO_THREAD = "can't start new thread"  # Python's RuntimeError
_LONGEST_NAME = 255  # rmw/validate_node_name.h
_LONG_WORD = re.compile(r'(\S{60})\S{140,}')


def _is_expected(error: BaseException) -> bool:
    return isinstance(error, _OF_ROS) or str(error) == _NO_THREAD


def in_words(error: BaseException) -> str:
    """Return one of the errors that users meet as one line, without places in rcl's source."""
    if str(error) == _NO_THREAD:
        return 'not enough memory, or too many threads, for another thread'
    if isinstance(error, MemoryError):
        return f'not enough memory{f": {error}" if str(error) else ""}'
    text = ' '.join(_PLACE_IN_SOURCE.sub('', str(error)).split())
    text = _LONG_WORD.sub(r'\1...', text.removesuffix(' ^'))
    return text.removeprefix('failed to initialize rcl: ')


class GuardedLifecycleNode(LifecycleNode):
    """
    A lifecycle node whose transitions fail loudly and that survives illegal ones.

    rclpy of Humble turns an exception in a transition into ERROR without a word, and raises
    out of the service on a transition that is illegal in the present state (rclpy 1209). Later
    ones answer, each with a text of its own.
    """

    settings: Any
    """The parameters in force, with ``autostart`` among them."""
    failure = ''
    """Which transition failed last, and why; empty after one that succeeded."""

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__(name, **arguments)
        self._change_state = self._service_change_state.callback
        self._service_change_state.callback = self._guard_change_state

    @property
    def state(self) -> str:
        """The present lifecycle state: unconfigured, inactive, active or finalized."""
        label: str = self._state_machine.current_state[1]
        return label

    def _guard_change_state(self, request: Any, response: Any) -> Any:
        wanted = request.transition
        possible = [(number, label)
                    for number, label, *_ in self._state_machine.available_transitions]
        # As rclpy does: a label, where there is one, counts more than the number.
        if any(wanted.label == label if wanted.label else wanted.id == number
               for number, label in possible):
            return self._change_state(request, response)
        name = wanted.label or _TRANSITIONS.get(wanted.id, wanted.id)
        hint = ''
        if name == 'configure' and self.settings.autostart:
            hint = (': it has been configured by itself; with "autostart: false" it waits for '
                    'lifecycle commands, of nav2_lifecycle_manager for example')
        self.get_logger().warning(
            f'transition {name!r} is not possible in state {self.state!r}{hint}')
        response.success = False
        return response

    def autostart(self) -> bool:
        """Configure and activate if the parameter says so; False when that failed."""
        if not self.settings.autostart:
            command = f'"ros2 lifecycle set {self.get_fully_qualified_name()}'
            self.get_logger().info(
                f'autostart is false: waiting for {command} configure", then {command} activate"')
            return True
        return (self.trigger_configure() == TransitionCallbackReturn.SUCCESS
                and self.trigger_activate() == TransitionCallbackReturn.SUCCESS)

    def attempt(self, name: str, step: Callable[[], None]) -> TransitionCallbackReturn:
        """Do the work of a transition; on an error log its cause and fail the transition."""
        try:
            step()
        except Exception as error:
            expected, text = _is_expected(error), in_words(error)
            why = f' {text}' if expected else f'\n{traceback.format_exc()}'
            self.get_logger().error(f'{name} failed:{why}')
            kind = '' if expected else f'{type(error).__name__}: '
            self.failure = f'{name} failed: {kind}{text}'
        else:
            self.failure = ''
            return TransitionCallbackReturn.SUCCESS
        return TransitionCallbackReturn.FAILURE

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured, so that the node can be configured again."""
        return TransitionCallbackReturn.SUCCESS


_TRANSITIONS = {getattr(Transition, f'TRANSITION_{name.upper()}'): name
                for name in ('configure', 'cleanup', 'activate', 'deactivate')}
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SIGNAL_SECONDS, _STOP_SECONDS = 0.2, 2.0
SWITCH_SECONDS = 1e-4
"""
How long one Python thread may keep another waiting. With Python's 5 ms a frame waits until the
executor has built its next wait set, which is a tenth or more of a result's age.
"""


def _check_text(arguments: Sequence[str]) -> None:
    """
    Check that rcl can take the arguments.

    :raises ParameterError: Python could not read one in the present locale, or it holds a node
        name that is too long, of which Humble's rcl would say much.
    """
    for argument in arguments:
        rule, _, name = argument.partition(':=')
        if rule.endswith(('__node', '__name')) and len(name) > _LONGEST_NAME:
            raise ParameterError(f'node name {name[:20]}...: should not exceed {_LONGEST_NAME} '
                                 f'characters, has {len(name)}')
        try:
            argument.encode()
        except UnicodeEncodeError:
            encoding = sys.getfilesystemencoding()
            remedy = ' or set LC_ALL=C.UTF-8' if encoding != 'utf-8' else ''
            raise ParameterError(
                f'argument {argument!a}: cannot be read as {encoding}, the encoding of the '
                f'locale; write it in UTF-8{remedy}') from None


def run(make: Callable[[Callable[[], None]], Node], args: list[str] | None = None, *,
        start: Callable[[Any], bool] = lambda node: True) -> int:
    """Run one node, and say which arguments it does not read; see ``run_all``."""
    def one(finish: Callable[[], None]) -> list[Node]:
        node = make(finish)
        warn_of_unread(node, sys.argv if args is None else args)
        return [node]

    return run_all(one, args, start=start)


def run_all(make: Callable[[Callable[[], None]], Sequence[Node]], args: list[str] | None = None, *,
            start: Callable[[Any], bool] = lambda node: True) -> int:
    """
    Run nodes until SIGINT, SIGTERM, a failure, or the call of what ``make`` is given.

    Start and executor have a thread of their own, so that signals are answered at once by this
    one, and the ROS context is still whole when the nodes say goodbye.

    :param make: builds the nodes, and gets a function that ends the process with exit code 0;
        may raise one of ``EXPECTED``.
    :param start: called with each node before spinning; False ends with exit code 1.
    :return: the process's exit code.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    keep_memory()
    # A handler runs in the middle of what this thread does, even of its wait for an Event, whose
    # lock it would then want too: for ever. This queue is made for that.
    ends: SimpleQueue[None] = SimpleQueue()
    for number in _SIGNALS:
        signal.signal(number, lambda *_: ends.put(None))
    failed = ending = False
    nodes: Sequence[Node] = ()

    def work() -> None:
        nonlocal failed
        try:
            failed = not all(start(node) for node in nodes)
            if not failed:
                executor.spin()
        except Exception as error:
            if ending:
                return  # rclpy's own race between spinning and shutting down
            failed = True
            why = f': {in_words(error)}' if _is_expected(error) else \
                f' by a bug:\n{traceback.format_exc()}'
            nodes[0].get_logger().fatal(f'stopped{why}')
        ends.put(None)

    # rclpy's, of a node that it does not make; the error says more.
    warnings.filterwarnings('ignore', 'Failed to fini', RuntimeWarning)
    try:
        try:
            arguments = sys.argv if args is None else args
            _check_text(arguments)
            check_files(arguments)
            rclpy.init(args=[*arguments, *without_log_file()],
                       signal_handler_options=SignalHandlerOptions.NO)
            nodes = make(partial(ends.put, None))
            warn_of_ignored(nodes, arguments)
            executor = SingleThreadedExecutor()
            for node in nodes:
                executor.add_node(node)
            thread = Thread(target=work, name='executor', daemon=True)
            thread.start()
            signal.alarm(0)  # see entry_points.py
        except (*_OF_ROS, RuntimeError) as error:  # RuntimeError: of threads, and rclpy's own
            rclpy.logging.get_logger('edgenext_ros').fatal(in_words(error))
            if rclpy.ok() and isinstance(error, (MemoryError, RuntimeError)):
                # Where ROS lacks memory or threads, its way out may wait for ever.
                sys.stderr.flush()
                os._exit(1)
            return 1
        # Again and again: the kernel may give a signal to another thread, where Python only takes
        # a note of it for this one.
        while not ending:
            with suppress(Empty):
                ends.get(timeout=_SIGNAL_SECONDS)
                ending = True
        executor.shutdown(timeout_sec=0)  # Humble's would wait for who waits for an image, too
        thread.join(timeout=_STOP_SECONDS)
        if thread.is_alive():
            # A callback that does not return (a model that loads for long) uses the node still;
            # the process ends around it.
            sys.stderr.flush()
            os._exit(int(failed))
        return int(failed)
    finally:
        _shut_all_down(nodes)
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
        # Python gives up its handlers a moment before the process ends. Ctrl-C under launch is two
        # signals, of the terminal and of launch.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _shut_all_down(nodes: Sequence[Node]) -> None:
    with ThreadPoolExecutor(max(1, len(nodes))) as together:
        try:
            list(together.map(_shut_down, nodes))
        except RuntimeError as error:
            if str(error) != _NO_THREAD:
                raise
            for node in nodes:
                _shut_down(node)


def _shut_down(node: Node) -> None:
    """Leave the lifecycle, which takes seconds where an engine hangs; no callback runs more."""
    node.executor = None
    # In the middle of a transition (a model that still loads) there is no way to it.
    if isinstance(node, LifecycleNode) and node.state in ('unconfigured', 'inactive', 'active'):
        node.trigger_shutdown()
