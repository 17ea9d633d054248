# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Entry points of the nodes: handle --help, signals and missing libraries before a node loads."""

from importlib import import_module
import os
import resource
import signal
import sys
import threading

from edgenext_ros.libraries import require_opencv

_ADDRESS_SPACE = 1_200_000_000
"""Address space that a node needs on a PC; with less, libraries may crash without a message."""
_RESERVE = 4 << 20
"""Bytes that are freed before the line about an uncaught error is printed."""
_START_SECONDS = 30
_RUN = 'usage: ros2 run edgenext_ros'
_TABLE = '"edgenext parameters" prints the table of all parameters.'
_USAGE = {
    'edgenext_ros.ros.camera.node': f"""\
{_RUN} camera_node [--ros-args [-p NAME:=VALUE] [-r image:=TOPIC] ...]

Plays a picture, a folder of pictures, a video or a webcam on the topic "image".

  -p source:=/path/to/pictures   what to play; 0 is the first webcam
  -p rate:=30.0                  frames a second
  -r image:=/camera/image_raw    topic to publish

{_TABLE}""",
    'edgenext_ros.ros.node': f"""\
{_RUN} classifier_node [--ros-args [-p NAME:=VALUE] [-r image:=TOPIC] ...]

Classifies the images of the topic "image" and publishes the topic "classification".

  -r image:=/camera/image_raw    topic of the camera
  -p input_type:=compressed      it publishes sensor_msgs/msg/CompressedImage
  -p model:=/path/to/model.bin   .bin or .onnx file, or a name of "edgenext models list"
  --params-file FILE             YAML file with parameters, as config/classifier.yaml

{_TABLE}""",
    'edgenext_ros.ros.multi_node': f"""\
{_RUN} multi_classifier_node CAMERA ...
    [--ros-args [-p NAME:=VALUE] [-r image:=TOPIC] ...]

Runs the node /CAMERA/classifier on the topic /CAMERA/image of each CAMERA, in one process with
one model.

  front rear                     two cameras; arguments after --ros-args are for both
  -r image:=image_raw            topic in the namespace of each camera
  -p model:=/path/to/model.bin   .bin or .onnx file, or a name of "edgenext models list"

{_TABLE}""",
    'edgenext_ros.ros.results_node': f"""\
{_RUN} results_node [--ros-args [-r classification:=TOPIC] ...]

Prints what a classifier publishes on the topic "classification", once a second.

  -r classification:=/robot/classification
  -r __ns:=/robot                namespace of the classifier

It has no parameters. "edgenext parameters" prints those of the other nodes.""",
}


def _start(module: str) -> int:
    if not {'-h', '--help'}.isdisjoint(sys.argv[1:]):
        print(_USAGE[module])
        return 0
    # Ctrl-C would print a traceback while rclpy and OpenCV load, which takes a second.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < _ADDRESS_SPACE:
        print(f'edgenext_ros: the address space is limited to {limit // 10 ** 6} MB (ulimit -v): '
              f'libraries may crash or hang below {_ADDRESS_SPACE // 10 ** 6} MB',
              file=sys.stderr, flush=True)
        # End a start that hangs; run_all cancels this alarm once it handles signals.
        signal.alarm(_START_SECONDS)
        _print_errors_in_one_line()
    try:
        require_opencv()
        main = import_module(module).main
    except Exception as error:  # a library is missing or broken, or memory is short
        why = next(iter(str(error).splitlines()), '') or 'not enough memory'
        print(f'edgenext_ros: cannot load what the node needs: {type(error).__name__}: {why}',
              file=sys.stderr)
        return 1
    code: int = main()
    return code


def _print_errors_in_one_line() -> None:
    """Print uncaught errors without the logger and a traceback, for which memory may lack."""
    reserve = [bytearray(_RESERVE)]

    def log(kind: type[BaseException], error: BaseException | None, *_: object) -> None:
        reserve.clear()
        print(f'edgenext_ros: stopped: {kind.__name__}: {error}', file=sys.stderr, flush=True)

    sys.excepthook = log
    for hook in ((threading, 'excepthook'), (sys, 'unraisablehook')):
        setattr(*hook, lambda args: log(args.exc_type, args.exc_value))


def camera() -> int:
    """Run ``camera_node``."""
    return _start('edgenext_ros.ros.camera.node')


def classifier() -> int:
    """Run ``classifier_node``."""
    return _start('edgenext_ros.ros.node')


def multi_classifier() -> int:
    """Run ``multi_classifier_node``."""
    return _start('edgenext_ros.ros.multi_node')


def results() -> int:
    """Run ``results_node``."""
    return _start('edgenext_ros.ros.results_node')
