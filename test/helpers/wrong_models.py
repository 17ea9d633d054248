# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Model files that a node must refuse."""

from pathlib import Path

from edgenext_ros.models.store import locate


def demo_model() -> Path:
    """Return the bundled ONNX file."""
    return locate('demo', suffixes=('.onnx',)).path


def truncated(folder):
    """Write the first part of the demo model."""
    path = folder / 'truncated.onnx'
    path.write_bytes(demo_model().read_bytes()[:100_000])
    return path


def resized(side):
    """Make the demo model claim another input size: its dimensions are two varints of 224."""
    def make(folder):
        path = folder / f'size_{side}.onnx'
        dimensions = b'\x0a\x03\x08\xe0\x01'
        other = b'\x0a\x03\x08' + bytes([side & 0x7f | 0x80, side >> 7])
        data = demo_model().read_bytes()
        assert data.count(dimensions) >= 2
        path.write_bytes(data.replace(dimensions, other))
        return path
    return make


def text_file(folder):
    """Write text under the name of weights."""
    path = folder / 'model.pt'
    path.write_text('hello')
    return path


def empty_bin(folder):
    """Write a .bin without a byte."""
    path = folder / 'model.bin'
    path.write_bytes(b'')
    return path


WRONG_MODELS = {
    'a missing file': (lambda folder: folder / 'none.onnx', 'not a file, and not in the catalog'),
    'a folder': (lambda folder: folder, 'expected a'),
    'a truncated file': (truncated, 'not a readable ONNX model'),
    'an odd input size': (resized(225), 'H and W even'),
    'another input size': (resized(192), 'ONNX'),
    'another kind of file': (text_file, 'expected a .bin (BPU) or .onnx file'),
    'a bin without a board': (empty_bin, 'no engine for model.bin works on this machine'),
    'a model that is not fetched': (lambda folder: 'xx_small', 'is not on this machine'),
}
