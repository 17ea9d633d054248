# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Made-up boards with deliberate faults, for the whole command ``edgenext selftest``.

``environment`` puts ``board_site`` on the path of Python, so that each process of the command,
the node's too, has the engines of a board in place of the package's, and reads the facts about
the machine from files that ``board_tree`` writes. The self-test imports none of this.

The inference is a look-up of the stored outputs on a clock of its own: these boards show what the
self-test says of such faults, not that a board has them.
"""

from ctypes import CDLL, PyDLL
from dataclasses import dataclass, field
from functools import partial
import os
from pathlib import Path
from threading import Event, Lock, Thread
from types import MappingProxyType, SimpleNamespace

from edgenext_ros.choices import ENGINES
from edgenext_ros.engines import select
from edgenext_ros.engines.base import EngineUnavailableError, ModelInfo
from edgenext_ros.selftest import engine_survey, fast_board, machine, reference
from helpers.board_tree import make_board
from helpers.engine_faults import Healthy, PaddedOutput, PictureBefore, SwappedChroma
from helpers.faulty_engines import FaultyEngine, FaultySlot, Lookup, NoticingPool

TEST = Path(__file__).resolve().parents[1]
_NAME, _ROOT = 'MADE_UP_BOARD', 'MADE_UP_ROOT'
_BUSY_US, _REST_S = 20_000, 0.01
_PACKAGES = '/usr/lib/python3/dist-packages'
_BPU = 'sys/devices/system/bpu/bpu0'


@dataclass(frozen=True)
class MadeUpEngine:
    """An engine of a made-up board."""

    version: str
    fault: type[Healthy] = Healthy
    holds_gil: bool = False
    slots: int = 4


@dataclass(frozen=True)
class MadeUpBoard:
    """A made-up board."""

    engines: dict[str, MadeUpEngine]
    inference_us: int = 600
    """Duration of an inference on the BPU."""
    detector: bool = False
    """Whether another program keeps the BPU busy for 20 ms of each 30 ms."""
    files: dict[str, str] = field(default_factory=dict)
    """Changed files about the machine; see ``board_tree``."""


_IDLE = {f'{_BPU}/ratio': '0\n'}
_LIBDNN = 'libdnn 1.24.5 (/usr/lib/hobot/libdnn.so)'
BOARDS = MappingProxyType({
    'healthy': MadeUpBoard({'libdnn': MadeUpEngine(_LIBDNN)}, files=_IDLE),
    'A': MadeUpBoard({'libdnn': MadeUpEngine(_LIBDNN, PictureBefore)}, detector=True,
                     files={f'{_BPU}/ratio': '64\n'}),
    'B': MadeUpBoard({'libdnn': MadeUpEngine(_LIBDNN, PaddedOutput)}, inference_us=6_900,
                     files={**_IDLE, f'{_BPU}/devfreq/3a000000.bpu/governor': 'powersave\n',
                            f'{_BPU}/devfreq/3a000000.bpu/cur_freq': '100000000\n',
                            f'{_BPU}/devfreq/3a000000.bpu/min_freq': '100000000\n'}),
    'C': MadeUpBoard({'libdnn': MadeUpEngine(_LIBDNN, SwappedChroma, holds_gil=True),
                      'hobot_dnn': MadeUpEngine('hobot_dnn 1.2.0', holds_gil=True)},
                     files=_IDLE)})
"""
``healthy`` has no fault. A: libdnn answers from the picture before, and a detector uses the BPU.
B: padding of libdnn's output is read as values, and the clock of the BPU is low. C: libdnn reads
V before U and holds the GIL, hobot_dnn is right.
"""


def environment(name: str, root: Path) -> dict[str, str]:
    """
    Return the variables of a process on a made-up board.

    :param name: a key of ``BOARDS``.
    :param root: an empty folder for the files about the machine.
    """
    make_board(root, **{path.replace('/', '__'): text
                        for path, text in BOARDS[name].files.items()})
    return {**os.environ, _NAME: name, _ROOT: str(root), 'PYTHONPATH': os.pathsep.join(filter(
        None, (str(TEST / 'helpers' / 'board_site'), str(TEST), str(TEST.parent),
               os.environ.get('PYTHONPATH'))))}


def install() -> None:
    """Put this process on the board that the variables name."""
    board, root = BOARDS[os.environ[_NAME]], Path(os.environ[_ROOT])
    bpu = Bpu(board)
    modules = {name: _module(name, board.engines.get(name), bpu) for name in ENGINES}
    select._module = modules.__getitem__
    # The versions of onnxruntime and of the vendor's modules are those of the board too.
    versions, specs = machine._version, machine.find_spec
    machine._version = lambda name: None if name == 'onnxruntime' else versions(name)
    machine.find_spec = lambda name: SimpleNamespace(origin=f'{_PACKAGES}/{name}/__init__.py') \
        if name in board.engines else specs(name)
    for reads in (engine_survey.check, engine_survey.judge_board, fast_board.bpu_state,
                  machine.check):
        assert reads.__defaults__ == (Path('/'),)
        reads.__defaults__ = (root,)


def _module(name, made_up, bpu):
    """Return what stands for the module of an engine."""
    def available():
        if made_up is None:
            raise EngineUnavailableError(f'{name} is not installed on this board')
        return made_up.version

    return SimpleNamespace(
        available=available, **{ENGINES[name][1]: partial(BoardEngine, made_up, bpu)})


class Bpu:
    """Run one task at a time, each for as long as the board takes; a detector may run beside."""

    def __init__(self, board):
        self._board, self._lock, self._detector = board, Lock(), None

    def start(self):
        """Start the detector if the board has one."""
        if self._board.detector and self._detector is None:
            self._detector = Thread(target=self._detect, daemon=True)
            self._detector.start()

    def _detect(self):
        while not Event().wait(_REST_S):
            with self._lock:
                CDLL(None).usleep(_BUSY_US)

    def task(self, holds_gil):
        """Wait as for an inference."""
        if holds_gil:  # a lock would release the GIL
            PyDLL(None).usleep(self._board.inference_us)
            return
        with self._lock:
            CDLL(None).usleep(self._board.inference_us)


class BoardEngine(FaultyEngine):
    """An engine of a made-up board."""

    def __init__(self, made_up, bpu):
        super().__init__(made_up.fault)
        self._made_up, self._bpu = made_up, bpu

    def open(self, model, options):
        self.close()
        self._bpu.start()
        stored = reference.load(model)
        fault, lookup = self._fault(stored.steps), Lookup(stored)

        def run(nv12):
            scores = lookup(nv12)
            self._bpu.task(self._made_up.holds_gil)
            return scores

        slots = self._made_up.slots
        info = ModelInfo('demo', self._made_up.version, width=224, height=224, classes=100,
                         slots=slots)
        self._pool = NoticingPool(info, [FaultySlot(n, fault, run) for n in range(slots)])
        self._pool.fault = fault
        return info
