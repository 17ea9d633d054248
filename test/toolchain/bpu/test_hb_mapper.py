# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""hb_mapper: its settings, its log, its report and its failures."""

import json
import os
import select
import subprocess
from unittest.mock import MagicMock

from edgenext_ros.engines.simulator.vendor_tools import Hbdk
from edgenext_ros.models import ModelError
from edgenext_ros.toolchain.bpu import hb_mapper
from edgenext_ros.toolchain.bpu.recipe import RECIPES
import pytest

LOG = """\
2026-11-24 10:00:00,000 INFO Start to calibrate the model.
Node         ON   Subgraph  Type       Cosine Similarity  Threshold  DataType
/stem/Conv   BPU  id(0)     HzConv     0.999812           2.640000   int8
/xca/Exp     BPU  id(0)     HzLut      0.951200           1.000000   int8
/head/Gemm   CPU  --        Gemm       0.987000           --         float
/fc/Conv     BPU  id(1)     HzConv     0.998000           3.100000   int8
Output       Cosine Similarity  L1 Distance  L2 Distance
logits       0.997500           0.031        0.012
"""
UNCALIBRATED = LOG.replace('0.9', '--.').replace('0.031', '--')


@pytest.fixture
def output(tmp_path):
    """Return hb_mapper's working folder after a model of two programs."""
    folder = tmp_path / 'out'
    folder.mkdir()
    for number, (latency_us, traffic) in enumerate([(1500, 2_000_000), (500, 400_000)]):
        (folder / f'x_subgraph_{number}.json').write_text(json.dumps(
            {'summary': {'latency (us)': latency_us, 'DDR bytes per frame': traffic}}))
    return folder


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a shell script as hb_mapper."""
    def run_script(script, progress=None):
        command = tmp_path / 'bin' / 'hb_mapper'
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\n{script}\n')
        command.chmod(0o755)
        stages = []
        report = hb_mapper.run(Hbdk(tmp_path, '3.49.15', tmp_path), tmp_path,
                               progress=progress or stages.append)
        return report, stages
    return run_script


@pytest.fixture
def say(run, output, tmp_path):
    """Return a function that runs an hb_mapper that prints a text and writes a model."""
    def run_with(text, code=0):
        (tmp_path / 'text').write_text(text)
        return run(f'cat text; touch out/x.bin; exit {code}')[0]
    return run_with


class Chunks:
    """A pipe that returns ``size`` bytes at a time."""

    def __init__(self, data, size):
        self._rest, self._size = data, size

    def read1(self, _):
        chunk, self._rest = self._rest[:self._size], self._rest[self._size:]
        return chunk


def test_configuration_equals_that_of_published_models():
    config = hb_mapper.configuration(prefix='mine', int16=['/xca/Softmax'],
                                     calibrate=RECIPES['published'], level='O3')
    model, inputs = config['model_parameters'], config['input_parameters']
    assert model['march'] == 'bayes-e' and model['output_model_file_prefix'] == 'mine'
    assert model['node_info'] == {
        '/xca/Softmax': {'ON': 'BPU', 'InputType': 'int16', 'OutputType': 'int16'}}
    assert inputs['input_type_rt'] == 'nv12' and inputs['norm_type'] == 'data_mean_and_scale'
    assert (inputs['input_type_train'], inputs['input_layout_train']) == ('rgb', 'NCHW')
    assert inputs['mean_value'] == '123.675 116.28 103.53'
    assert inputs['scale_value'] == '0.01712475 0.017507 0.01742919'
    assert config['calibration_parameters'] == {
        'cal_data_dir': 'calibration', 'cal_data_type': 'float32', 'calibration_type': 'max',
        'max_percentile': 0.999}
    assert config['compiler_parameters'] == {
        'compile_mode': 'latency', 'debug': False, 'optimize_level': 'O3'}


def test_configuration_without_calibration_and_int16():
    config = hb_mapper.configuration(prefix='x', int16=[], calibrate=None, level='O2', layers=True)
    assert config['calibration_parameters'] == {'calibration_type': 'skip'}
    assert 'node_info' not in config['model_parameters']
    assert config['compiler_parameters']['debug'] is True


@pytest.mark.parametrize('size', [1, 2, 3, 7, 1000])
def test_log_lines_do_not_depend_on_size_of_reads(size, run, output, tmp_path, monkeypatch):
    data = (b'one\r\n\x1b[92mtwo \x1b[0m\n[=  ]   1%[== ]  10%\r[===] 100%\n'
            b'caf\xc3\xa9 \xff\n\x1b[31mlast\x1b[0m')
    (output / 'x.bin').touch()
    process = MagicMock(stdout=Chunks(data, size), returncode=0)
    monkeypatch.setattr(subprocess, 'Popen', lambda *_, **__: process)
    process.__enter__.return_value = process
    run('')
    assert [line for line in (tmp_path / hb_mapper.LOG).read_text().split('\n') if line] == [
        'one', 'two', '[=  ]   1%', '[== ]  10%', '[===] 100%', 'caf\xe9 \ufffd', 'last']


def test_report_of_calibrated_model(say):
    assert say(LOG) == hb_mapper.CompilerReport(
        latency_ms=2.0, fps=500.0, ddr_mb=2.4, cpu_nodes=['/head/Gemm'], cosine=0.9512,
        worst_node='/xca/Exp', output_cosine=0.9975)


def test_report_without_calibration(say):
    report = say(UNCALIBRATED)
    assert (report.cosine, report.worst_node, report.output_cosine) == (None, None, None)
    assert report.cpu_nodes == ['/head/Gemm'] and report.latency_ms == 2.0


@pytest.mark.parametrize('log,reason', [
    ('INFO one\n2026-11-24 10:00:00,123 ERROR node x is unknown\nINFO bye', 'node x is unknown'),
    ('x\nKeyError: 3\n  [====]  90%\n', 'KeyError: 3'),
    ('ERROR first\nwrite: No space left on device\nbye', 'write: No space left on device'),
    ('one\ntwo\n\n[====]  90%\n', 'two'), ('', 'no output'), ('x' * 999, 'x' * 400)],
    ids=['error', 'exception', 'full disk', 'last line', 'nothing', 'long'])
def test_reason_of_hb_mapper_failure_is_found_in_log(say, log, reason):
    with pytest.raises(ModelError) as caught:
        say(log, code=3)
    assert str(caught.value) == f'hb_mapper failed with exit code 3: {reason}'


def test_layer_costs_of_two_programs(tmp_path):
    for number, layer in enumerate('ab'):
        table = json.dumps([['layer', 'us'], [layer, '1;2}']], separators=',:')
        (tmp_path / f'x_subgraph_{number}.html').write_text(
            f'<script>var data = {{"summary": 1, "layer details":{table}}};</script>')
    (tmp_path / 'x_subgraph_2.html').write_text('<script>var data = {}</script>')
    assert hb_mapper.layer_costs(tmp_path) == [['layer', 'us'], ['a', '1;2}'], ['b', '1;2}']]


def test_run_reports_stages_and_every_tenth_per_cent(run, output, tmp_path):
    report, stages = run(
        'echo "Start to optimize the onnx model."; echo Start to calibrate the model.\n'
        'echo "Start to compile the model with march bayes-e."\n'
        r"printf '[=  ]   9%%[== ]  10%%[== ]  11%%\r[===] 100%%\n'; touch out/x.bin")
    assert stages == ['optimising the graph', 'calibrating', 'compiling for the BPU',
                      'compiling for the BPU: 10 %', 'compiling for the BPU: 100 %']
    assert report.latency_ms == 2.0
    assert '[== ]  11%' in (tmp_path / hb_mapper.LOG).read_text().splitlines()


def test_run_ends_children_of_hb_mapper_on_ctrl_c(run, output, tmp_path):
    compiler = []

    def interrupt(_):
        compiler.append(os.pidfd_open(int((tmp_path / 'compiler').read_text())))
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        run('sleep 100 & echo $! > compiler; echo Start to calibrate the model; wait', interrupt)
    assert select.select(compiler, [], [], 20)[0] == compiler  # readable once it has ended
    os.close(compiler[0])


@pytest.mark.parametrize('script,reason', [
    ('echo "1 ERROR bad node"; touch out/x.bin; exit 3', 'failed with exit code 3: bad node'),
    ('echo "cp: No space left on device" >&2; exit 1', 'cp: No space left on device'),
    ('echo done', 'exit code 0: done'), ('kill -9 $$', 'exit code -9: no output'),
    ('touch out/x.bin; rm out/*.json; echo all on the CPU', 'all on the CPU')],
    ids=['error', 'full disk', 'no model', 'killed', 'no report'])
def test_failed_hb_mapper_run_raises_its_reason(run, output, script, reason):
    with pytest.raises(ModelError, match=reason):
        run(script)
