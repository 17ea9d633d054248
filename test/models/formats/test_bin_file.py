# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading of a .bin; a bad one raises ModelError and nothing else."""

import json
import math
import os
from pathlib import Path
import subprocess
import time
import tracemalloc

from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
from edgenext_ros.models.formats.protobuf_wire import MAX_FIELDS
from edgenext_ros.models.store import locate
from helpers.bin_writer import container, field, message, node, program, varint
import numpy as np
import pytest

PLAIN = container()
DEQUANTIZE = [node('BPU', ['image'], ['raw']), node('Dequantize', ['raw', 'scale'], ['wide']),
              node('Reshape', ['wide', 'shape'], ['logits'])]


@pytest.fixture(scope='module')
def demo():
    """Return the path of the bundled .bin."""
    return locate('demo', suffixes=('.bin',)).path


def parse(data):
    return bin_file.parse(memoryview(data), Path('model.bin'))


def refusal(data):
    """Return the text of the ModelError that bad bytes raise."""
    with pytest.raises(ModelError) as caught:
        parse(data)
    text = str(caught.value)
    assert text.startswith('model.bin: expected ') and ', found ' in text
    assert '\n' not in text and len(text) < 500
    return text


def test_bundled_bin_is_parsed(demo):
    content = bin_file.read(demo)
    assert (content.march, content.input_type, content.width, content.height) == (
        'bayes-e', 'nv12', 224, 224)
    assert (content.output.dtype, content.output.size) == ('float32', 100)
    assert len(content.scales) == 100 and min(content.scales) > 0
    assert content.operators[:2] == ('BPU', 'Dequantize')
    assert set(content.versions) >= {'hb_mapper', 'hbdk', 'runtime'}
    assert content.metadata['INPUT_SPACE_AND_RANGE'].strip(';') == 'regular'
    assert 500 < content.latency_us < 20000
    assert bytes(content.program[:8]) == b'#B2Ehbm#'


def test_parsed_bin_agrees_with_vendors_reader(demo, toolchain):
    code = """
import json, sys
from horizon_tc_ui.hbdtort import runtime_pb2
model = runtime_pb2.ModelProto()
model.ParseFromString(open(sys.argv[1], 'rb').read())
graph = model.graphs[0]
data = {tensor.name: tensor for tensor in graph.initializer}
scale = next(node.input[1] for node in graph.node if node.op_type == 'Dequantize')
print(json.dumps([
    graph.name, [node.op_type for node in graph.node], list(data[scale].float_data),
    len(data['PACKED_HBM_MODEL'].string_data[0]), list(graph.output[0].type.dim),
    {key: value.strip() for key, value in model.metadata_props_info[0].model_info.items()}]))
"""
    result = subprocess.run(
        [toolchain.python, '-c', code, demo], env=toolchain.environment(), capture_output=True,
        text=True, check=False)
    if 'No module named' in result.stderr:
        pytest.skip(f'horizon_tc_ui is not in {toolchain.folder}')
    content = bin_file.read(demo)
    assert json.loads(result.stdout.splitlines()[-1]) == [
        content.name, list(content.operators), list(content.scales), len(content.program),
        list(content.output.shape), dict(content.metadata)]


def test_all_fields_of_a_small_bin_are_read():
    scales = np.array([0.5, 0.25, 1e-7], np.float32)
    content = parse(container(
        name='small', nodes=DEQUANTIZE, scales=scales.tobytes(), outputs=[('logits', 1, (1, 3))],
        inputs=[('picture', 13, (1, 3, 16, 32))]))
    assert (content.name, content.width, content.height) == ('small', 32, 16)
    assert content.input_type == 'nv12_separate' and content.input.name == 'picture'
    assert content.scales == tuple(scales.tolist())
    assert content.operators == ('BPU', 'Dequantize', 'Reshape')
    assert content.output.shape == (1, 3)
    assert (content.latency_us, content.operations) == (1234, 1000)
    assert content.versions == {'hb_mapper': '1.24.3', 'hbdk': '3.49.15', 'runtime': '3.15.55.0'}
    assert bytes(content.program) == program(b'instructions')


@pytest.mark.parametrize('nodes, scales', [
    ([node('BPU', ['image'], ['logits'])], b''),
    ([node('BPU', ['image'], ['raw']), node('Dequantize', ['raw', 'scale', 'zero'], ['logits'])],
     np.ones(10, np.float32).tobytes())], ids=['integers', 'zero points'])
