# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The classifier over DDS: results, bad frames, input types, outputs."""

import sys
from types import SimpleNamespace

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import FrameError
from edgenext_ros.ros import messages
from helpers.diagnosed import status
from helpers.ros_graph import BEST_EFFORT, compressed, LATCHED, RELIABLE
import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool
from vision_msgs.msg import VisionInfo


@pytest.mark.parametrize('qos', [RELIABLE, BEST_EFFORT], ids=['reliable', 'best_effort'])
def test_result_has_the_header_and_is_sorted(ros, classifier, make_image, qos):
    _, results, camera = classifier(qos=qos, top_k=3)
    image = make_image()
    result = ros.ask(camera, image, results)
    assert result.header == image.header
    scores = [r.score for r in result.results]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert 0 < sum(scores) <= 1.0001
    assert all(0 <= int(r.class_id) < 100 for r in result.results)


@pytest.mark.parametrize('encoding', ['nv12', 'yuv422_yuy2', 'bayer_rggb8', 'mono16', 'rgba8'])
def test_other_encodings_are_classified(ros, classifier, make_image, encoding):
    _, results, camera = classifier()
    ours = ros.ask(camera, make_image(encoding), results)
    if not encoding.startswith('mono'):
        plain = ros.ask(camera, make_image('bgr8'), results)
        assert ours.results[0].class_id == plain.results[0].class_id


def test_late_subscribers_get_labels_and_model(ros, classifier, make_image):
    _, results, camera = classifier(class_id='name')
    result = ros.ask(camera, make_image(), results)
    labels = ros.collect(messages.LabelInfo, '/classifier/label_info', LATCHED)
    ros.wait(lambda: labels, what='label info')
    names = [entry.class_name for entry in labels[0].class_map]
    assert [entry.class_id for entry in labels[0].class_map] == list(range(100))
    assert result.results[0].class_id in names
    info = ros.collect(VisionInfo, '/classifier/vision_info', LATCHED)
    ros.wait(lambda: info, what='vision info')
    assert 'demo' in info[0].method
    assert info[0].database_location.endswith('caltech_101.txt')
    assert info[0].database_version == 1


BAD = {
    'unknown encoding': ({'encoding': 'foo'}, "encoding 'foo' is not supported"),
    'depth image': ({'encoding': '32FC1', 'step': 320 * 4, 'data': bytes(320 * 240 * 4)},
                    "encoding '32FC1' is not supported"),
    'empty encoding': ({'encoding': ''}, "encoding '' is not supported"),
    'truncated': ({'data': bytes(320 * 240 * 3 - 1)}, 'data is truncated: expected 230400'),
    'oversized': ({'data': bytes(320 * 240 * 3 + 1)}, 'data is oversized: expected 230400'),
    'no data': ({'data': b''}, 'found 0'),
    'zero size': ({'width': 0}, 'width and height must be at least 1'),
    'short step': ({'step': 10}, 'a row has 960 bytes, but step is 10'),
    'odd nv12': ({'encoding': 'nv12', 'width': 319}, 'width must be even'),
}


def test_bad_frames_are_reported_and_the_next_good_one_is_classified(ros, classifier, make_image):
    process, results, camera = classifier()
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    ros.ask(camera, make_image(), results)
    for name, (changes, sentence) in BAD.items():
        results.clear()
        camera.publish(make_image(**changes))
        ros.wait(lambda s=sentence: s in process.output, what=f'the sentence on {name}')
        good = make_image()
        assert ros.ask(camera, good, results).header == good.header
    assert 'Traceback' not in process.output
    ros.wait(lambda: process.output.count('frames give results again') == len(BAD))
    assert all(line.startswith('[') for line in process.output.splitlines())
    ros.wait(lambda: (status(diagnostics) or (0, '', {}))[2].get('refused') == str(len(BAD)),
             what='the count of refused frames')


