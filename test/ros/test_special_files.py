# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Paths to pipes, sockets, devices and folders are refused in one sentence, without blocking."""

from argparse import Namespace
from dataclasses import replace

from edgenext_ros.bench import demo
from edgenext_ros.ros.camera.sources import open_source
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.settings import CameraSettings, ClassifierSettings, ParameterError
from helpers import hostile_folder
import pytest

SETTINGS = replace(ClassifierSettings(), runtime='onnx')
SPECIAL = ('folder', 'pipe', 'socket', 'device')


@pytest.mark.parametrize('found', SPECIAL)
@pytest.mark.parametrize('name,words', [
    ('labels', 'cannot be read: expected a file, found a '),
    ('model', 'expected a model file, found a ')])
def test_classifier_refuses_special_files(special_files, name, words, found):
    with pytest.raises(ValueError, match=words) as caught:
        LoadedModel.open(replace(SETTINGS, **{name: str(special_files[found])}))
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('found', SPECIAL)
def test_camera_refuses_special_files(special_files, found):
    settings = replace(CameraSettings(), source=str(special_files[found]))
    with pytest.raises(ParameterError, match=r"parameter 'source': .*(no webcam|nor a webcam)"):
        open_source(settings.source, repeat=1, loop=False, notice=pytest.fail)


def test_demo_plays_same_pictures_as_other_verbs(tmp_path):
    folder = hostile_folder.make(tmp_path)
    source, names, account = demo.find_source(Namespace(camera=None, video=None, image=folder))
    assert source == str(folder) and names == sorted(hostile_folder.TAKEN)
    assert str(account) == hostile_folder.LINE


@pytest.mark.parametrize('option', ['image', 'video'])
def test_demo_says_that_a_path_does_not_exist(tmp_path, option):
    arguments = {'camera': None, 'video': None, 'image': None, option: tmp_path / 'nothere'}
    with pytest.raises(ValueError, match=r'/nothere: expected a .*, but this path does not exist'):
        demo.find_source(Namespace(**arguments))


def test_demo_names_a_picture_that_does_not_decode(tmp_path):
    (tmp_path / 'a.jpg').touch()
    for path, words in ((tmp_path, 'no picture in it decodes; the first: an empty file'),
                        (tmp_path / 'a.jpg', 'an empty file')):
        with pytest.raises(ValueError) as caught:
            demo.find_source(Namespace(camera=None, video=None, image=path))
        assert str(caught.value) == f'{path}: {words}'


@pytest.mark.parametrize('found', ['pipe', 'socket', 'device'])
def test_demo_refuses_special_files(special_files, found):
    with pytest.raises(ValueError, match=f'found a {found}'):
        demo.find_source(Namespace(camera=None, video=None, image=special_files[found]))
