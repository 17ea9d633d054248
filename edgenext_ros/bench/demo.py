# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The demo: a camera process and a classifier process; this process only listens.

Everything it prints comes from messages that it received over DDS.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
from time import monotonic
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.models import pictures, store
from edgenext_ros.models.left_out import Account, LeftOut
from edgenext_ros.models.pictures import PictureError
from edgenext_ros.models.regular_file import shown
from edgenext_ros.ros.arguments import log_file_arguments
from edgenext_ros.ros.camera.sources import list_pictures
from edgenext_ros.ros.messages import Classification, LabelInfo
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, qos_profile_sensor_data, QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header

_START_SECONDS = 30.0
_LAST_SECONDS = 5.0
"""Time to wait for the last picture's classification."""
_WIDTH = 320
"""Two frames must fit into Fast DDS' default shared memory (0.5 MB), or best effort loses many."""
_SURE = 0.5
"""Score of the best class below which a line begins with "unsure"."""
_STAGES = ('convert ms', 'infer ms', 'postprocess ms')


@dataclass
class Played:
    """The results for one picture."""

    picture: str
    results: list[tuple[str, float]] = field(default_factory=list)
    """Name and score of the best classes, best first, in the newest message."""
    classifications: int = 0
    age_ms: float = 0.0
    """Age of the newest result on arrival, from the camera's stamp, in milliseconds."""
    figures: dict[str, str] = field(default_factory=dict)
    """The node's newest diagnostics while the picture was shown."""

    def line(self) -> str:
        """Format the results as two lines of text."""
        best = ', '.join(f'{name} {score:.1%}' for name, score in self.results[:3])
        stages = ', '.join(f'{stage.removesuffix(" ms")} {float(self.figures[stage]):.1f}'
                           for stage in _STAGES if stage in self.figures)
        rate = self.figures.get('fps')
        figures = [f'{self.classifications} results',
                   *([f'{float(rate):.1f} a second'] if rate else []),
                   *([f'{stages} ms'] if stages else []), f'age {self.age_ms:.0f} ms']
        if best and self.results[0][1] < _SURE:
            best = f'unsure: {best}'
        return f'{self.picture:22} {best or "no classification"}\n{"":22} {", ".join(figures)}'


class Watcher(Node):
    """Listen to a camera and a classifier in one namespace, and group the results by picture."""

    def __init__(self, namespace: str, *, save: Path | None) -> None:
        super().__init__('watcher', namespace=namespace)
        self.labels: list[str] = []
        self.played: dict[str, Played] = {}
        self.current = ''
        self.ended = False
        self._reported = 0
        self._names: dict[tuple[int, int], str] = {}
        self._save = save
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(LabelInfo, 'classifier/label_info', self._on_labels, latched)
        self.create_subscription(Header, 'camera/playing', self._on_playing, 100)
        self.create_subscription(Classification, 'classification', self._on_result, 100)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 100)
        if save is not None:
            self.create_subscription(Image, 'classifier/annotated_image', self._on_annotated,
                                     qos_profile_sensor_data)

    def _on_labels(self, message: Any) -> None:
        self.labels = [entry.class_name for entry in message.class_map]

    def _on_playing(self, message: Header) -> None:
        name = message.frame_id.split(' frame ')[0]  # all frames of a video count as one picture
        self._names[message.stamp.sec, message.stamp.nanosec] = name
        if name != self.current and not self.ended:
            self.ended = name in self.played  # the camera repeats the folder
            if not self.ended:
                self.current = name
                self.played[name] = Played(name)

    def report(self, before: str = '') -> None:
        """Print the results of the pictures that are complete: all, or those before one."""
        names = list(self.played)
        for name in names[self._reported:names.index(before) if before else None]:
            print(self.played[name].line(), flush=True)
            self._reported += 1

    def _on_result(self, message: Any) -> None:
        stamp = message.header.stamp
        played = self.played.get(self._names.get((stamp.sec, stamp.nanosec), ''))
        if played is None:
            return
        if not played.classifications:
            self.report(before=played.picture)  # the earlier pictures are complete
        played.classifications += 1
        played.age_ms = (self.get_clock().now() - Time.from_msg(stamp)).nanoseconds / 1e6
        played.results = [(self.labels[int(r.class_id)], r.score) for r in message.results]

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == f'{self.get_namespace()}/classifier' and self.current:
                self.played[self.current].figures = {v.key: v.value for v in status.values}

    def _on_annotated(self, message: Image) -> None:
        stamp = message.header.stamp
        name = self._names.get((stamp.sec, stamp.nanosec))
        if name is not None:
            image = np.frombuffer(message.data, np.uint8).reshape(message.height, -1, 3)
            self._save.mkdir(parents=True, exist_ok=True)
            flat = '_'.join(Path(name).with_suffix('').parts)
            cv2.imwrite(str(self._save / f'{flat}.jpg'), image)


