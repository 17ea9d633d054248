# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a node's process runs: arguments, signals, threads, memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
import os
from queue import Empty, SimpleQueue
import signal
import sys
from threading import enumerate as enumerate_threads, Thread
import traceback
from typing import Any
import warnings

from edgenext_ros.ros.arguments import (
    check_files,
    log_file_arguments,
    warn_of_ignored_parameters,
    warn_of_unread_arguments,
)
from edgenext_ros.ros.errors import describe_error, is_expected, NO_THREAD, REPORTED_ERRORS
from edgenext_ros.ros.memory import keep_memory
from edgenext_ros.ros.settings import ParameterError
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rosidl_generator_py.import_type_support_impl import UnsupportedTypeSupport

_LONGEST_NAME = 255  # rmw/validate_node_name.h
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
        warn_of_unread_arguments(node, sys.argv if args is None else args)
        return [node]

    return run_all(one, args, start=start)


def run_all(make: Callable[[Callable[[], None]], Sequence[Node]], args: list[str] | None = None, *,
            start: Callable[[Any], bool] = lambda node: True) -> int:
    """
    Run nodes until SIGINT, SIGTERM, a failure, or the call of what ``make`` is given.

    Start and executor have a thread of their own, so that signals are answered at once by this
    one, and the ROS context is still whole when the nodes say goodbye.

    :param make: builds the nodes, and gets a function that ends the process with exit code 0;
        may raise one of ``USER_ERRORS``.
    :param start: called with each node before spinning; False ends with exit code 1.
    :return: the process's exit code.
    """
    before = enumerate_threads()
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
            why = f': {describe_error(error)}' if is_expected(error) else \
                f' by a bug:\n{traceback.format_exc()}'
            nodes[0].get_logger().fatal(f'stopped{why}')
        finally:
            ends.put(None)

    # rclpy's, of a node that it does not make; the error says more.
    warnings.filterwarnings('ignore', 'Failed to fini', RuntimeWarning)
    try:
        try:
            arguments = sys.argv if args is None else args
            _check_text(arguments)
            check_files(arguments)
            rclpy.init(args=[*arguments, *log_file_arguments()],
                       signal_handler_options=SignalHandlerOptions.NO)
            nodes = make(partial(ends.put, None))
            warn_of_ignored_parameters(nodes, arguments)
            executor = SingleThreadedExecutor()
            for node in nodes:
                executor.add_node(node)
            thread = Thread(target=work, name='executor', daemon=True)
            thread.start()
            signal.alarm(0)  # see entry_points.py
        except (*REPORTED_ERRORS, RuntimeError) as error:  # RuntimeError: of threads, and rclpy's own
            rclpy.logging.get_logger('edgenext_ros').fatal(describe_error(error))
            if rclpy.ok() and isinstance(
                    error, (MemoryError, RuntimeError, UnsupportedTypeSupport)):
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
    finally:
        _shut_all_down(nodes)
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
        # Python gives up its handlers a moment before the process ends. Ctrl-C under launch is two
        # signals, of the terminal and of launch.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
    if any(thread not in before for thread in enumerate_threads()):
        # It is inside an engine. Python would end the thread there, where C++ aborts the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(failed))
    return int(failed)


def _shut_all_down(nodes: Sequence[Node]) -> None:
    with ThreadPoolExecutor(max(1, len(nodes))) as together:
        try:
            list(together.map(_shut_down, nodes))
        except RuntimeError as error:
            if str(error) != NO_THREAD:
                raise
            for node in nodes:
                _shut_down(node)


def _shut_down(node: Node) -> None:
    """Leave the lifecycle, which takes seconds where an engine hangs; no callback runs more."""
    node.executor = None
    # In the middle of a transition (a model that still loads) there is no way to it.
    if isinstance(node, LifecycleNode) and node.state in ('unconfigured', 'inactive', 'active'):
        node.trigger_shutdown()
