# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime: input of the network from NV12, and refused models."""

from types import SimpleNamespace

import cv2
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.engines.base import EngineOptions, infer, InferenceError
from edgenext_ros.engines.onnx import Nv12Normaliser, Onnx, OnnxSlot
from edgenext_ros.models import ModelError
from helpers.onnx_writer import FLOAT, INT64, model, node, UINT8
import numpy as np
import pytest

onnxruntime = pytest.importorskip('onnxruntime')

MEAN = np.array([123.675, 116.28, 103.53])[:, None, None]
DEVIATION = np.array([58.395, 57.12, 57.375])[:, None, None]


@pytest.mark.parametrize('rgb', [(0, 0, 0), (255, 255, 255), (250, 10, 10), (10, 250, 10),
                                 (10, 10, 250), (124, 116, 104)], ids=str)
def test_plain_colours_are_normalised_as_timm_does(rgb):
    image = np.full((8, 8, 3), rgb[::-1], np.uint8)
    nv12 = Nv12Converter(width=8, height=8).convert(Frame.from_image(image))
    found = Nv12Normaliser(width=8, height=8)(nv12)
    expected = (np.array(rgb)[:, None, None] - MEAN) / DEVIATION
    assert found.shape == (1, 3, 8, 8)
    assert found.dtype == np.float32
    # NV12 has integers only: one step of chroma is up to 1.8 steps of blue.
    assert np.abs((found[0] - expected) * DEVIATION).max() < 2


def test_a_photograph_reaches_the_network_as_rgb(photograph):
    image = cv2.resize(photograph, (224, 224), interpolation=cv2.INTER_AREA)
    nv12 = Nv12Converter(width=224, height=224).convert(Frame.from_image(image))
    found = Nv12Normaliser(width=224, height=224)(nv12)[0] * DEVIATION + MEAN
    assert np.abs(found - image[..., ::-1].transpose(2, 0, 1)).mean() < 3


def test_file_that_is_no_onnx_model_is_refused(tmp_path):
    path = tmp_path / 'model.onnx'
    path.write_bytes(b'no model')
    with pytest.raises(ModelError, match='not a readable ONNX model'):
        Onnx().open(path, EngineOptions())


def test_two_threads_that_do_not_spin_run_an_inference(tmp_path, monkeypatch):
    begun, session = [], onnxruntime.InferenceSession

    def begin(path, settings, **others):
        begun.append((settings.intra_op_num_threads, settings.get_session_config_entry(
            'session.intra_op.allow_spinning')))
        return session(path, settings, **others)

    monkeypatch.setattr(onnxruntime, 'InferenceSession', begin)
    path = tmp_path / 'model.onnx'
    path.write_bytes(model(POOLED, outputs=[('logits', (1, 3))]))
    Onnx().open(path, EngineOptions())
    assert begun == [(2, '0')]


POOLED = (node('GlobalAveragePool', ['image'], ['pooled']),
          node('Flatten', ['pooled'], ['logits'], axis=1))
MAP = node('Relu', ['image'], ['map'])


@pytest.mark.parametrize('nodes,outputs,classes', [
    (POOLED, [('logits', (1, 3))], 3),
    (POOLED[:1], [('pooled', (1, 3, 1, 1))], 3),
    ((*POOLED, MAP), [('logits', (1, 3)), ('map', (1, 3, 8, 8))], 3),
    ((*POOLED, MAP), [('logits', ('b', 3)), ('map', ('b', 3, 8, 8))], 3),
    ((*POOLED, node('Squeeze', ['logits'], ['flat'])), [('flat', (3,))], 3),
], ids=['vector', '1x1 map', 'vector, then a map', 'free batch', 'without a batch'])
def test_output_of_one_value_per_class_is_taken(tmp_path, nodes, outputs, classes):
    path = tmp_path / 'model.onnx'
    path.write_bytes(model(nodes, outputs=outputs))
    engine = Onnx()
    info = engine.open(path, EngineOptions())
    assert info.classes == classes
    grey = np.full(96, 128, np.uint8)
    expected = (128 - MEAN.ravel()) / DEVIATION.ravel()
    np.testing.assert_allclose(infer(engine, grey), expected, atol=1e-3)


