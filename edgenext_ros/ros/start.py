# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Entry points of the nodes: signals are answered from the first moment on."""

from importlib import import_module
import os
import resource
import signal
import sys

from edgenext_ros.libraries import require_opencv

_ADDRESS_SPACE = 1_200_000_000
"""Bytes that a node needs on a PC; with less, libraries may end the process without a word."""
_START_SECONDS = 30


def _start(module: str) -> int:
    # Loading rclpy and OpenCV takes a second, in which Ctrl-C would give a traceback.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < _ADDRESS_SPACE:
        print(f'edgenext_ros: the address space is limited to {limit // 10 ** 6} MB (ulimit -v): '
              f'libraries may crash or hang below {_ADDRESS_SPACE // 10 ** 6} MB',
              file=sys.stderr, flush=True)
        signal.alarm(_START_SECONDS)  # run_all ends it; by then signals are answered
    try:
        require_opencv()
        main = import_module(module).main
    except Exception as error:  # of a library that is missing, broken, or lacks memory
        why = next(iter(str(error).splitlines()), '') or 'not enough memory'
        print(f'edgenext_ros: cannot load what the node needs: {type(error).__name__}: {why}',
              file=sys.stderr)
        return 1
    code: int = main()
    return code


def camera() -> int:
    """Run ``camera_node``."""
    return _start('edgenext_ros.ros.camera')


def classifier() -> int:
    """Run ``classifier_node``."""
    return _start('edgenext_ros.ros.node')


def multi_classifier() -> int:
    """Run ``multi_classifier_node``."""
    return _start('edgenext_ros.ros.multi')


def results() -> int:
    """Run ``results_node``."""
    return _start('edgenext_ros.ros.results')
