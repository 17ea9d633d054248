# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A lifecycle node that says why a transition failed, and how a node's process runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
import os
from pathlib import Path
from queue import Empty, SimpleQueue
import signal
import sys
from threading import Thread
import traceback
from typing import Any

from edgenext_ros.core.labels import LabelError
from edgenext_ros.models.store import ModelNotFoundError
from edgenext_ros.ros.parameters import ParameterError
from edgenext_ros.ros.receiver import keep_memory
from edgenext_ros.runtime.base import InferenceError, ModelError, RuntimeUnavailableError
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

EXPECTED = (InferenceError, LabelError, ModelError, ModelNotFoundError, OSError, ParameterError,
            RuntimeUnavailableError)
"""Errors whose text is one clear sentence for the user; others come with their traceback."""


class GuardedLifecycleNode(LifecycleNode):
    """
    A lifecycle node whose transitions fail loudly and that survives illegal ones.

    rclpy of Humble turns an exception in a transition into ERROR without a word, and raises
    out of the service on a transition that is illegal in the present state (rclpy 1209).
    """

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
        try:
            return self._change_state(request, response)
        except Exception as error:  # RCLError is not public
            wanted = request.transition.label or request.transition.id
            self.get_logger().warning(
                f'transition {wanted!r} is not possible in state {self.state!r}: {error}')
            response.success = False
            return response

    def attempt(self, name: str, step: Callable[[], None]) -> TransitionCallbackReturn:
        """Do the work of a transition; on an error log its cause and fail the transition."""
        try:
            step()
        except EXPECTED as error:
            self.get_logger().error(f'{name} failed: {error}')
        except Exception:
            self.get_logger().error(f'{name} failed:\n{traceback.format_exc()}')
        else:
            return TransitionCallbackReturn.SUCCESS
        return TransitionCallbackReturn.FAILURE

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured, so that the node can be configured again."""
        return TransitionCallbackReturn.SUCCESS


_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SIGNAL_SECONDS, _STOP_SECONDS = 0.2, 2.0
SWITCH_SECONDS = 1e-4
"""
How long one Python thread may keep another waiting. With Python's 5 ms a frame waits until the
executor has built its next wait set, which is a tenth or more of a result's age.
"""


def _without_log_file() -> list[str]:
    """Return the arguments that keep rcl from a log file where there is no place for one."""
    folder = Path(os.environ.get('ROS_LOG_DIR')
                  or Path(os.environ.get('ROS_HOME') or '~/.ros', 'log')).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return []
        reason = 'it cannot be written to'
    except OSError as error:
        reason = error.strerror or str(error)
    # A read-only home is no reason not to start: rcl would end here.
    rclpy.logging.get_logger('edgenext_ros').warning(f'no log file in {folder}: {reason}')
    return ['--ros-args', '--disable-external-lib-logs']


def run(make: Callable[[], Node], args: list[str] | None = None, *,
        start: Callable[[Any], bool] = lambda node: True) -> int:
    """Run one node, and say which arguments it does not read; see ``run_all``."""
    def one() -> list[Node]:
        node = make()
        unread = remove_ros_args(sys.argv if args is None else args)[1:]
        if unread:
            node.get_logger().warning(f'ignored: {" ".join(unread)}; expected parameters as '
                                      '"--ros-args -p NAME:=VALUE"')
        return [node]

    return run_all(one, args, start=start)


def run_all(make: Callable[[], Sequence[Node]], args: list[str] | None = None, *,
            start: Callable[[Any], bool] = lambda node: True) -> int:
    """
    Run nodes until SIGINT, SIGTERM, a failure, or a node's call of its ``finish``.

    Start and executor have a thread of their own, so that signals are answered at once by this
    one, and the ROS context is still whole when the nodes say goodbye.

    :param make: builds the nodes; may raise one of ``EXPECTED``.
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
        except Exception:
            if ending:
                return  # rclpy's own race between spinning and shutting down
            failed = True
            nodes[0].get_logger().fatal(f'stopped by a bug:\n{traceback.format_exc()}')
        ends.put(None)

    try:
        try:
            rclpy.init(args=[*(sys.argv if args is None else args), *_without_log_file()],
                       signal_handler_options=SignalHandlerOptions.NO)
            nodes = make()
        except (*EXPECTED, RuntimeError) as error:  # RuntimeError: rcl, of files and arguments
            rclpy.logging.get_logger('edgenext_ros').fatal(' '.join(str(error).split()))
            return 1
        executor = SingleThreadedExecutor()
        for node in nodes:
            node.finish = partial(ends.put, None)
            executor.add_node(node)
        thread = Thread(target=work, name='executor', daemon=True)
        thread.start()
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
        with ThreadPoolExecutor(max(1, len(nodes))) as together:
            list(together.map(_shut_down, nodes))
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
        # Python gives up its handlers a moment before the process ends. Ctrl-C under launch is two
        # signals, of the terminal and of launch.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _shut_down(node: Node) -> None:
    """Leave the lifecycle, which takes seconds where an engine hangs; no callback runs more."""
    node.executor = None
    # In the middle of a transition (a model that still loads) there is no way to it.
    if isinstance(node, LifecycleNode) and node.state in ('unconfigured', 'inactive', 'active'):
        node.trigger_shutdown()
