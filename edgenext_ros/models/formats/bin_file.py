# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read a ``.bin``, which hb_mapper writes and libdnn runs, without code of the vendor.

The file is one protobuf message, ``runtime.proto`` of horizon_tc_ui: metadata, graphs of nodes,
and the program for the BPU as an initializer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import re
from types import MappingProxyType

from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bpu_program
from edgenext_ros.models.formats.bin_graph import Graph, TensorInfo
from edgenext_ros.models.formats.outputs import is_class_vector, wrong_output
from edgenext_ros.models.formats.protobuf_wire import BYTES, contents, FormatError, Reader

MARCH = 'bayes-e'
"""The BPU of an RDK X5."""
MAX_MODEL_BYTES = 1 << 28
"""Maximum size of a model file; the published models have 2 to 30 MB."""

_INPUTS = MappingProxyType({7: 'nv12', 13: 'nv12_separate'})
_OTHER_INPUTS = MappingProxyType({
    1: 'S8', 2: 'U8', 5: 'F32', 6: 'gray', 8: 'yuv444', 9: 'bgr', 10: 'rgb', 11: 'bgrp',
    12: 'rgbp'})
_VERSIONS = MappingProxyType({
    'BUILDER_VERSION': 'hb_mapper', 'HBDK_VERSION': 'hbdk', 'HBDK_RUNTIME_VERSION': 'runtime',
    'HORIZON_NN_VERSION': 'horizon_nn'})
_FOREIGN = (
    (rb'\s*<', 'an HTML or XML page'), (rb'#.{1,11}hbm#', 'a bare BPU program (.hbm)'),
    (rb'PK\x03\x04', 'a zip archive or PyTorch checkpoint'), (rb'\x1f\x8b', 'a gzip archive'),
    (rb'version https://git-lfs', 'a Git LFS pointer in place of its file'), (rb'\Z', 'no bytes'))
"""First bytes of files that are not models, as regular expressions, and their kind."""


@dataclass(frozen=True)
class BinFile:
    """Contents of a ``.bin`` for the X5, which takes one NV12 picture."""

    path: Path
    name: str
    """Name of the model in the file."""
    march: str
    input: TensorInfo
    input_type: str
    """``nv12`` or ``nv12_separate``."""
    width: int
    """Input width in pixels, even."""
    height: int
    """Input height in pixels, even."""
    output: TensorInfo
    """The first output."""
    scales: tuple[float, ...]
    """Factors that convert the BPU's integers to the output, float32: one, or one per class. They
    are empty without a Dequantize node."""
    operators: tuple[str, ...]
    """Operators of the graph in order, such as BPU (the program), Dequantize, Reshape."""
    models: tuple[str, ...]
    """Names of all models in the file; the other fields describe the first."""
    versions: Mapping[str, str]
    """Versions of the tools that made the file."""
    metadata: Mapping[str, str]
    """All metadata of the file: the settings of hb_mapper."""
    program: memoryview
    """The BPU program, an ``.hbm``."""
    latency_us: int | None
    """The compiler's estimate of the BPU's time in microseconds, if there is one."""
    operations: int
    """Operations of the BPU for one picture; 0 means unknown."""
    doubt: str = ''
    """Reason why the BPU program could not be checked; empty when it was checked."""


