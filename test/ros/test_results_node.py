# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node that prints a classifier's results."""

import re

from edgenext_ros.models.store import resource_folder
from edgenext_ros.ros import results_node
from helpers.ros_graph import LATCHED
import pytest
from vision_msgs.msg import Classification, LabelInfo, ObjectHypothesis, VisionClass


@pytest.mark.parametrize('parameters', [{}, {'class_id': 'name'}], ids=['index', 'name'])
def test_results_are_printed_with_names_and_pictures(ros, parameters):
    process = ros.start('results_node')
    ros.start('node', **parameters)
    ros.start('camera.node', source=resource_folder() / 'demo' / 'astronaut_face.jpg')
    line = ros.wait(lambda: re.search(r'\[results\]: (astronaut.*)', process.output),
                    what='a result')[1]
    assert re.fullmatch(r'astronaut_face\.jpg: Faces_easy 87\.\d%, \S+ \d\.\d%, \S+ \d\.\d% '
                        r'\(\d+ results? in 1 s\)', line)
    assert process.stop() == 0
    assert 'Traceback' not in process.output


@pytest.fixture
def printed(ros, monkeypatch, capfd):
    """Return a function that prints a result with these ids, and returns what is printed."""
    monkeypatch.setattr(results_node, '_SECONDS', 0.01)
    node = results_node.ResultsNode(context=ros.context)
    ros.executor.add_node(node)
    ros.at_end(lambda: (ros.executor.remove_node(node), node.destroy_node()))
    labels = ros.publisher(LabelInfo, 'classifier/label_info', LATCHED)
    labels.publish(LabelInfo(class_map=[
        VisionClass(class_id=index, class_name=name) for index, name in enumerate(NAMES)]))
    results = ros.publisher(Classification, 'classification')
    lines = []

    def show(*ids):
        lines.clear()
        results.publish(Classification(results=[
            ObjectHypothesis(class_id=class_id, score=0.5) for class_id in ids]))
        ros.wait(lambda: lines.extend(capfd.readouterr().err.splitlines()) or lines, what='a line')
        return re.findall(r'[:,] (\S.*?) 50\.0%', lines[-1])

    ros.wait(lambda: show('7') != ['7'], what='the labels')
    return show


NAMES = ('cat', '7', 'dog', '1', '4', 'bird', 'fish', 'cow', '2')


def test_class_that_is_named_as_a_number_is_not_read_as_an_index(printed):
    assert printed('7', '4') == ['7 (index or name)', '4'], 'both, and no result has told yet'
    assert printed('7', 'fish') == ['7', 'fish']
    assert printed('7', '1') == ['7', '1'], 'the classifier publishes names'


def test_index_that_is_the_name_of_another_class_is_read_as_an_index(printed):
    assert printed('7', '0') == ['cow', 'cat']
    assert printed('7', '1') == ['cow', '7'], 'the classifier publishes indices'


@pytest.mark.parametrize('topic,remapped', [
    ('/mine/label_info', '/mine/label_info'), (None, 'NAME/label_info')], ids=['seen', 'unseen'])
def test_missing_labels_are_reported_once_with_the_remapping(
        ros, monkeypatch, capfd, topic, remapped):
    lines = start_printing(ros, monkeypatch, capfd)
    if topic:
        ros.node.create_publisher(LabelInfo, topic, LATCHED)
        ros.wait(lambda: topic in dict(ros.node.get_topic_names_and_types()), what=topic)
    publish_until(ros, lambda: any('no labels' in line for line in lines()), '0')
    before = len(lines())
    publish_until(ros, lambda: len(lines()) > before + 5, '0')
    (hint,) = (line for line in lines() if 'no labels' in line)
    assert hint.endswith(
        'no labels on /classifier/label_info, so classes are printed as indices; for a '
        f'classifier with another name: --ros-args -r classifier/label_info:={remapped}')


def test_results_with_names_need_no_labels(ros, monkeypatch, capfd):
    lines = start_printing(ros, monkeypatch, capfd)
    publish_until(ros, lambda: len(lines()) > 5, 'cat')
    assert all('cat 50.0%' in line for line in lines())


def start_printing(ros, monkeypatch, capfd):
    """Start the node with short times; return a function that returns all lines so far."""
    monkeypatch.setattr(results_node, '_SECONDS', 0.01)
    monkeypatch.setattr(results_node, '_LABELS_S', 0.0)
    node = results_node.ResultsNode(context=ros.context)
    ros.executor.add_node(node)
    ros.at_end(lambda: (ros.executor.remove_node(node), node.destroy_node()))
    text = []

    def lines():
        text.append(capfd.readouterr().err)
        return ''.join(text).splitlines()

    return lines


def publish_until(ros, condition, class_id):
    """Publish results with this class until the condition is true."""
    results = ros.publisher(Classification, 'classification')
    message = Classification(results=[ObjectHypothesis(class_id=class_id, score=0.5)])
    ros.wait(lambda: results.publish(message) or condition(), what='a line')


def test_result_without_classes_is_printed(ros):
    process = ros.start('results_node')
    ros.start('node', score_threshold=1)
    ros.start('camera.node', source=resource_folder() / 'demo' / 'astronaut_face.jpg')
    ros.wait(lambda: 'astronaut_face.jpg: no class above the threshold (' in process.output,
             what='the line')
