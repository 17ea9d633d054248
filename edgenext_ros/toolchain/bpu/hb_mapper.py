# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Run hb_mapper, follow its progress, and parse its reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import json
import os
from pathlib import Path
import re
import signal
import subprocess
from typing import Any, IO

from edgenext_ros.core.normalisation import MEAN, SCALE
from edgenext_ros.engines.simulator.vendor_tools import Hbdk
from edgenext_ros.models import ModelError
from edgenext_ros.models.formats.bin_file import MARCH
from edgenext_ros.toolchain.bpu.recipe import Recipe

LOG = 'hb_mapper.log'
_MEAN_TEXT, _SCALE_TEXT = (' '.join(map(str, values)) for values in (MEAN, SCALE))
"""Normalisation of the published models, in hb_mapper's notation."""

_STAGES = {
    'Start to optimize the onnx model': 'optimising the graph',
    'Start to calibrate the model': 'calibrating',
    'Start to quantize the model': 'quantising',
    'Start to compile the model with': 'compiling for the BPU',
}
_NODE = re.compile(r'^(\S+) +(BPU|CPU) +\S+ +(\S+) +(\S+) ')
_COLOUR = re.compile(r'\x1b\[[0-9;]*m')


@dataclass(frozen=True)
class CompilerReport:
    """The compiler's figures for one model."""

    latency_ms: float
    """Estimate for one frame on the BPU."""
    fps: float
    ddr_mb: float
    """Megabytes (10^6) to and from memory for one frame."""
    cpu_nodes: list[str]
    """Names of the nodes that run on the CPU."""
    cosine: float | None
    """Least cosine similarity of a node's quantised and float output; None without calibration."""
    worst_node: str | None
    """The node with the least cosine similarity."""
    output_cosine: float | None
    """Cosine similarity of the logits."""
    left_out: dict[str, Any] | None = None
    """Calibration pictures that were left out, see ``left_out.Account``; None without any."""


def configuration(*, prefix: str, int16: list[str], calibrate: Recipe | None, level: str,
                  layers: bool = False) -> dict[str, Any]:
    """
    Return the content of hb_mapper's configuration file.

    :param prefix: name of the model, and of the ``.bin`` without its suffix.
    :param int16: names of the nodes with int16 inputs and outputs.
    :param calibrate: the recipe of the calibration; None skips it, for random weights.
    :param level: hbdk-cc's optimisation level.
    :param layers: report the cost of each layer, see ``layer_costs``.
    """
    model = {'onnx_model': 'model.onnx', 'march': MARCH, 'layer_out_dump': False,
             'working_dir': 'out', 'output_model_file_prefix': prefix}
    if int16:
        model['node_info'] = {name: {'ON': 'BPU', 'InputType': 'int16', 'OutputType': 'int16'}
                              for name in int16}
    calibration: dict[str, Any] = {'calibration_type': 'skip'}
    if calibrate is not None:
        calibration = {'cal_data_dir': 'calibration', 'cal_data_type': 'float32',
                       'calibration_type': calibrate.method}
        if calibrate.method == 'max':
            calibration['max_percentile'] = calibrate.percentile
        if calibrate.per_channel:
            calibration['per_channel'] = True
        if calibrate.optimization:
            calibration['optimization'] = calibrate.optimization
    return {
        'model_parameters': model,
        'input_parameters': {
            'input_name': '', 'input_type_rt': 'nv12', 'input_type_train': 'rgb',
            'input_layout_train': 'NCHW', 'norm_type': 'data_mean_and_scale',
            'mean_value': _MEAN_TEXT, 'scale_value': _SCALE_TEXT},
        'calibration_parameters': calibration,
        'compiler_parameters': {'compile_mode': 'latency', 'debug': layers,
                                'optimize_level': level}}


