# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the smoothing of results, and in a lazy node."""

from faults.fault import faults_in

_MEAN = faults_in(
    'core/smoothing.py', ('core/test_smoothing.py',),
    ('a stamp that goes back continues the mean', 'not 0 <= passed <= LONGEST_GAP * seconds',
     'passed > LONGEST_GAP * seconds'),
    ('the mean continues over any gap', 'not 0 <= passed <= LONGEST_GAP * seconds', 'passed < 0'),
    ('another source continues the mean', ' or source != self._source', ''),
    ('a repeated stamp counts again', '        elif passed:\n', '        else:\n'),
    ('the mean follows its first image', '1 / self._count, ', '0.0, '),
    ('a reset keeps the mean', 'self._mean = self._before = None', 'self._before = None'),
    ('images without a stamp keep the mean', """\
        if not stamp_ns:
            self.reset()
""", '        if not stamp_ns:\n'),
)

_SMOOTHED = faults_in(
    'ros/session.py', ('ros/test_smoothed_results.py',),
    ('the threshold applies before the mean', """\
            mean, top_k=settings.top_k, threshold=settings.score_threshold""", """\
            mean, top_k=settings.top_k, threshold=0.0"""),
    ('a pause keeps the mean', """\
        self._forget_stamp()
        self._mean.reset()
""", '        self._forget_stamp()\n'),
    ('another model continues the mean', """\
        if model.engine is not self.model.engine:
            self._mean.reset()
""", ''),
    ('other labels begin the mean anew', """\
        if model.engine is not self.model.engine:
            self._mean.reset()
""", '        self._mean.reset()\n'),
    ('smoothing that was off continues the mean', """\
            self._mean.reset()
            return outcome
""", '            return outcome\n'),
)

_DEMAND = faults_in(
    'ros/demand.py', tuple(f'ros/test_demand.py::test_{name}' for name in (
        'listeners_are_not_counted_after_the_end', 'busy_executor_gets_one_task',
        'each_change_of_the_listeners_is_found_by_one_count',
        'count_that_fails_is_logged_and_repeated')),
    ('a busy executor gets task after task',
     'if self._executor is executor and not self._task.done():', 'if False:'),
    ('a lazy node never ceases to work',
     'and self._is_wanted(session) != session.listens',
     'and self._is_wanted(session) > session.listens'),
    ('listeners are counted after the end', '            self._ended.set()\n', ''),
    ('a count that fails ends the thread',
     "self._check = log_exceptions(self._update_if_due, 'the count of listeners', node=node)",
     'self._check = self._update_if_due'),
)

_IDLE_NODE = faults_in(
    'ros/demand.py', ('ros/test_demand.py::test_node_is_idle_without_listeners',),
    ('classify_once does not work while idle',
     'return self._is_requested() or bool(session.publishers.listened())',
     'return bool(session.publishers.listened())'),
    ('set_enabled does not pause a lazy node', 'return self.enabled and self._node.settings.lazy',
     'return bool(self._node.settings.lazy)'),
)

_IDLE = faults_in(
    'ros/diagnostics.py', ('ros/test_diagnostics.py',),
    ('an idle node misses images', '    if now.idle:\n', '    if False:\n'),
)

FAULTS = _MEAN + _SMOOTHED + _DEMAND + _IDLE_NODE + _IDLE