def test_scales_are_empty_without_a_plain_dequantize_node(nodes, scales):
    assert parse(container(nodes=nodes, scales=scales)).scales == ()


def test_names_are_printable():
    assert parse(container(name='a\x1b[2J\nb')).name == 'a\ufffd[2J\ufffdb'


@pytest.mark.parametrize('data, words', [
    (b'', 'no bytes'),
    (b'\n <!DOCTYPE html><html>', 'an HTML or XML page'),
    (b'PK\x03\x04' + bytes(100), 'a zip archive'),
    (program(b'x'), 'a bare BPU program (.hbm)'),
    (b'version https://git-lfs.github.com/spec/v1\n', 'a Git LFS pointer'),
    (message((1, 8), (2, 'pytorch'), (3, '2.1'), (7, b'')), 'an ONNX model'),
    (bytes(10000), 'a field without a number'),
    (np.zeros(999, np.float32).tobytes(), 'a field without a number'),
    (PLAIN[:len(PLAIN) // 2], 'bytes where'),
    (PLAIN[:-1], 'bytes where'),
    (message((1, 1), (2, 1)), 'no graph in it'),
    (message((5, message((2, 'empty'))), (6, message((1, b'')))), 'no BPU program in it'),
    (container()[:4] + field(5, b''), 'no metadata'),
    (container(whole=b'#B2Ehbm#'), 'begins with'),
    (container(whole=b'STANDIN' + bytes(999)), 'begins with'),
    (container(tag=b'B25'), "found one for 'bayes'"),
    (container(tag=b'X2A'), "found one for 'bernoulli2'"),
    (container(tag=b'B30'), "found one for 'B30'"),
    (container(metadata={'MARCH': 'nash-e'}), "found one for 'nash-e'"),
    (container(inputs=[]), '0 input(s): none (none)'),
    (container(inputs=[('a', 7, (1, 16, 32, 3)), ('b', 7, (1, 16, 32, 3))]), '2 input(s)'),
    (container(inputs=[('a' * 999, 7, (1, 16, 32, 3))] * 999), '999 input(s): aaa'),
    (container(metadata={'MARCH': 'x' * 9999}), "found one for 'xxx"),
    (container(outputs=[('a' * 999, 1, (0,))] * 999), 'no output with values: aaa'),
    (container(inputs=[('a', 10, (1, 16, 32, 3))]), '(rgb); compile the model with input_type_rt'),
    (container(inputs=[('a', 99, (1, 16, 32, 3))]), '(type 99)'),
    (container(inputs=[('a', 7, (1, 15, 32, 3))]), '1x15x32x3'),
    (container(inputs=[('a', 7, (1, 16, 32, 1))]), '1x16x32x1'),
    (container(inputs=[('a', 7, (2, 16, 32, 3))]), '2x16x32x3'),
    (container(inputs=[('a', 7, (1, 0, 32, 3))]), '1x0x32x3'),
    (container(inputs=[('a', 7, (1, 1 << 30, 32, 3))]), 'found 1 input(s)'),
    (container(inputs=[('a', 7, (1, -16, 32, 3))]), 'a tensor of shape'),
    (container(inputs=[('a', 7, (1,) * 9)]), 'more than 8 integers'),
    (container(outputs=[]), 'no output with values: none'),
    (container(outputs=[('logits', 1, (1, 0))]), 'no output with values: logits float32 1x0'),
    (container(outputs=[('logits', 1, ())]), 'of no shape'),
    (container(outputs=[('logits', 1, (1 << 30, 1 << 30))]), 'no output with values'),
    (container(nodes=DEQUANTIZE), 'without finite scales'),
    (container(nodes=DEQUANTIZE, scales=b'123'), '3 bytes of float32'),
    (container(nodes=DEQUANTIZE, scales=np.float32(math.nan).tobytes()), 'without finite'),
    (container(nodes=[node('Reshape', ['logits'], ['logits'])]), 'a graph with a cycle'),
], ids=lambda value: None if isinstance(value, bytes) else value[:30])
def test_bin_unusable_on_board_is_refused(data, words):
    assert words in refusal(data)


@pytest.mark.parametrize('data, words', [
    (varint(5 << 3 | 2) + varint(1 << 62), 'claims 4611686018427387904 bytes where 0 are left'),
    (varint(5 << 3 | 2) + b'\xff' * 9 + b'\x01', 'claims 18446744073709551615 bytes'),
    (varint(5 << 3 | 2) + b'\xff' * 30, 'a number of more than 10 bytes'),
    (b'\x80' * 5, 'an end in the middle of a number'),
    (varint(5 << 3 | 3), 'wire type 3'),
    (field(5, 7), 'a number (wire type 0) where'),
    (field(5, field(4, 7)), 'a number (wire type 0) where'),
    (field(5, field(4, field(2, field(1, b'')))), 'wire type 2 where an integer belongs'),
    (field(5, field(2, 'x' * (9 << 20))), 'bytes of text'),
    (field(9, 0) * (MAX_FIELDS + 1), f'more than {MAX_FIELDS} fields'),
    (field(5, field(7, bytes(1 << 20))), 'more than 64 integers'),
], ids=lambda value: None if isinstance(value, bytes) else value[:30])
def test_wrong_lengths_take_no_memory(data, words):
    begin = time.monotonic()
    assert words in refusal(data)
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize('at, words', [
    (0x300, 'whose instructions have the CRC-32'), (-1, 'whose weights have the CRC-32'),
    (0x6c, 'that says it has'), (0x70, 'without a model'), (0x6b, 'list of models would'),
    (0xb8 + 6, 'table would end'), (0xd0 + 0xa4 + 3, 'instructions would end'),
    (0xd0 + 0xc0 + 3, 'weights would end'), (0xd0 + 0xf0 + 3, 'segment would end'),
    (4, 'begins with')])
def test_flipped_bit_in_program_is_refused(at, words):
    whole = bytearray(program(b'instructions'))
    whole[at] ^= 1 if at in (0x70, 0x300, -1) else 0x80
    assert words in refusal(container(whole=bytes(whole)))


def test_flipped_bit_in_bundled_program_is_refused(demo):
    data = bytearray(demo.read_bytes())
    random = np.random.default_rng(0)
    found = 0
    for _ in range(20):
        at, bit = int(random.integers(len(data) // 4, len(data) * 3 // 4)), 1 << random.integers(8)
        data[at] ^= bit
        try:
            parse(bytes(data))
        except ModelError as error:
            found += 'CRC-32' in str(error)
        data[at] ^= bit
    assert found >= 15  # The others are in the gap between instructions and weights.


def mutated(data, random):
    """Return ``data`` with a few random faults."""
    data = bytearray(data)
    for _ in range(random.integers(1, 5)):
        at, length = int(random.integers(len(data))), int(random.integers(1, 40))
        what = random.integers(6)
        if what == 0:
            data[at] ^= 1 << random.integers(8)
        elif what == 1:
            data[at] = random.choice([0, 1, 0x7F, 0x80, 0xFF])
        elif what == 2:
            data[at:at + length] = b''
        elif what == 3:
            data[at:at] = random.bytes(length)
        elif what == 4:
            data[at:at] = data[int(random.integers(len(data))):][:length]
        else:
            data[at:at + length] = b'\xff' * length
        if not data:
            break
    return bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(4))
def test_random_faults_are_model_errors_or_harmless(seed):
    random = np.random.default_rng(seed)
    whole = container(nodes=DEQUANTIZE, scales=np.ones(10, np.float32).tobytes())
    # Most faults in the whole file hit the program; without it, they hit the structure.
    bare = container(whole=b'', nodes=DEQUANTIZE, scales=np.ones(10, np.float32).tobytes())
    tracemalloc.start()
    try:
        for trial in range(1500):
            data = mutated(whole if trial % 2 else bare, random)
            try:
                content = parse(data)
            except ModelError as error:
                assert '\n' not in str(error)
            else:
                assert content.width > 0 and content.output.size > 0
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_bin_truncated_anywhere_is_refused():
    for end in range(len(PLAIN)):
        refusal(PLAIN[:end])


def test_folder_missing_or_huge_file_is_refused(tmp_path):
    huge, pipe = tmp_path / 'huge.bin', tmp_path / 'pipe.bin'
    huge.touch()
    os.truncate(huge, bin_file.MAX_MODEL_BYTES + 1)
    os.mkfifo(pipe)
    for path, words in ((tmp_path / 'none.bin', 'No such file'), (tmp_path, 'a folder or device'),
                        (pipe, 'a folder or device'), (huge, f'over the limit of {1 << 28}')):
        with pytest.raises(ModelError, match=words) as caught:
            bin_file.read(path)
        assert str(path) in str(caught.value)
