# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The vendor's simulator with the bundled .bin; skipped when it is not installed."""

from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import platform
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

from edgenext_ros.engines import select
from edgenext_ros.engines.base import EngineOptions, EngineUnavailableError, infer, InferenceError
from edgenext_ros.engines.simulator import engine as simulator
from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
from edgenext_ros.models.store import locate
from helpers.bin_writer import container, node
from helpers.standin_model import picture
import numpy as np
import pytest

OPTIONS = EngineOptions()
PICTURES = [picture(75264, seed=seed) for seed in range(2)]


@pytest.fixture(scope='module')
def demo():
    """Return the path of the bundled .bin."""
    return locate('demo', suffixes=('.bin',)).path


@pytest.fixture(scope='module')
def expected(toolchain, demo, tmp_path_factory):
    """Return the scores of PICTURES from the vendor's command, times the scales."""
    folder = tmp_path_factory.mktemp('hbdk-sim')
    content = bin_file.read(demo)
    (folder / 'model.hbm').write_bytes(content.program)
    program = re.search(rb'\w+_subgraph_0', content.program)[0].decode()
    results = []
    for nv12 in PICTURES:
        nv12.tofile(folder / 'in.yuv')
        subprocess.run(
            [toolchain.command('hbdk-sim'), '-f', 'model.hbm', '-n', program,
             '-i', 'in.yuv', '-o', '.', '--yuv-size', '224x224', '--yuv-stride', '224'],
            cwd=folder, env=toolchain.environment(), capture_output=True, check=True)
        [text] = folder.glob('*elem_int.txt')
        values = [int(line) for line in text.read_text().splitlines() if line[:1] != '#']
        results.append(np.float32(values) * np.float32(content.scales))
    return results


@pytest.fixture
def opened(toolchain, demo, processes):
    """Return an open simulator."""
    engine = simulator.Simulator()
    engine.open(demo, OPTIONS)
    yield engine
    engine.close()


@pytest.fixture
def processes(monkeypatch):
    """List the processes of the simulator, in the order of their start."""
    started = []

    class Popen(subprocess.Popen):

        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(simulator.subprocess, 'Popen', Popen)
    return started


def test_scores_equal_those_of_the_vendors_command(opened, expected, capfd):
    for nv12, wanted in zip(PICTURES, expected, strict=True):
        scores = infer(opened, nv12)
        assert scores.dtype == np.float32 and scores.shape == (100,)
        np.testing.assert_array_equal(scores, wanted)
    assert capfd.readouterr() == ('', '')


def test_open_returns_facts_about_the_model(toolchain, demo):
    engine = simulator.Simulator()
    info = engine.open(demo, OPTIONS)
    engine.close()
    assert (info.width, info.height, info.classes) == (224, 224, 100)
    assert info.engine == f'BPU simulator, hbdk {toolchain.version}'
    assert simulator.available().startswith(f'BPU simulator of hbdk {toolchain.version} (')


def test_two_simulators_run_at_once(opened, expected, demo):
    other = simulator.Simulator()
    other.open(demo, OPTIONS)
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(infer, engine, nv12)
                for engine, nv12 in zip((opened, other), PICTURES, strict=True)]
        found = [future.result() for future in both]
    other.close()
    np.testing.assert_array_equal(found, expected)


def test_a_process_that_dies_is_replaced(opened, expected, processes):
    [process] = processes
    threading.Timer(0.3, process.kill).start()
    with pytest.raises(InferenceError, match='BPU simulator: its process ended with SIGKILL'):
        infer(opened, PICTURES[0])
    np.testing.assert_array_equal(infer(opened, PICTURES[1]), expected[1])
    assert len(processes) == 2


def test_end_of_the_process_is_named(opened, processes):
    processes[0].kill()
    processes[0].wait()
    with pytest.raises(InferenceError, match='ended with SIGKILL'):
        infer(opened, PICTURES[0])


def test_late_picture_is_refused_and_its_process_killed(opened, processes, monkeypatch):
    late = time.monotonic() + 1000
    times = iter([late - 1000])
    monkeypatch.setattr(simulator, 'time', SimpleNamespace(monotonic=lambda: next(times, late)))
    with pytest.raises(InferenceError, match=r'no answer within 120 s'):
        infer(opened, PICTURES[0])
    assert processes[0].poll() == -signal.SIGKILL


def test_answer_of_an_interrupted_picture_is_discarded(opened, expected):
    def interrupt(*_):
        raise KeyboardInterrupt
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            infer(opened, PICTURES[0])
    finally:
        signal.signal(signal.SIGALRM, before)
    np.testing.assert_array_equal(infer(opened, PICTURES[1]), expected[1])


def test_close_ends_the_process(opened, processes):
    opened.close()
    assert processes[0].poll() is not None


