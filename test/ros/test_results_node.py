# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node that prints a classifier's results."""

import re

from edgenext_ros.models.store import resource_folder
import pytest


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


def test_result_without_classes_is_printed(ros):
    process = ros.start('results_node')
    ros.start('node', score_threshold=1)
    ros.start('camera.node', source=resource_folder() / 'demo' / 'astronaut_face.jpg')
    ros.wait(lambda: 'astronaut_face.jpg: no class above the threshold (' in process.output,
             what='the line')
