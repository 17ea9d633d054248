# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The stored pictures and outputs belong to the bundled model, and are what it answers."""

import json
import shutil

from edgenext_ros.engines.base import infer
from edgenext_ros.engines.select import open_model
from edgenext_ros.models import checksum
from edgenext_ros.selftest import reference
from edgenext_ros.selftest.make_reference import ENGINE_OF_KIND, make_pictures
import numpy as np
import pytest

KINDS = ('bin', 'onnx')


@pytest.fixture(params=KINDS)
def stored(request):
    """Load the stored outputs for one of the bundled files."""
    return reference.load(reference.model_of(ENGINE_OF_KIND[request.param]))


@pytest.fixture
def own_folder(monkeypatch, tmp_path):
    """Copy the stored files, and let the self-test read the copies."""
    folder = shutil.copytree(reference.folder(), tmp_path / 'selftest')
    monkeypatch.setattr(reference, 'folder', lambda: folder)
    return folder


@pytest.mark.parametrize('kind', KINDS)
def test_outputs_are_those_of_the_bundled_file(kind):
    facts = json.loads((reference.folder() / 'reference.json').read_text(encoding='utf-8'))
    model = reference.model_of(ENGINE_OF_KIND[kind])
    assert model.name == f'demo.{kind}'
    assert checksum.digest(model).sha256 == facts[kind]['sha256']


def test_pictures_and_outputs_fit_together(stored):
    assert stored.pictures.shape == (12, 224 * 224 * 3 // 2)
    assert stored.pictures.dtype == np.uint8
    for outputs in (stored.outputs, *stored.misread_outputs.values()):
        assert (outputs.shape, outputs.dtype) == ((12, 100), np.float32)
        assert np.isfinite(outputs).all()
    assert len(set(stored.names)) == 12 and {*reference.COLOUR_PICTURES} < {*stored.names}


def test_no_two_pictures_have_similar_outputs(stored):
    """Otherwise an answer for another picture is not recognised."""
    apart = abs(stored.outputs[:, None] - stored.outputs).max(2)
    assert apart[~np.eye(12, dtype=bool)].min() > 1


def test_misread_pictures_have_other_outputs(stored):
    for name, outputs in stored.misread_outputs.items():
        apart = abs(outputs - stored.outputs).max(1)
        grey = [stored.index('camera'), stored.index('grey ramp')]
        if name == 'swapped chroma':
            assert (apart[grey] == 0).all()
            apart = np.delete(apart, grey)
        assert apart.min() > 100 * stored.steps.max()


def test_quantisation_steps_are_the_scales_after_the_bpu_program():
    stored = reference.load(reference.model_of('simulator'))
    integers = stored.outputs.astype(np.float64) / stored.steps
    assert abs(integers - np.rint(integers)).max() < 0.02  # float32 has 24 bits
    assert abs(integers).max() > 50000
    assert stored.steps.shape == (100,) and 6e-5 < stored.steps.min() < stored.steps.max() < 2e-4


def test_pictures_are_the_bundled_photographs(stored):
    """Other versions of OpenCV decode and resize them to slightly other bytes."""
    made = dict(make_pictures())
    assert tuple(made) == stored.names
    for row, nv12 in enumerate(made.values()):
        assert abs(stored.pictures[row].astype(int) - nv12).mean() < 1


@pytest.mark.parametrize('name', reference.COLOUR_PICTURES)
def test_colour_pictures_are_within_limited_range(stored, name):
    assert reference.is_within_range(stored.pictures[stored.index(name)])


def test_misreadings_are_what_they_say():
    picture = np.full(224 * 224 * 3 // 2, 235, np.uint8)
    picture[224 * 224::2] = 16
    swapped, expanded = (misread(picture) for misread in reference.MISREADINGS.values())
    assert set(swapped[224 * 224::2]) == {235} and set(swapped[224 * 224 + 1::2]) == {16}
    assert set(expanded[:224 * 224]) == {255} and set(expanded[224 * 224::2]) == {0}
    assert set(picture[224 * 224::2]) == {16}


def test_outputs_for_another_model_file_are_refused(own_folder, tmp_path):
    changed = tmp_path / 'demo.onnx'
    changed.write_bytes(b'another file')
    with pytest.raises(reference.ReferenceMissingError, match='expected the file whose outputs'):
        reference.load(changed)


@pytest.mark.parametrize('damage', [
    lambda folder: (folder / 'reference.npz').unlink(),
    lambda folder: (folder / 'reference.npz').write_bytes(b'PK\x03\x04 cut off'),
    lambda folder: (folder / 'reference.npz').write_bytes(b''),
    lambda folder: (folder / 'reference.json').write_text('{}'),
    lambda folder: (folder / 'reference.json').write_text('not JSON')])
def test_damaged_files_are_one_sentence(own_folder, damage):
    damage(own_folder)
    with pytest.raises(reference.ReferenceMissingError, match='install the package again'):
        reference.load(reference.model_of('onnx'))


def answers(kind, pictures):
    engine, _ = open_model(reference.model_of(ENGINE_OF_KIND[kind]), runtime=ENGINE_OF_KIND[kind])
    try:
        return np.stack([infer(engine, nv12) for nv12 in pictures])
    finally:
        engine.close()


def test_onnx_runtime_gives_the_stored_outputs(onnxruntime):
    stored = reference.load(reference.model_of('onnx'))
    assert abs(answers('onnx', stored.pictures) - stored.outputs).max() < reference.FLOAT_STEP


@pytest.mark.slow
def test_simulator_gives_the_stored_outputs(toolchain):
    stored = reference.load(reference.model_of('simulator'))
    assert (answers('bin', stored.pictures) == stored.outputs).all()


@pytest.mark.slow
@pytest.mark.parametrize('name', reference.MISREADINGS)
def test_simulator_gives_the_stored_outputs_for_misread_pictures(toolchain, name):
    stored = reference.load(reference.model_of('simulator'))
    rows = [stored.index(picture) for picture in reference.COLOUR_PICTURES]
    misread = [reference.MISREADINGS[name](stored.pictures[row]) for row in rows]
    assert (answers('bin', misread) == stored.misread_outputs[name][rows]).all()
