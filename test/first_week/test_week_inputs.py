# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""First week, behaviours 1 to 7: images of the camera."""

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import ENCODINGS, Frame
from edgenext_ros.ros.messages import image_message
from helpers.diagnosed import status
from helpers.ros_graph import BEST_EFFORT, compressed, RELIABLE
import numpy as np
from sensor_msgs.msg import CompressedImage, Image


def scores(result):
    """Return a result's classes and scores."""
    return [(r.class_id, r.score) for r in result.results]


def padded(message, extra):
    """Return the message with that many bytes of junk after each row."""
    rows = np.frombuffer(message.data, np.uint8).reshape(-1, message.step)
    message.data = np.pad(rows, ((0, 0), (0, extra)), constant_values=99).tobytes()
    message.step += extra
    return message


def refuse(ros, camera, results, process, message, sentence):
    """Publish a bad frame until the log has the sentence; it must give no result."""
    ros.repeat(camera, message, lambda: sentence in process.output)
    assert all(r.header.stamp != message.header.stamp for r in results)


def test_01_unknown_encodings(ros, classifier, make_image):
    """An unknown encoding is refused in one line, and reported until the next good frame."""
    process, results, camera = classifier(image_timeout=60.0)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    for encoding in ('32FC1', '', 'foo'):
        bad = make_image(encoding=encoding)
        sentence = f'no result for a frame of /image: encoding {encoding!r} is not supported'
        refuse(ros, camera, results, process, bad, f'{sentence}; use one of bgr8, rgb8')
        for _ in range(5):
            camera.publish(bad)
    ros.wait(lambda: "encoding 'foo' is not supported" in (status(diagnostics) or (0, ''))[1],
             what='the reason')
    newest = status(diagnostics)
    assert newest[0] == 1 and int(newest[2]['refused']) >= 3
    good = make_image()
    ros.ask(camera, good, results)
    ros.repeat(camera, good, lambda: status(diagnostics)[0] == 0)
    assert process.output.count("encoding 'foo' is not supported") == 1, 'once, not every frame'
    assert process.output.count('frames give results again') == 1


def test_02_padded_rows_and_nv12_geometry(ros, classifier, make_image):
    """Padded rows and each layout of nv12 give the scores of the plain frame, bit for bit."""
    process, results, camera = classifier()
    for encoding in ('bgr8', 'nv12'):
        plain = scores(ros.ask(camera, make_image(encoding), results))
        assert scores(ros.ask(camera, padded(make_image(encoding), 32), results)) == plain
    whole = make_image('nv12', height=360)  # the driver counts the rows of chroma
    assert scores(ros.ask(camera, whole, results)) == plain
    refuse(ros, camera, results, process, make_image('nv12', height=239), 'height must be even')


def test_03_data_that_does_not_fit(ros, classifier, make_image):
    """Zero-sized, truncated and oversized frames count as refused, without an exception."""
    process, results, camera = classifier()
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    for changes, sentence in (({'width': 0}, 'must be at least 1'),
                              ({'height': 0, 'data': b''}, '320x0'),
                              ({'data': bytes(230399)}, 'truncated: expected 230400'),
                              ({'data': bytes(230401)}, 'oversized: expected 230400'),
                              ({'width': 2**32 - 1, 'height': 2**32 - 1}, '4294967295'),
                              ({'step': 0}, 'step is 0')):
        refuse(ros, camera, results, process, make_image(**changes), sentence)
    ros.ask(camera, make_image(), results)
    ros.wait(lambda: int((status(diagnostics) or (0, '', {}))[2].get('refused', 0)) >= 6)
    assert status(diagnostics)[2]['failed'] == '0'
    assert 'Traceback' not in process.output


def test_04_sizes_and_encodings_change(ros, classifier, make_image, photograph):
    """Changes of size and encoding are logged; no result depends on earlier frames."""
    # Best effort often loses images that exceed Fast DDS' default shared memory.
    process, results, camera = classifier(
        **{'qos_overrides./image.subscription.reliability': 'reliable'})
    first = scores(ros.ask(camera, make_image(), results))
    for width, height, encoding in ((641, 479, 'bgr8'), (1, 1, 'rgb8'), (3840, 2160, 'nv12'),
                                    (4, 2000, 'mono8'), (640, 480, 'yuv422_yuy2')):
        other = image_message(
            encode(cv2.resize(photograph, (width, height)), encoding), make_image().header)
        ros.ask(camera, other, results)
        assert scores(ros.ask(camera, make_image(), results)) == first
        assert process.output.count(
            f'images of /image: {width}x{height} {encoding}, before 320x240 bgr8') == 1
    assert 'no result' not in process.output


