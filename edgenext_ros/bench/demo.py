# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The demo: a camera process and a classifier process; this process only listens.

Everything it prints comes from messages that it received over DDS.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
from time import monotonic
from typing import Any

from edgenext_ros.bench.demo_watcher import Watcher
from edgenext_ros.models import pictures, store
from edgenext_ros.models.left_out import Account, LeftOut
from edgenext_ros.models.pictures import PictureError
from edgenext_ros.models.regular_file import shown
from edgenext_ros.ros.arguments import log_file_arguments
from edgenext_ros.ros.camera.sources import list_pictures
import rclpy
from rclpy.signals import SignalHandlerOptions

_SECONDS = 20.0
"""How long the demo plays unless told otherwise; a large folder gets ``_SHORTEST`` a picture."""
_SHORTEST = 1.0
"""Shortest time in seconds for a picture of a folder."""
_START_SECONDS = 30.0
_LAST_SECONDS = 5.0
"""Time to wait for the last picture's classification."""
_WIDTH = 320
"""Two frames must fit into Fast DDS' default shared memory (0.5 MB), or best effort loses many."""


@dataclass(frozen=True)
class _Process:
    """A node of the package in a process of its own."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path


@contextmanager
def _process(module: str, namespace: str, log: Path,
             **parameters: object) -> Iterator[_Process]:
    """
    Run a node of the package as a process; end it with SIGINT.

    :param module: the node's module in ``edgenext_ros.ros``.
    :param namespace: the node's namespace.
    :param log: file for the node's output; the process is named like it.
    """
    words = [f'{key}:={value}' for key, value in parameters.items()]
    command = [sys.executable, '-m', f'edgenext_ros.ros.{module}', '--ros-args',
               '-r', f'__ns:={namespace}', *(part for word in words for part in ('-p', word))]
    with log.open('wb') as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield _Process(log.stem, process, log)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def find_source(arguments: Namespace) -> tuple[str, list[str], Account]:
    """
    Return the camera's source, the names of its pictures (if known), and the files left out.

    :raises ValueError: the path does not exist, or no picture decodes.
    """
    if arguments.camera is not None:
        return arguments.camera, [], Account((), 0)
    named = arguments.video or arguments.image
    if named is not None and not named.exists():
        wanted = 'a video' if arguments.video else 'a picture, or a folder of pictures'
        raise ValueError(f'{named}: expected {wanted}, but this path does not exist')
    if arguments.video is not None:
        return str(arguments.video.absolute()), [], Account((), 0)
    bundled = os.environ.get('EDGENEXT_DEMO_PICTURES') or store.resource_folder() / 'demo'
    path = Path(arguments.image or bundled).absolute()
    listing = list_pictures(path)
    if listing is None:
        return str(path), [], Account((), 0)
    listing.expect_some()
    names, failed = [], []
    for file in listing.files:
        try:
            pictures.read(listing.folder / file)
            names.append(shown(file))
        except PictureError as error:
            failed.append(LeftOut(file, error.reason))
            reason = str(error)
    if not names:
        first = 'no picture in it decodes; the first: ' if path.is_dir() else ''
        raise ValueError(f'{path}: {first}{reason}')
    return str(path), names, listing.account(failed)


def choose_pictures(names: list[str], seconds: float | None) -> tuple[list[str], float]:
    """
    Return the pictures to play, and the seconds for each.

    :param names: the pictures of a folder; empty for a video or a webcam.
    :param seconds: how long to play in all; None plays every picture.
    """
    if seconds is not None:
        names = names[:max(1, int(seconds / _SHORTEST))]
    return names, max(_SHORTEST, (seconds or _SECONDS) / max(1, len(names)))


def _wait(watcher: Watcher, done: Callable[[], object], seconds: float,
          processes: list[_Process]) -> str:
    """
    Listen until ``done()``; return what went wrong, or ''.

    :param watcher: the node that listens.
    :param done: called without arguments after each message.
    :param seconds: how long to wait.
    :param processes: an end of one of them ends the wait; its log becomes the result.
    """
    end = monotonic() + seconds
    while not done():
        rclpy.spin_once(watcher, timeout_sec=0.1)
        for process in processes:
            code = process.popen.poll()
            if code is not None:
                text = process.log.read_text(errors='replace').strip()
                return f'the {process.name} process ended with exit code {code}: {text}'
        if monotonic() > end:
            return f'no message arrived within {seconds:.0f} s'
    return ''


def play(arguments: Namespace) -> tuple[list[dict[str, Any]], str]:
    """
    Play a source through the two nodes, and print the results.

    :param arguments: those of ``edgenext demo``.
    :return: an entry for each picture that was played or left out; and the reason if a picture
        got no classification, or ''.
    :raises ValueError: no picture decodes.
    """
    source, found, account = find_source(arguments)
    namespace = f'/edgenext_demo_{os.getpid()}'
    names, hold = choose_pictures(found, arguments.seconds)
    seconds = hold * max(1, len(names))
    count = f'{len(names)} of {len(found)}' if names != found else f'{len(names)}'
    what = f'{count} picture{"s" if len(found) > 1 else ""} of {source}' if names else source
    print(f'playing {what} on {namespace}/image, for {seconds:.0f} s', flush=True)
    if account:
        print(account, flush=True)
    # KeyboardInterrupt, for SIGTERM too, so that the context managers end the two processes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rclpy.init(args=log_file_arguments([]), signal_handler_options=SignalHandlerOptions.NO)
    watcher = Watcher(namespace, names=names, save=arguments.save)
    try:
        with tempfile.TemporaryDirectory() as folder:
            problem = _run(arguments, watcher, source, seconds, hold, Path(folder))
    finally:
        watcher.destroy_node()
        rclpy.try_shutdown()
    watcher.report()
    missing = [n for n in names or [watcher.current]
               if n not in watcher.played or not watcher.played[n].classifications]
    if not problem and missing:
        problem = f'no classification arrived for {", ".join(missing) or source}'
    if arguments.save is not None and not problem:
        print(f'annotated pictures: {arguments.save}')
    return [*(asdict(entry) for entry in watcher.played.values()),
            *({'picture': shown(entry.file), 'left_out': entry.reason}
              for entry in account.left_out)], problem


def _run(arguments: Namespace, watcher: Watcher, source: str, seconds: float, hold: float,
         log: Path) -> str:
    """
    Start the classifier, then the camera, and listen while it plays.

    The camera plays once the classifier subscribes, and the classifier, which is lazy, subscribes
    once the watcher listens. The watcher listens when it has found both: discovery may take 3 s on
    Humble, and a camera that already plays would have gone on to other pictures.

    :param arguments: those of ``edgenext demo``.
    :param watcher: the node that listens.
    :param source: the camera's source.
    :param seconds: how long to listen.
    :param hold: seconds for each picture.
    :param log: folder for the logs of the processes.
    :return: what went wrong, or ''.
    """
    namespace = watcher.get_namespace()
    with _process('node', namespace, log / 'classifier.log', model=json.dumps(arguments.model),
                  runtime=arguments.runtime, top_k=3, lazy='true',
                  input_type='compressed' if arguments.compressed else 'raw') as node:
        problem = _wait(watcher, lambda: watcher.labels, _START_SECONDS, [node])
        if problem:
            return problem
        with _process('camera.node', namespace, log / 'camera.log', source=json.dumps(source),
                      rate=arguments.rate, hold=hold, encoding=arguments.encoding, width=_WIDTH,
                      output_type='compressed' if arguments.compressed else 'raw') as camera:
            both = [node, camera]
            problem = _wait(watcher, watcher.finds_camera, _START_SECONDS, both)
            if problem:
                return problem
            watcher.listen()
            problem = _wait(watcher, lambda: watcher.current, _START_SECONDS, both)
            end = monotonic() + seconds
            problem = problem or _wait(watcher, lambda: watcher.ended or monotonic() > end,
                                       seconds + 5, both)
            if not problem:  # a slow engine may still work on the last picture
                _wait(watcher, lambda: watcher.played[watcher.current].classifications,
                      _LAST_SECONDS, both)
            return problem
