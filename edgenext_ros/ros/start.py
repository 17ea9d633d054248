# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Entry points of the nodes: signals are answered from the first moment on."""

from importlib import import_module
import os
import signal
import sys

from edgenext_ros.libraries import require_opencv


def _start(module: str) -> int:
    # Loading rclpy and OpenCV takes a second, in which Ctrl-C would give a traceback.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    try:
        require_opencv()
    except ImportError as error:
        print(f'edgenext_ros: {error}', file=sys.stderr)
        return 1
    code: int = import_module(module).main()
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