def runs(process):
    """Say whether a process runs and is not a zombie."""
    try:
        status = Path('/proc', str(process), 'stat').read_text()
    except OSError:
        return False
    return status.rpartition(')')[2].split()[0] != 'Z'


SCRIPT = """
import sys
from pathlib import Path
import platform
import subprocess
import numpy as np
from edgenext_ros.engines.base import EngineOptions, infer
from edgenext_ros.engines.simulator.engine import Simulator
started, popen = [], subprocess.Popen
def start(*arguments, **options):
    started.append(popen(*arguments, **options))
    return started[-1]
subprocess.Popen = start
engine = Simulator()
engine.open(Path(sys.argv[1]), EngineOptions())
print(started[0].pid, flush=True)
try:
    infer(engine, np.zeros(75264, np.uint8))
except KeyboardInterrupt:
    print('not closed' if started[0].poll() is None else 'alive', flush=True)
"""


@pytest.mark.parametrize('number, said', [(signal.SIGINT, 'alive\n'), (signal.SIGKILL, '')])
def test_the_process_ends_with_its_owner(toolchain, demo, number, said):
    """Ctrl-C reaches the whole process group; after SIGKILL the owner prints nothing."""
    owner = subprocess.Popen([sys.executable, '-c', SCRIPT, demo], stdout=subprocess.PIPE,
                             text=True, start_new_session=True)
    worker = int(owner.stdout.readline())
    time.sleep(0.3)
    os.killpg(owner.pid, number)
    assert owner.communicate(timeout=20)[0] == said
    end = time.monotonic() + 30
    while runs(worker):
        assert time.monotonic() < end, 'the simulator has outlived its owner'
        time.sleep(0.1)


def test_program_that_crashes_the_library_is_a_model_error(toolchain, demo, tmp_path):
    data = bytearray(demo.read_bytes())
    place = data.index(b'#B2Ehbm#') + 0xd0 + 0x110  # the list of inputs, which no CRC covers
    struct.pack_into('<I', data, place, 0x7FFFFF00)
    path = tmp_path / 'model.bin'
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        simulator.Simulator().open(path, OPTIONS)
    assert str(path) in str(caught.value) and 'ended with SIG' in str(caught.value)


SCALES = np.ones(10, np.float32).tobytes()
DEQUANTIZE = node('Dequantize', ['raw', 'scale'], ['logits'])


@pytest.mark.parametrize('options, words', [
    ({}, 'with 0 scales'),
    ({'nodes': [node('BPU', ['image'], ['raw']), DEQUANTIZE], 'scales': SCALES[:8]},
     '1x10 with 2 scales'),
    ({'nodes': [node('BPU', ['image'], ['raw']), DEQUANTIZE], 'scales': SCALES,
      'outputs': [('logits', 1, (1, 2, 5))]}, 'found logits 1x2x5, which is a map'),
    ({'nodes': [node('BPU', ['image'], ['raw']), node('Softmax', ['raw'], ['logits'])]},
     'found BPU, Softmax'),
    ({'nodes': [node('BPU', ['image'], ['a']), node('BPU', ['a'], ['raw']), DEQUANTIZE],
      'scales': SCALES}, 'found BPU, BPU, Dequantize'),
    ({'nodes': []}, 'found no node'),
    ({'nodes': [node('BPU', ['image'], ['raw']), DEQUANTIZE], 'scales': SCALES},
     'cannot load this program'),
    ({'tag': b'B25'}, "found one for 'bayes'")], ids=str)
def test_model_that_the_simulator_cannot_run_is_refused(toolchain, tmp_path, options, words):
    path = tmp_path / 'model.bin'
    path.write_bytes(container(**options))
    with pytest.raises(ModelError) as caught:
        simulator.Simulator().open(path, OPTIONS)
    assert words in str(caught.value) and str(path) in str(caught.value)


def test_program_of_another_size_than_its_file_is_refused(toolchain, demo, tmp_path):
    content = bin_file.read(demo)
    path = tmp_path / 'model.bin'
    path.write_bytes(container(
        whole=bytes(content.program), nodes=[node('BPU', ['image'], ['raw']), DEQUANTIZE],
        scales=SCALES))
    with pytest.raises(ModelError, match=r"'width': 224.*where the file says.*'width': 32"):
        simulator.Simulator().open(path, OPTIONS)


def test_simulator_is_chosen_by_name(toolchain, demo):
    engine, info = select.open_model(demo, runtime='simulator')
    engine.close()
    assert info.engine.startswith('BPU simulator') and not info.probabilities


def test_missing_tools_are_explained(monkeypatch, tmp_path):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(tmp_path))
    reason = r'\$EDGENEXT_TOOLCHAIN names this' if platform.machine() == 'x86_64' else \
        'run on Linux on x86-64 only'
    for use in (simulator.available, lambda: simulator.Simulator().open(tmp_path, OPTIONS)):
        with pytest.raises(EngineUnavailableError, match=reason):
            use()