def run(tools: Hbdk, work: Path, *, progress: Callable[[str], None]) -> CompilerReport:
    """
    Compile ``work/config.yaml`` and return the report.

    :param tools: the vendor's tools.
    :param work: the working folder; the log is its file ``LOG``.
    :param progress: called with each stage, and with the percentage.
    :raises ModelError: hb_mapper failed; quotes the reason from its log.
    """
    command = [str(tools.command('hb_mapper')), 'makertbin', '--config', 'config.yaml',
               '--model-type', 'onnx']
    # The vendor's commands leave temporary files when they are killed; ``work`` is removed later.
    environment = tools.environment() | {'TMPDIR': str(work)}
    with (work / LOG).open('w', encoding='utf-8') as log, subprocess.Popen(
            command, cwd=work, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as process:
        try:
            for line in _lines(process.stdout):
                log.write(line + '\n')
                for text, stage in _STAGES.items():
                    if text in line:
                        progress(stage)
                percent = re.search(r'\] +(\d+)%$', line)
                if percent and int(percent[1]) % 10 == 0:
                    progress(f'compiling for the BPU: {percent[1]} %')
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # on Ctrl-C, for example; also its children
            raise
    text = (work / LOG).read_text(encoding='utf-8')
    if process.returncode or not all(
            any((work / 'out').glob(name)) for name in ('*.bin', '*_subgraph_*.json')):
        raise ModelError(f'hb_mapper failed with exit code {process.returncode}: {_last(text)}')
    return _report(text, work / 'out')


def _lines(stream: IO[bytes] | None) -> Iterator[str]:
    """Yield lines without colours; those of the progress bar end in a return, or in nothing."""
    assert stream is not None
    rest = b''
    while chunk := stream.read1(1 << 16):  # type: ignore[attr-defined]
        *done, rest = re.split(rb'[\r\n]|(?<=%)(?=\[)', rest + chunk)
        for line in done:
            yield _COLOUR.sub('', line.decode(errors='replace')).rstrip()
    yield _COLOUR.sub('', rest.decode(errors='replace')).rstrip()


def _last(log: str) -> str:
    """Return the line of a log that gives the reason of a failure."""
    lines = [line for line in log.splitlines() if line.strip() and not line.endswith('%')]
    reasons = [line for line in lines if 'No space left' in line or 'ERROR' in line
               or re.match(r'\w*(Error|Exception)\b', line)]
    last = (reasons or lines or ['no output'])[-1]
    return re.sub(r'^[\d :,-]+ ERROR +', '', last)[:400]


def layer_costs(output: Path) -> list[list[str]]:
    """
    Return the compiler's table of layers, the header first; needs a compilation with ``layers``.

    :param output: hb_mapper's working folder; its HTML page has the table as JSON.
    """
    rows: list[list[str]] = []
    for page in sorted(output.glob('*_subgraph_*.html')):
        _, mark, behind = page.read_text(encoding='utf-8').partition('"layer details":')
        if mark:
            found, _ = json.JSONDecoder().raw_decode(behind)
            rows += found[1:] if rows else found
    return rows


def _report(log: str, output: Path) -> CompilerReport:
    summaries = [json.loads(file.read_text())['summary']
                 for file in sorted(output.glob('*_subgraph_*.json'))]
    latency_ms = sum(summary['latency (us)'] for summary in summaries) / 1000
    nodes = [match.groups() for match in map(_NODE.match, log.splitlines()) if match]
    cosines = [(float(value), name) for name, _, _, value in nodes if re.match(r'\d', value)]
    output_cosine = re.search(r'^logits +(\d\S*)', log, re.MULTILINE)
    worst = min(cosines, default=(None, None))
    return CompilerReport(
        latency_ms=round(latency_ms, 4), fps=round(1000 / latency_ms, 2),
        ddr_mb=round(sum(summary['DDR bytes per frame'] for summary in summaries) / 1e6, 3),
        cpu_nodes=[name for name, where, _, _ in nodes if where == 'CPU'],
        cosine=worst[0], worst_node=worst[1],
        output_cosine=float(output_cosine[1]) if output_cosine else None)