def test_05_colour_zoo(ros, classifier, make_image, photograph):
    """The same picture in each encoding gives scores within 0.08; swapped colours do not."""
    _, results, camera = classifier(top_k=100)

    def of(message):
        found = dict(scores(ros.ask(camera, message, results)))
        return max(found, key=found.get), found

    best, plain = of(make_image())
    grey = of(image_message(
        Frame.from_image(cv2.cvtColor(cv2.cvtColor(photograph, cv2.COLOR_BGR2GRAY),
                                      cv2.COLOR_GRAY2BGR)), make_image().header))
    for encoding in ENCODINGS:
        expected_best, expected = grey if encoding.startswith('mono') else (best, plain)
        found_best, found = of(make_image(encoding))
        assert found_best == expected_best, encoding
        assert max(abs(found[key] - expected[key]) for key in expected) < 0.08, encoding
    swapped = of(make_image(encoding='rgb8'))[1]  # the bytes of bgr8 with a wrong name
    assert max(abs(swapped[key] - plain[key]) for key in plain) > 0.08


def test_06_compressed_oddities(ros, classifier, photograph):
    """Data that does not decode is counted; the bytes of a picture count, not its format text."""
    process, results, camera = classifier(input_type='compressed')
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    grey = cv2.cvtColor(photograph, cv2.COLOR_BGR2GRAY)

    def of(sec, suffix, picture, wrong_format='jpeg'):
        message = compressed(cv2.imencode(suffix, picture)[1], sec)
        message.format = wrong_format
        return scores(ros.ask(camera, message, results))

    png = of(1, '.png', photograph)
    assert of(2, '.png', photograph, 'mono8; jpeg compressed yuv422_yuy2') == png
    assert of(3, '.png', photograph.astype(np.uint16) * 257) == png
    assert of(4, '.png', grey) == of(5, '.png', cv2.merge([grey] * 3))
    assert of(6, '.jpg', photograph)[0][0] == png[0][0]
    _, data = cv2.imencode('.jpg', photograph)
    for sec, broken, sentence in ((10, data[:data.size // 2], 'truncated: no end marker'),
                                  (11, data[:0], 'no data'),
                                  (12, data[::-1], 'does not decode')):
        refuse(ros, camera, results, process, compressed(broken, sec), sentence)
    ros.wait(lambda: int((status(diagnostics) or (0, '', {}))[2].get('refused', 0)) >= 3)
    assert of(20, '.png', photograph) == png


def test_07_quality_of_service_of_the_camera(ros, classifier, make_image):
    """Reliable and best-effort cameras work; a policy or type that does not fit is named."""
    _, results, reliable = classifier(qos=RELIABLE)
    best_effort = ros.publisher(qos=BEST_EFFORT)
    for camera in (reliable, best_effort, reliable):
        ros.ask(camera, make_image(), results)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    for name, topic, kind, sentence in (
            ('deaf', 'other', Image, 'the quality of service of test does not fit on /other (Best '
             "effort publisher and reliable subscription); see the parameters 'qos_overrides'"),
            ('blind', 'jpeg', CompressedImage, 'test publishes sensor_msgs/msg/CompressedImage on '
             "/jpeg, expected sensor_msgs/msg/Image; see parameter 'input_type'")):
        ros.node.create_publisher(kind, topic, BEST_EFFORT)
        node = ros.start(
            'node', '-r', f'__node:={name}', '-r', f'image:={topic}', image_timeout=0.3,
            **{f'qos_overrides./{topic}.subscription.reliability': 'reliable'})
        ros.wait(lambda n=name, s=sentence: any(
            entry.name == f'/{n}' and entry.message.endswith(f', none since the start: {s}')
            for message in diagnostics for entry in message.status), what='the diagnostics')
        assert sentence in node.output
