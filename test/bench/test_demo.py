# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The demo: which pictures it plays for how long, and whose log it shows after a failure."""

import json

import cv2
from edgenext_ros.cli import main
import pytest

pytest.importorskip('rclpy')


@pytest.mark.parametrize('count,seconds,played,hold', [
    (4, None, 4, 5.0), (4, 20.0, 4, 5.0), (4, 8.0, 4, 2.0), (50, None, 50, 1.0),
    (50, 8.0, 8, 1.0), (50, 8.5, 8, 1.0625), (50, 1.0, 1, 1.0), (1, 3.0, 1, 3.0),
    (0, 30.0, 0, 30.0), (0, None, 0, 20.0)])
def test_demo_plays_no_longer_than_asked_for(count, seconds, played, hold):
    from edgenext_ros.bench.demo import choose_pictures
    names = [str(number) for number in range(count)]
    assert choose_pictures(names, seconds) == (names[:played], hold)


@pytest.mark.parametrize('playing,of_video,name', [
    ('a.jpg', False, 'a.jpg'), ('clip frame 12.jpg', False, 'clip frame 12.jpg'),
    ('a frame 2', False, 'a frame 2'), ('clip frame 12.mp4 frame 0', True, 'clip frame 12.mp4'),
    ('0 frame 1', True, '0'), ('0', True, '0')])
def test_picture_may_be_named_like_a_frame_of_a_video(playing, of_video, name):
    from edgenext_ros.bench.demo_watcher import picture_name
    assert picture_name(playing, of_video=of_video) == name


def test_demo_of_a_large_folder_ends_after_the_given_seconds(private_graph, tmp_path, photograph,
                                                             capsys):
    for number in range(30):
        cv2.imwrite(str(tmp_path / f'{number:02}.png'), photograph)
    figures = tmp_path / 'figures.json'
    assert main(['demo', '--image', str(tmp_path), '--seconds', '2', '--json', str(figures)]) == 0
    played = {entry['picture'] for entry in json.loads(figures.read_text())}
    assert played and played <= {'00.png', '01.png'}
    assert capsys.readouterr().out.startswith(f'playing 2 of 30 pictures of {tmp_path} on ')


@pytest.mark.parametrize('arguments,process,reason', [
    (['--camera', '99'], 'camera', "parameter 'source': no webcam /dev/video99 on this machine; "),
    (['--video', 'broken.jpg'], 'camera', 'left out 1 of 1: 1 damaged (broken.jpg)'),
    (['--model', 'broken.jpg'], 'classifier', 'broken.jpg: expected a .bin (BPU) or .onnx file')],
    ids=lambda value: value[0] if isinstance(value, list) else '')
def test_demo_shows_the_log_of_the_process_that_ended(private_graph, tmp_path, monkeypatch,
                                                      capsys, arguments, process, reason):
    (tmp_path / 'broken.jpg').write_text('not a picture')
    monkeypatch.chdir(tmp_path)
    assert main(['demo', *arguments]) == 1
    error = capsys.readouterr().err
    assert f'the {process} process ended with exit code 1: ' in error and reason in error
    assert 'nobody publishes' not in error
