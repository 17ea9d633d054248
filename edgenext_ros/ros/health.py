# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What only a look from time to time tells of a classifier: diagnostics, and news for the log."""

from __future__ import annotations

from time import monotonic
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core.lost_frames import Loss
from edgenext_ros.engines.base import LEAST_PATIENCE_S
from edgenext_ros.ros.diagnostics import (
    bpu_values,
    diagnostic_message,
    judge,
    report_values,
    silence,
)
from edgenext_ros.ros.guarded import stamp_now
from edgenext_ros.ros.log_limits import Complaints
from edgenext_ros.ros.lost import LossLog
from edgenext_ros.ros.silence import why_no_image
from edgenext_ros.ros.statistics import Report
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from std_msgs.msg import Header

_LOOK_S = 1.0
_LATE_S = 1.5
"""A look so long after the one before it: the process stood still, or its executor did."""
_BACK = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1),
                      on_clock_change=False)


class Watch:
    """
    Look at a classifier once a second.

    :param node: the classifier.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._silence = ''
        self._has_twin = False
        self._news = Complaints()
        self._losses = LossLog(node)
        self._looked, self._was_late = float('inf'), False
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)
        # Steady, so that a paused or absent /clock does not silence the diagnostics.
        node.create_timer(_LOOK_S, self.look, clock=Clock(clock_type=ClockType.STEADY_TIME))
        # The handle is what keeps it alive.
        self._jumps = node.get_clock().create_jump_callback(
            _BACK, post_callback=node.guard(self._on_time_that_goes_back, 'the time'))

    def look(self) -> None:
        """Log what is new, and publish diagnostics if somebody listens."""
        node = self._node
        busy = node.pipeline.busy_seconds if node.pipeline else 0.0
        if node.pipeline is not None:
            node.pipeline.relieve_slow(_LOOK_S)
        report = node.statistics.report()  # heard or not: the rate's next period begins
        waited, timeout = monotonic() - node.subscribed_at, node.settings.image_timeout
        listens = node.subscription is not None
        silent = silence(report, waited=waited) if listens else 0.0
        # Nobody takes images while one is in work, at first; see ``Pipeline``.
        is_at_work = busy > max(0.0, silent - _LOOK_S)
        why = why_no_image(node) if silent > timeout and not is_at_work else ''
        if why:
            self._tell_of_silence(why, silent)
        elif report.image_age is not None and report.image_age < min(waited, timeout):
            self._tell_of_images()
        self._tell_of_a_twin()
        loss = self._lost_frames()
        lost = self._losses.tell(loss)
        if not self._publisher.get_subscription_count():
            return
        engine = node.engine
        level, text = judge(
            report, state=node.state, enabled=node.enabled,
            waited=0.0 if is_at_work else waited, timeout=timeout, busy=busy, why=why,
            patience=engine.info.patience_s if engine is not None else LEAST_PATIENCE_S,
            loss=lost, failure=node.failure, threshold=node.settings.score_threshold)
        self._publish(level, text, report, loss)

    def _lost_frames(self) -> Loss:
        node, now = self._node, monotonic()
        is_late = now - self._looked > _LATE_S
        # What came meanwhile may be taken after this look.
        stalled, self._looked, self._was_late = is_late or self._was_late, now, is_late
        if node.receiver is None:
            return Loss()
        # The stamps of two cameras have no common period, or one that means nothing.
        several = node.count_publishers(node.resolve_topic_name('image')) > 1
        return node.receiver.lost.look(now, several=several, stalled=stalled)

    def _publish(self, level: int, text: str, report: Report, loss: Loss) -> None:
        node = self._node
        values = {'state': node.state, 'enabled': str(node.enabled)}
        if node.engine is not None:
            values |= {'model': node.engine.info.name, 'engine': node.engine.info.engine}
            values |= report_values(report, dropped=node.pipeline.dropped + loss.overwritten,
                                    lost=loss.lost) | bpu_values()
        self._publisher.publish(diagnostic_message(
            level, text, name=node.get_fully_qualified_name(),
            hardware_id=values.get('engine', ''), values=values,
            header=Header(stamp=stamp_now(node.get_clock()))))

    def _tell_of_silence(self, why: str, silent: float) -> None:
        before, self._silence = self._silence, why
        # Other topics, which the reason names, may come and go.
        if why != before and self._news.deserves_a_line(why):
            self._node.get_logger().warning(f'no image for {silent:.0f} s: {why}')

    def _tell_of_images(self) -> None:
        before, self._silence = self._silence, ''
        if before:
            self._node.get_logger().info(
                f'images come on {self._node.resolve_topic_name("image")}')

    def _tell_of_a_twin(self) -> None:
        node = self._node
        names = node.get_node_names_and_namespaces()
        before, self._has_twin = self._has_twin, names.count(
            (node.get_name(), node.get_namespace())) > 1
        if self._has_twin and not before:
            node.get_logger().warning(
                f'another node is named {node.get_fully_qualified_name()} too (or was, and has '
                f'just been killed): calls for one reach the other; start one of them with '
                f'another name or namespace')

    def _on_time_that_goes_back(self, jump: TimeJump) -> None:
        self._node.statistics.begin_anew()
        if self._node.pipeline is not None:
            self._node.pipeline.count_anew()
            self._node.receiver.lost.begin_anew()
        # Two that publish /clock would fill the disk.
        if self._news.deserves_a_line('time'):
            self._node.get_logger().info(
                f'the time went back by {-jump.delta.nanoseconds / 1e9:.3f} s, as when a bag '
                f'begins again: counts begin anew')
