# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/interface.md lists what the running nodes have in the graph, and what diagnostics hold."""

from dataclasses import replace
from importlib.util import find_spec
import re
import signal
import sys

from edgenext_ros.core.classifier import Timings
from edgenext_ros.engines.base import MIN_HANG_TIMEOUT_S
from edgenext_ros.engines.recovering import REOPEN_AFTER
from edgenext_ros.ros.diagnostics import bpu_values, report_values
from edgenext_ros.ros.optional_interfaces import OPTIONAL_INTERFACES
from edgenext_ros.ros.statistics import Statistics
from helpers.pages import needs_pages, ROOT, rows, split
import pytest
from vision_msgs.msg import Classification, ObjectHypothesis

PAGE = ROOT / 'docs' / 'interface.md'
VERBS = {'publishes': 'get_publisher_names_and_types_by_node',
         'subscribes': 'get_subscriber_names_and_types_by_node',
         'serves': 'get_service_names_and_types_by_node'}
OF_EVERY_NODE = re.compile(r'/(rosout|parameter_events|clock)$|'
                           r'/(rcl_interfaces|lifecycle_msgs|type_description_interfaces)/')

pytestmark = needs_pages


def listed(node):
    """
    Return {(verb, absolute name): types} of the page's table of a node.

    Topics of an optional package are left out where it is not installed.
    """
    text = PAGE.read_text(encoding='utf-8').partition(f'## `{node}_node`')[2].partition('\n## ')[0]
    found = {}
    row = r'^\| (\w+) \| `([^`]+)` \| ([^|]+) \|'
    for verb, name, types in re.findall(row, text, re.MULTILINE):
        absolute = '/' + name.replace('~', node, 1).lstrip('/')
        found[verb, absolute] = set(re.findall(r'`(\w+/\w+)`', types))
    absent = {package for package in OPTIONAL_INTERFACES if find_spec(package) is None}
    return {key: types for key, types in found.items()
            if not types or {kind.partition('/')[0] for kind in types} - absent}


def in_the_graph(observer, node):
    """Return {(verb, absolute name): type} of what a running node has, without ROS' own."""
    if (node, '/') not in observer.get_node_names_and_namespaces():
        return {}
    found = {(verb, name): kind.replace('/msg/', '/').replace('/srv/', '/')
             for verb, ask in VERBS.items()
             for name, kinds in getattr(observer, ask)(node, '/') for kind in kinds}
    return {key: kind for key, kind in found.items()
            if not OF_EVERY_NODE.search(key[1]) and not OF_EVERY_NODE.search(f'/{kind}')}


@pytest.mark.parametrize('module,node', [
    ('node', 'classifier'), ('camera.node', 'camera'), ('results_node', 'results')])
def test_page_lists_topics_and_services(ros, classifier, make_image, module, node):
    if module == 'node':
        _, results, camera = classifier()
        ros.ask(camera, make_image(), results)
    else:
        ros.start(module, **({'source': ROOT / 'resource' / 'demo'} if node == 'camera' else {}))
    page = listed(node)
    assert page
    ros.wait(lambda: page.keys() == in_the_graph(ros.node, node).keys(),
             what=f'{sorted(page)}, rather than {sorted(in_the_graph(ros.node, node))}')
    assert not [f'{key}: {kind}' for key, kind in in_the_graph(ros.node, node).items()
                if kind not in page[key]]


def test_page_lists_the_values_of_diagnostics():
    timings = Timings(convert_ms=0.0, infer_ms=0.0, postprocess_ms=0.0)
    report = replace(Statistics().report(), timings=timings)
    values = {'state', 'enabled', 'dds profile', 'model', 'engine', 'bpu load percent',
              'bpu temperature celsius', *report_values(report, dropped=0, lost=0), *bpu_values()}
    page = [value for row in rows(PAGE, 'value') for value in re.findall(r'`([^`]+)`', row[0])]
    assert sorted(page) == sorted(values)


def test_page_lists_the_levels_of_diagnostics():
    table = rows(PAGE, 'level')
    assert {word for level, _ in table for word in re.findall(r'[A-Z]{2,}', level)} == {
        'OK', 'WARN', 'ERROR'}
    text = ' '.join(when for _, when in table)
    assert f'at least {MIN_HANG_TIMEOUT_S:g} s' in text
    assert f'ERROR after {REOPEN_AFTER} failures of the engine' in text


@pytest.mark.parametrize('class_id', ['index', 'name'])
def test_subscriber_of_the_page_prints_names(ros, class_id):
    (example,) = [block.text for block in split(PAGE)[1] if block.language == 'python']
    ros.start('node', class_id=class_id)
    listener = ros.run([sys.executable, '-c', example], name='listener')
    ros.start('camera.node', source=ROOT / 'resource' / 'demo' / 'astronaut_face.jpg')
    ros.wait(lambda: re.search(r'^Faces_easy 0\.8\d\d$', listener.output, re.MULTILINE),
             what='a result')
    assert 'Traceback' not in listener.output


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_subscriber_of_the_page_ends_without_a_traceback(ros, number):
    (example,) = [block.text for block in split(PAGE)[1] if block.language == 'python']
    listener = ros.run([sys.executable, '-c', example], name='listener')
    publisher = ros.publisher(Classification, 'classification')
    result = Classification(results=[ObjectHypothesis(class_id='cat', score=0.5)])
    ros.wait(lambda: publisher.publish(result) or 'cat 0.500' in listener.output, what='a line')
    assert listener.stop(number) == 0
    assert 'Traceback' not in listener.output


def test_subscriber_of_the_page_gets_labels_that_were_published_before(
        ros, classifier, make_image):
    (example,) = [block.text for block in split(PAGE)[1] if block.language == 'python']
    _, results, camera = classifier()
    image = make_image()
    ros.ask(camera, image, results)
    listener = ros.run([sys.executable, '-c', example], name='listener')
    ros.repeat(camera, image, lambda: re.search(
        r'^[A-Za-z_]\w+ 0\.\d{3}$', listener.output, re.MULTILINE))


def test_results_node_prints_names_of_a_renamed_classifier(ros):
    words = [word for block in split(PAGE)[1] for word in block.text.split()
             if word.startswith('classifier/label_info:=')]
    process = ros.start('results_node', '-r', words[0].replace('NAME', 'mine'))
    ros.start('node', '-r', '__node:=mine')
    ros.start('camera.node', source=ROOT / 'resource' / 'demo' / 'astronaut_face.jpg')
    ros.wait(lambda: re.search(r'\[results\]: .*Faces_easy 87\.\d%', process.output),
             what='a result with names')
