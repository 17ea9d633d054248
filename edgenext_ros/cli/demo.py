# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Play pictures through a camera topic and the node, and print the results."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgenext_ros.choices import ENGINES

HELP = 'Play pictures through a ROS 2 camera topic and the node, and print the results.'


def _seconds(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 86400:
        raise argparse.ArgumentTypeError(f'expected 1 to 86400 seconds, got {text}')
    return value


def _encoding(text: str) -> str:
    from edgenext_ros.core.encoding_names import similar_encoding
    from edgenext_ros.core.frame import ENCODINGS

    if text not in ENCODINGS:
        raise argparse.ArgumentTypeError(f'expected one of {", ".join(ENCODINGS)}, got {text!r}'
                                         f'{similar_encoding(text)}')
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument('--image', type=Path, metavar='FILE|DIR',
                        help='play this picture, or folder of pictures (default: bundled ones)')
    source.add_argument('--video', type=Path, metavar='FILE', help='play this video')
    source.add_argument('--camera', metavar='N', help='use the webcam with this number or device')
    parser.add_argument('--seconds', type=_seconds, metavar='S',
                        help='how long to play, each picture for at least a second (default: 20, '
                             'and longer for a folder of more than 20 pictures)')
    parser.add_argument('--rate', type=float, default=10.0, metavar='HZ',
                        help='frames a second (default: 10)')
    parser.add_argument('--encoding', default='nv12', type=_encoding,
                        help='encoding of the camera topic (default: nv12, as on the robot)')
    parser.add_argument('--compressed', action='store_true',
                        help='publish JPEG on the camera topic instead')
    parser.add_argument('--model', default='demo', help='catalog name or path (default: demo)')
    parser.add_argument('--runtime', default='auto', choices=('auto', *ENGINES),
                        help='inference engine (default: auto)')
    parser.add_argument('--save', type=Path, metavar='DIR',
                        help='write the annotated pictures here')


def run(arguments: argparse.Namespace) -> int:
    """Play and print; return 1 if a picture got no classification, 2 without ROS."""
    import sys

    from edgenext_ros.cli import write_json
    try:
        from edgenext_ros.bench.demo import play
    except ImportError as error:
        print(f'edgenext demo: ROS 2 is missing ({error}); source its setup file, or use '
              '"./dev demo", which brings its own', file=sys.stderr)
        return 2
    results, problem = play(arguments)
    write_json(arguments.json, results)
    if problem:
        print(f'edgenext demo: {problem}', file=sys.stderr)
    return int(bool(problem))
