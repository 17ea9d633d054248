# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The log of results in which no class reaches ``score_threshold``."""

from unittest.mock import Mock

from edgenext_ros.core.classifier import Timings
from edgenext_ros.models.store import resource_folder
from edgenext_ros.ros.empty_results_log import EmptyResultsLog
from edgenext_ros.ros.statistics import Statistics
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

TIMINGS = Timings(1.0, 1.0, 1.0)
WARNING = ('no class reached score_threshold {} in the last {} results, which are empty: lower '
           'score_threshold if classes are expected')


def logged(seconds, threshold=0.9):
    """
    Return the log lines of consecutive seconds.

    :param seconds: results of each second: ``e`` is an empty one, ``f`` one with classes; ``-``
        resets the counts; a number is a new threshold.
    """
    logger, statistics, lines = Mock(), Statistics(), []
    logger.warning = logger.info = lines.append
    log = EmptyResultsLog(logger)
    for second in seconds:
        if isinstance(second, float):
            threshold = second
            continue
        for result in second:
            if result == '-':
                statistics.reset_counts()
            else:
                statistics.count_result(TIMINGS, 0.0, empty=result == 'e')
        log.log(statistics.report(), threshold=threshold)
    return lines


@pytest.mark.parametrize('seconds,lines', [
    (['eee'] * 4, []),
    (['eee'] * 100, [WARNING.format(0.9, 15)]),
    (['eee'] * 5 + ['f'] * 9,
     [WARNING.format(0.9, 15), 'classes reach score_threshold 0.9 again']),
    (['e', '', ''] * 4, []),
    (['e', '', ''] * 5, [WARNING.format(0.9, 5)]),
    (['eee'] * 4 + [''] * 100, []),
    (['eef'] * 1000, []),
    (['eee', 'eee', 'eee', 'eee', 'fff'] * 1000, []),
    (['e'] * 3 + ['-'] + ['e'] * 3, [WARNING.format(0.9, 5)]),
    (['e'] * 9 + ['-'] * 9, [WARNING.format(0.9, 5)]),
    (['e'] * 9 + [0.8] + ['e'] * 9, [WARNING.format(0.9, 5), WARNING.format(0.8, 5)]),
    (['e'] * 9 + [0.2] + ['f'] * 9,
     [WARNING.format(0.9, 5), 'classes reach score_threshold 0.2 again'])])
def test_only_lasting_changes_are_logged(seconds, lines):
    assert logged(seconds) == lines


@pytest.mark.parametrize('length', [6, 60, 300])
def test_objects_that_come_and_go_for_a_day_cause_few_lines(length):
    lines = logged((['e'] * length + ['f'] * 5) * (86400 // (length + 5)))
    assert 2 <= len(lines) <= 2 * 10
    assert lines[1::2] == ['classes reach score_threshold 0.9 again'] * (len(lines) // 2)


def test_node_logs_a_threshold_that_no_class_reaches(ros):
    process = ros.start('node', score_threshold=0.9999)
    ros.start('camera.node', source=resource_folder() / 'demo' / 'astronaut_face.jpg')
    ros.wait(lambda: 'no class reached score_threshold 0.9999 in the last ' in process.output,
             40, what='the warning')
    value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=0.25)
    ros.call(SetParameters, '/classifier/set_parameters',
             parameters=[Parameter(name='score_threshold', value=value)])
    ros.wait(lambda: 'classes reach score_threshold 0.25 again' in process.output,
             what='the line about results with classes')
    assert process.output.count('no class reached') == 1
