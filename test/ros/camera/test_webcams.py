# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Webcams: a missing one is named before OpenCV tries to open it."""

from pathlib import Path

from edgenext_ros.ros.camera import webcams
from edgenext_ros.ros.camera.sources import open_source
from edgenext_ros.ros.camera.webcams import is_webcam, missing_webcam
from edgenext_ros.ros.settings import ParameterError
import pytest


@pytest.fixture
def devices(tmp_path, monkeypatch):
    """Return a function that puts files with these names into the folder of devices."""
    monkeypatch.setattr(webcams, '_DEVICES', tmp_path)

    def make(*names):
        for name in ('null', 'video', 'videoX', *names):
            (tmp_path / name).touch()
        return tmp_path

    return make


@pytest.mark.parametrize('names,says', [
    ((), 'there is none'), (('video2',), 'there is: {0}/video2'),
    (('video10', 'video2'), 'there are: {0}/video2, {0}/video10')], ids=str)
def test_missing_webcam_is_named_with_the_others_before_opencv_is_asked(
        devices, capfd, names, says):
    folder = devices(*names)
    with pytest.raises(ParameterError) as caught:
        open_source('0', repeat=1, loop=False, notice=print)
    assert str(caught.value).startswith(
        f"parameter 'source': no webcam {folder}/video0 on this machine; {says.format(folder)}; ")
    assert 'OpenCV' not in str(caught.value)
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('source', ['/dev/videonone', '/dev/v4l/by-id/usb-none'])
def test_device_that_does_not_exist_is_a_missing_webcam(devices, source):
    folder = devices('video1')
    assert missing_webcam(source) == (
        f'no webcam {source} on this machine; there is: {folder}/video1')


@pytest.mark.parametrize('source,expected', [
    ('0', True), ('{0}/video0', True), ('{0}/front_camera', True), ('{0}/v4l/by-id/usb', True),
    ('{0}/shm/clip.mp4', False), ('/nowhere/video0', False), ('{0}/null', False),
    ('/dev/null', False)])
def test_source_is_a_webcam_or_the_path_of_a_missing_one(devices, source, expected):
    assert is_webcam(source.format(devices())) == expected


@pytest.mark.parametrize('major,expected', [(81, True), (4, False)])
def test_character_device_of_video4linux_is_a_webcam(monkeypatch, major, expected):
    monkeypatch.setattr(webcams.os, 'major', lambda device: major)
    assert is_webcam('/dev/null') == expected


def test_missing_video_in_a_folder_of_dev_is_no_webcam():
    with pytest.raises(ParameterError, match='a video, nor a webcam; this path does not exist'):
        open_source('/dev/shm/nowhere/clip.mp4', repeat=1, loop=False, notice=print)


def test_webcam_that_may_be_opened_is_not_missing(devices):
    devices('video3')
    assert not missing_webcam('3') and not missing_webcam('03')


def test_webcam_of_another_group_is_reported(devices, monkeypatch):
    folder = devices('video0')
    monkeypatch.setattr(webcams.os, 'access', lambda path, mode: path != folder / 'video0')
    assert missing_webcam('0').startswith(f'no permission for {Path(folder)}/video0: add this us')
    with pytest.raises(ParameterError) as caught:
        open_source('0', repeat=1, loop=False, notice=print)
    assert str(caught.value).startswith("parameter 'source': no permission for ")
    assert 'OpenCV' not in str(caught.value) and 'another webcam' not in str(caught.value)
