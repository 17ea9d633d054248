# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Run nodes in a process: check arguments, handle signals, start and end threads."""

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
from edgenext_ros.ros.lifecycle import SafeLifecycleNode
from edgenext_ros.ros.memory import keep_memory
from edgenext_ros.ros.settings import ParameterError
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rosidl_generator_py.import_type_support_impl import UnsupportedTypeSupport

_LONGEST_NAME = 255  # rmw/validate_node_name.h
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SIGNAL_SECONDS, _STOP_SECONDS = 0.2, 2.0
SWITCH_SECONDS = 1e-4
"""
Switch interval of Python threads. With Python's default of 5 ms, a frame waits while the executor
builds its next wait set. This wait is a tenth or more of a result's age.
"""


def _check_text(arguments: Sequence[str]) -> None:
    """
    Check that rcl can read the arguments.

    :raises ParameterError: Python could not decode an argument in the current locale, or a node
        name is too long, which Humble's rcl reports with many lines.
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
    """
    Run one node, and warn of arguments that it does not read.

    :param make: builds the node; see ``run_all``.
    :param args: command line; None takes ``sys.argv``.
    :param start: called with the node before the executor spins; see ``run_all``.
    :return: the process's exit code.
    """
    def make_one(finish: Callable[[], None]) -> list[Node]:
        # First, because an argument that is not read may be why the node cannot be made.
        warn_of_unread_arguments(sys.argv if args is None else args)
        return [make(finish)]

    return run_all(make_one, args, start=start)


def run_all(make: Callable[[Callable[[], None]], Sequence[Node]], args: list[str] | None = None, *,
            start: Callable[[Any], bool] = lambda node: True) -> int:
    """
    Run nodes until SIGINT, SIGTERM, a failure, or a call of ``finish``.

    ``start`` and the executor run in a second thread. The calling thread therefore reacts to
    signals immediately, and the ROS context is still valid while the nodes shut down.

    :param make: called with ``finish``, a function that ends the process with exit code 0;
        returns the nodes, and may raise one of ``USER_ERRORS``.
    :param args: command line; None takes ``sys.argv``.
    :param start: called with each node before the executor spins; False gives exit code 1.
    :return: the process's exit code.
    """
    before = enumerate_threads()
    sys.setswitchinterval(SWITCH_SECONDS)
    keep_memory()
    # A signal handler may run while this thread holds a lock, e.g. in Event.wait, and would
    # deadlock on that lock. SimpleQueue.put is reentrant.
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
        except (Exception, SystemExit) as error:
            if ending:
                return  # a race in rclpy between spinning and shutting down
            failed = True
            why = f': {describe_error(error)}' if is_expected(error) else \
                f' by a bug:\n{traceback.format_exc()}'
            nodes[0].get_logger().fatal(f'stopped{why}')
        finally:
            ends.put(None)

    # rclpy warns about a node that it failed to create; the error is reported below.
    warnings.filterwarnings('ignore', 'Failed to fini', RuntimeWarning)
    try:
        try:
            arguments = sys.argv if args is None else args
            _check_text(arguments)
            check_files(arguments)
            rclpy.init(args=[*arguments, *log_file_arguments(arguments)],
                       signal_handler_options=SignalHandlerOptions.NO)
            nodes = make(partial(ends.put, None))
            warn_of_ignored_parameters(nodes, arguments)
            executor = SingleThreadedExecutor()
            for node in nodes:
                executor.add_node(node)
            thread = Thread(target=work, name='executor', daemon=True)
            thread.start()
            signal.alarm(0)  # see entry_points.py
        except (*REPORTED_ERRORS, RuntimeError) as error:  # RuntimeError: threads, and rclpy
            rclpy.logging.get_logger('edgenext_ros').fatal(describe_error(error))
            if rclpy.ok() and isinstance(
                    error, (MemoryError, RuntimeError, UnsupportedTypeSupport)):
                # The shutdown of ROS may hang without memory or threads.
                sys.stderr.flush()
                os._exit(1)
            return 1
        # The timeout is needed because the kernel may deliver a signal to another thread. Python
        # then runs the handler only when this thread executes Python code again.
        while not ending:
            with suppress(Empty):
                ends.get(timeout=_SIGNAL_SECONDS)
                ending = True
        executor.shutdown(timeout_sec=0)  # Humble's would wait for classify_once requests
        thread.join(timeout=_STOP_SECONDS)
        if thread.is_alive():
            # A running callback, e.g. a model load, still uses the node: do not destroy it.
            sys.stderr.flush()
            os._exit(int(failed))
    finally:
        _shut_all_down(nodes)
        for node in nodes:
            _try(node, node.destroy_node, 'destruction')
        rclpy.try_shutdown()
        # Python restores the default handlers shortly before the process ends. Ctrl-C under
        # launch sends two signals, from the terminal and from launch; ignore a late one.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
    if any(thread not in before for thread in enumerate_threads()):
        # A thread is inside an engine. Python would end it there, and C++ would abort the process.
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
    """Shut a lifecycle node down and detach its executor; a hung engine delays this by seconds."""
    node.executor = None
    # Shutdown is impossible during a transition, e.g. while a model loads.
    if isinstance(node, SafeLifecycleNode) and node.state in (
            'unconfigured', 'inactive', 'active'):
        _try(node, node.trigger_shutdown, 'shutdown')


def _try(node: Node, step: Callable[[], object], name: str) -> None:
    """Take a step at the end of the process; an exception is logged, and the next step follows."""
    try:
        step()
    except (Exception, SystemExit) as error:
        why = describe_error(error) if is_expected(error) else f'\n{traceback.format_exc()}'
        node.get_logger().error(f'{name} failed: {why}')