@pytest.mark.parametrize('nodes,outputs,words', [
    ((MAP, *POOLED), [('map', (1, 3, 8, 8)), ('logits', (1, 3))],
     'found map 1x3x8x8, which is a map; logits 1x3 would be one: export the model with it'),
    ((MAP,), [('map', (1, 3, 8, 8))], 'found map 1x3x8x8, which is a map'),
    ((node('Transpose', ['image'], ['moved']), *POOLED),
     [('moved', (8, 8, 3, 1)), ('pooled', (1, 3, 1, 1))], 'pooled 1x3x1x1 would be one'),
    ((*POOLED, node('ReduceMean', ['logits'], ['mean'])), [('mean', (1, 1))], 'found mean 1x1'),
], ids=['map first', 'only a map', 'another order', 'one value'])
def test_a_feature_map_is_no_class_vector(tmp_path, nodes, outputs, words):
    path = tmp_path / 'model.onnx'
    path.write_bytes(model(nodes, outputs=outputs))
    with pytest.raises(ModelError) as caught:
        Onnx().open(path, EngineOptions())
    said = str(caught.value)
    assert said.startswith(f'{path}: expected one value per class as first output, ')
    assert words in said and '\n' not in said


@pytest.mark.parametrize('image,kind,words', [
    (('image', (4, 3, 8, 8)), 1, '[4, 3, 8, 8]'), (('image', (1, 8, 8, 3)), 1, '[1, 8, 8, 3]'),
    (('image', (1, 3, 'h', 'w')), 1, "[1, 3, 'h', 'w']"),
    (('image', (1, 1, 8, 8)), 1, '[1, 1, 8, 8]'), (('image', (1, 3, 7, 8)), 1, '[1, 3, 7, 8]'),
    (('image', (1, 3, 8, 7)), 1, '[1, 3, 8, 7]'),
    (('image', (1, 3, 8, 8)), UINT8, 'tensor(uint8)')],
    ids=['batch of 4', 'channels last', 'free size', 'grey', 'odd height', 'odd width', 'bytes'])
def test_another_input_is_refused(tmp_path, image, kind, words):
    path = tmp_path / 'model.onnx'
    path.write_bytes(model([node('Identity', ['image'], ['out'])], image=image, kind=kind,
                           kinds=[kind], outputs=[('out', image[1])]))
    with pytest.raises(ModelError, match='expected one float input 1x3xHxW') as caught:
        Onnx().open(path, EngineOptions())
    assert words in str(caught.value)


def test_text_as_first_output_is_refused(tmp_path):
    path, text = tmp_path / 'model.onnx', 8
    path.write_bytes(model(
        (*POOLED, node('Cast', ['image'], ['text'], to=text)), kinds=[text, FLOAT],
        outputs=[('text', (1, 3, 8, 8)), ('logits', (1, 3))]))
    with pytest.raises(ModelError, match=r'as first output, found tensor\(string\)'):
        Onnx().open(path, EngineOptions())


def test_second_input_is_refused(tmp_path, monkeypatch):
    image = SimpleNamespace(name='image', type='tensor(float)', shape=[1, 3, 8, 8])
    monkeypatch.setattr(onnxruntime, 'InferenceSession', lambda *_, **__: SimpleNamespace(
        get_inputs=lambda: [image, image]))
    with pytest.raises(ModelError, match=r'found tensor\(float\) \[1, 3, 8, 8\], tensor\(float\)'):
        Onnx().open(tmp_path / 'model.onnx', EngineOptions())


def test_failed_run_is_one_sentence():
    def run(*_):
        raise RuntimeError('Non-zero status code\n  from node Relu')

    name = [SimpleNamespace(name='image')]
    slot = OnnxSlot(SimpleNamespace(get_inputs=lambda: name, get_outputs=lambda: name, run=run),
                    width=2, height=2)
    with pytest.raises(InferenceError, match='failed: Non-zero status code from node Relu'):
        slot.run()


def test_index_of_the_best_class_is_no_class_vector(tmp_path):
    path = tmp_path / 'model.onnx'
    path.write_bytes(model((*POOLED, node('ArgMax', ['logits'], ['best'], axis=1)), kinds=[INT64],
                           outputs=[('best', (1, 1))]))
    with pytest.raises(ModelError, match='found best 1x1'):
        Onnx().open(path, EngineOptions())