def test_broken_compressed_images_are_reported(ros, classifier, photograph):
    process, results, camera = classifier(input_type='compressed')
    _, data = cv2.imencode('.jpg', photograph)
    ros.ask(camera, compressed(data, 1), results)
    for number, (broken, sentence) in enumerate([
            (data[:data.size // 2], 'is truncated: no end marker'),
            (data[:0], 'no data'),
            (np.frombuffer(b'hello', np.uint8), 'does not decode')], start=2):
        camera.publish(compressed(broken, number))
        ros.wait(lambda s=sentence: s in process.output, what=sentence)
        ros.ask(camera, compressed(data, 100 + number), results)
    assert {r.header.stamp.sec for r in results} == {1, 102, 103, 104}


class CvBridge:
    """
    Stand-in for the compiled part of cv_bridge, which PyPI's package lacks.

    It converts 16SC3 only.
    """

    def encoding_to_dtype_with_channels(self, encoding):
        if encoding != '16SC3':
            raise KeyError(encoding)
        return 'int16', 3

    def imgmsg_to_cv2(self, message, desired_encoding):
        assert (desired_encoding, message.step) == ('bgr8', message.width * 6)
        values = np.frombuffer(message.data, '<i2').reshape(message.height, message.width, 3)
        return (values // 128).astype(np.uint8)


def test_cv_bridge_converts_an_unknown_encoding(make_image, photograph, monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace(CvBridge=CvBridge))
    rows = (photograph.astype('<i2') * 128).view(np.uint8).reshape(240, -1)
    padded = np.pad(rows, ((0, 0), (0, 10)))
    frame = messages.frame_from_image(
        make_image(encoding='16SC3', step=1930, data=padded.tobytes()))
    assert (frame.data.reshape(240, 320, 3) == photograph).all()


@pytest.mark.parametrize('changes,reason', [
    ({'encoding': 'foo'}, 'cv_bridge cannot convert it either (it knows no way to bgr8)'),
    ({'encoding': 'rgb-8'}, "; did you mean 'rgb8'? cv_bridge cannot convert it either ("),
    ({'encoding': '16SC3', 'step': 1920}, '230400 bytes, step 1920 do not make 320x240')])
def test_refused_frame_gives_the_reason_of_cv_bridge(make_image, monkeypatch, changes, reason):
    monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace(CvBridge=CvBridge))
    with pytest.raises(FrameError) as caught:
        messages.frame_from_image(make_image(**changes))
    assert str(caught.value).startswith(f"encoding '{changes['encoding']}' is not supported")
    assert reason in str(caught.value)


def test_set_enabled_pauses_and_resumes(ros, classifier, make_image):
    process, results, camera = classifier()
    ros.ask(camera, make_image(), results)
    answer = ros.call(SetBool, '/classifier/set_enabled', data=False)
    assert (answer.success, answer.message) == (True, 'paused, active')
    ros.wait(lambda: not camera.get_subscription_count(), what='the end of the subscription')
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    ros.wait(lambda: (status(diagnostics) or ('', ''))[1] == 'paused by set_enabled')
    for _ in range(2):
        assert ros.call(SetBool, '/classifier/set_enabled', data=True).success
    ros.wait(camera.get_subscription_count, what='the subscription')
    ros.ask(camera, make_image(), results)
    lines = [line for line in process.output.splitlines() if 'by set_enabled' in line]
    assert [line.rpartition(': ')[2] for line in lines] == [
        'paused by set_enabled, active', 'resumed by set_enabled, active']


def test_annotated_image_is_published_to_subscribers(ros, classifier, make_image, photograph):
    _, results, camera = classifier()
    ros.ask(camera, make_image('nv12'), results)
    drawn = ros.collect(Image, '/classifier/annotated_image')
    image = make_image('nv12')
    found = ros.ask(camera, image, drawn)
    assert found.header == image.header
    assert (found.encoding, found.width, found.height) == ('bgr8', 320, 240)
    pixels = np.frombuffer(found.data, np.uint8).reshape(240, 320, 3).astype(int)
    difference = np.abs(pixels - photograph)
    assert difference[:120].mean() < 5 < difference[200:].mean()


def test_diagnostics_show_state_and_figures(ros, classifier, make_image):
    _, results, camera = classifier(image_timeout=3.0)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    ros.wait(lambda: (status(diagnostics) or (0, ''))[0] == 1, what='a warning')
    assert 'none since the start' in status(diagnostics)[1]
    ros.ask(camera, make_image(), results)
    image = make_image()
    ros.repeat(camera, image, lambda: status(diagnostics)[0] == 0)
    assert 'classifications a second' in status(diagnostics)[1]
    values = status(diagnostics)[2]
    assert values['state'] == 'active'
    assert values['model'] == 'demo'
    assert values['engine'].startswith('ONNX Runtime')
    assert float(values['infer ms']) > 0
    assert int(values['classified']) > 0
    ros.wait(lambda: status(diagnostics)[0] == 2, what='an error')
    assert status(diagnostics)[1].startswith('no image for')


def test_diagnostics_show_that_no_class_reaches_the_threshold(ros, classifier, make_image):
    _, results, camera = classifier(score_threshold=0.999, image_timeout=60.0)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    result = ros.ask(camera, make_image(), results)
    assert not result.results
    ros.wait(lambda: int((status(diagnostics) or (0, '', {}))[2].get('empty', 0)),
             what='the count')
    level, text, values = status(diagnostics)
    assert level == 0
    assert text.endswith(' classifications a second, none over score_threshold 0.999')
    assert values['empty'] == values['classified']


def test_image_message_equals_its_frame(photograph):
    frame = encode(photograph, 'nv12')
    message = messages.image_message(frame, Image().header)
    again = messages.frame_from_image(message)
    assert (again.encoding, again.width, again.height, again.step) == ('nv12', 320, 240, 320)
    assert (again.data == frame.data).all()