def read(path: Path) -> BinFile:
    """
    Read and check a ``.bin`` file.

    :raises ModelError: the file cannot be read, is damaged or larger than
        ``MAX_MODEL_BYTES``, is not for the X5, or does not take one NV12 picture.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise FormatError('a folder or device')
        if size > MAX_MODEL_BYTES:
            raise FormatError(f'a file of {size} bytes, over the limit of {MAX_MODEL_BYTES}')
        with path.open('rb') as file:
            data = memoryview(file.read(size))
    except OSError as error:
        raise ModelError(f'{path}: cannot be read: {error.strerror or error}') from error
    except FormatError as error:
        raise ModelError(f'{path}: expected a .bin model, found {error}') from error
    return parse(data, path)


def parse(data: memoryview, path: Path) -> BinFile:
    """Read and check the bytes of a ``.bin``; see ``read``, which names ``path`` in errors."""
    try:
        return _parse(data, path)
    except FormatError as error:
        raise ModelError(
            f'{path}: expected a .bin compiled by hb_mapper for the RDK X5 ({MARCH}), '
            f'found {foreign(data) or error}; fetch or compile the model again') from error


def foreign(data: memoryview) -> str | None:
    """Return the kind of a file that is not a model; None when its first bytes show none."""
    return next((what for magic, what in _FOREIGN if re.match(magic, data[:64])), None)


def _parse(data: memoryview, path: Path) -> BinFile:
    reader = Reader()
    graphs: list[Graph] = []
    facts: list[dict[str, str]] = []
    for number, kind, value in reader.fields(data):
        if (number, kind) == (2, BYTES):
            raise FormatError('an ONNX model')
        if number in (3, 5):
            graphs.append(Graph.read(reader, contents(kind, value)))
        elif number == 6:
            facts.append(dict(_entries(reader, contents(kind, value))))
        elif number == 4:
            # Older files have one set of metadata for all graphs.
            facts = facts or [{}]
            facts[0].update([_entry(reader, contents(kind, value))])
    if not graphs:
        raise FormatError('no graph in it')
    if not facts:
        raise FormatError('no metadata in it')
    graph, metadata = graphs[0], facts[0]
    program = next((item.program for item in graphs if item.program is not None), None)
    if program is None:
        raise FormatError('no BPU program in it')
    said = bpu_program.read(program, hbdk=metadata.get('HBDK_VERSION', ''))
    for march in (said.march, metadata.get('MARCH', MARCH)):
        if march != MARCH:
            raise ModelError(
                f'{path}: expected a model for the BPU of an RDK X5 ({MARCH}), found one for '
                f'{march[:40]!r}; compile it with march: {MARCH}')
    width, height = _picture(graph, path)
    if not graph.outputs or not graph.outputs[0].shape or not 0 < graph.outputs[0].size < 1 << 24:
        raise FormatError(f'no output with values: {_shorten(graph.outputs)}')
    if not is_class_vector(graph.outputs[0].shape):
        raise ModelError(f'{path}: ' + wrong_output(
            {output.name: output.shape for output in graph.outputs}))
    versions = {name: metadata[key] for key, name in _VERSIONS.items() if key in metadata}
    return BinFile(
        path=path, name=graph.name, march=said.march, input=graph.inputs[0],
        input_type=_INPUTS[graph.input_types[0]], width=width, height=height,
        output=graph.outputs[0], scales=graph.scales(),
        operators=tuple(node.operator for node in graph.nodes),
        models=tuple(item.name for item in graphs),
        versions=MappingProxyType({'hbdk': said.hbdk, 'runtime': said.runtime, **versions}),
        metadata=MappingProxyType(metadata), program=program, latency_us=said.latency_us,
        operations=said.operations, doubt=said.doubt)


def _picture(graph: Graph, path: Path) -> tuple[int, int]:
    """Return width and height of the only input, or raise ModelError."""
    if len(graph.inputs) == 1 == len(graph.input_types) and graph.input_types[0] in _INPUTS:
        shape = graph.inputs[0].shape
        if len(shape) == 4 and shape[0] == 1 and 3 in (shape[1], shape[3]):
            height, width = shape[1:3] if shape[3] == 3 else shape[2:4]
            if 0 < height <= 1 << 14 and 0 < width <= 1 << 14 and height % 2 == width % 2 == 0:
                return width, height
    names = {**_INPUTS, **_OTHER_INPUTS}
    kinds = [names.get(number, f'type {number}') for number in graph.input_types]
    raise ModelError(
        f'{path}: expected one NV12 picture 1x3xHxW as input, H and W even, found '
        f'{len(graph.inputs)} input(s): {_shorten(graph.inputs)} ({_shorten(kinds)}); compile '
        f'the model with input_type_rt: nv12')


def _shorten(items: Sequence[object]) -> str:
    """Return up to three items as short text, so that an error stays one sentence."""
    shown = [str(item)[:80] for item in items[:3]] + ['...'] * (len(items) > 3)
    return ', '.join(shown) or 'none'


def _entries(reader: Reader, message: memoryview) -> Iterator[tuple[str, str]]:
    for number, kind, value in reader.fields(message):
        if number == 1:
            yield _entry(reader, contents(kind, value))


def _entry(reader: Reader, message: memoryview) -> tuple[str, str]:
    """Return key and value of one entry of a map."""
    pair = {1: '', 2: ''}
    for number, kind, value in reader.fields(message):
        if number in pair:
            pair[number] = reader.text(kind, value).strip()
    return pair[1], pair[2]
