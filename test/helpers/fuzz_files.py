# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read models and label lists, allowing only documented errors; files to damage."""

from pathlib import Path

from edgenext_ros.core.labels import LabelError, LabelSet
from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
from edgenext_ros.models.formats.protobuf_wire import FormatError, Reader
from helpers.bin_writer import container, node

MODELS = [
    container(), container(tag=b'B25'), container(scales=bytes(40), nodes=[
        node('BPU', ['image'], ['raw']), node('Dequantize', ['raw', 'scale'], ['logits'])])]
LABELS = [b'cat\ndog\n', '\ufeffn01440764 tench\nn01443537 goldfish\n'.encode(),
          b'["cat", "dog"]', b'{"0": "cat", "1": ["n01440764", "tench"]}', b'{"0": 1}', b'[[', b'']


def read_bin(data):
    """Read a model, or check that it is refused in one short line."""
    try:
        found = bin_file.parse(memoryview(data), Path('model.bin'))
    except ModelError as error:
        assert '\n' not in str(error)
        assert len(str(error)) < 1000
        return
    assert found.width > 0
    assert found.output.size > 0


def read_wire(data):
    """Read all nested fields, or check that they are refused in one line."""
    reader = Reader()
    waiting = [memoryview(data)]
    try:
        while waiting:
            waiting += [value for _, kind, value in reader.fields(waiting.pop())
                        if kind == 2 and len(value) < 64]
    except FormatError as error:
        assert '\n' not in str(error)


def read_labels(text):
    """Read a label list, or check that it is refused; names must fit into a message."""
    try:
        labels = LabelSet.parse(text, source='labels.txt')
    except LabelError as error:
        assert str(error).startswith('labels.txt: ')
        return
    assert len(labels) > 0
    assert all(name.strip() for name in labels.names)
    for name in labels.names:
        assert name.encode().decode() == name, 'a message can carry it'