@contextmanager
def _process(module: str, namespace: str, log: Path, **parameters: object) -> Iterator[Any]:
    """Run a node of the package as a process; end it with SIGINT."""
    words = [f'{key}:={value}' for key, value in parameters.items()]
    command = [sys.executable, '-m', f'edgenext_ros.ros.{module}', '--ros-args',
               '-r', f'__ns:={namespace}', *(part for word in words for part in ('-p', word))]
    with log.open('wb') as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
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


def _wait(watcher: Watcher, done: Any, seconds: float, processes: list[Any], log: Path) -> str:
    """Listen until ``done()``; return what went wrong, or ''."""
    end = monotonic() + seconds
    while not done():
        rclpy.spin_once(watcher, timeout_sec=0.1)
        for process in processes:
            if process.poll() is not None:
                name = process.args[2].rpartition('.')[2]
                text = (log / f'{name}.log').read_text(errors='replace').strip()
                return f'the {name} process ended with exit code {process.returncode}: {text}'
        if monotonic() > end:
            return f'no message arrived within {seconds:.0f} s'
    return ''


def play(arguments: Namespace) -> tuple[list[dict[str, Any]], str]:
    """
    Play a source through the two nodes, and print the results.

    :param arguments: those of ``edgenext demo``.
    :return: an entry for each picture, also for those left out; and the reason if a picture got
        no classification, or ''.
    :raises ValueError: no picture decodes.
    """
    source, names, account = find_source(arguments)
    namespace = f'/edgenext_demo_{os.getpid()}'
    hold = max(1.0, arguments.seconds / max(1, len(names)))
    what = f'{len(names)} picture{"s" if len(names) > 1 else ""} of {source}' if names else source
    print(f'playing {what} on {namespace}/image, for {hold * max(1, len(names)):.0f} s',
          flush=True)
    if account:
        print(account, flush=True)
    # KeyboardInterrupt, for SIGTERM too, so that the context managers end the two processes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rclpy.init(args=log_file_arguments(), signal_handler_options=SignalHandlerOptions.NO)
    watcher = Watcher(namespace, save=arguments.save)
    try:
        with tempfile.TemporaryDirectory() as folder:
            problem = _run(arguments, watcher, source, hold * max(1, len(names)), hold,
                           Path(folder))
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
    """Start the classifier, then the camera, and listen while it plays."""
    namespace = watcher.get_namespace()
    with _process('node', namespace, log / 'node.log', model=json.dumps(arguments.model),
                  runtime=arguments.runtime, top_k=3,
                  input_type='compressed' if arguments.compressed else 'raw') as node:
        problem = _wait(watcher, lambda: watcher.labels, _START_SECONDS, [node], log)
        if problem:
            return problem
        with _process('camera.node', namespace, log / 'camera.log', source=json.dumps(source),
                      rate=arguments.rate, hold=hold, encoding=arguments.encoding, width=_WIDTH,
                      output_type='compressed' if arguments.compressed else 'raw') as camera:
            both = [node, camera]
            problem = _wait(watcher, lambda: watcher.current, _START_SECONDS, both, log)
            end = monotonic() + seconds
            problem = problem or _wait(watcher, lambda: watcher.ended or monotonic() > end,
                                       seconds + 5, both, log)
            if not problem:  # a slow engine may still work on the last picture
                _wait(watcher, lambda: watcher.played[watcher.current].classifications,
                      _LAST_SECONDS, both, log)
            return problem
