# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publish /diagnostics once a second, and log what changed."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core.lost_frames import Loss
from edgenext_ros.ros.diagnostics import (
    assess,
    bpu_values,
    diagnostic_message,
    report_values,
    seconds_without_image,
)
from edgenext_ros.ros.image_log import ImageLog
from edgenext_ros.ros.log_limits import LogLimiter
from edgenext_ros.ros.loss_log import LossLog
from edgenext_ros.ros.missing_images import why_no_image
from edgenext_ros.ros.safe_callbacks import log_exceptions, stamp_now
from edgenext_ros.ros.snapshot import Snapshot
from edgenext_ros.ros.statistics import Statistics, StatisticsReport
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import Header

_PERIOD_S = 1.0
_LATE_S = 1.5
"""A look that comes so long after the one before: the process stood still, or its executor."""
_BACK = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1),
                      on_clock_change=False)


class Health:
    """
    Look at a classifier once a second.

    :param node: has the publisher of /diagnostics, the timer, and the ROS graph.
    :param topic: full name of the topic of the images.
    :param snapshot: returns the classifier's present state.
    :param statistics: of its images.
    :param images: knows what kind of images arrive.
    :param restart_counts: called when time goes back, as when a bag begins again.
    """

    def __init__(self, node: Node, *, topic: str, snapshot: Callable[[], Snapshot],
                 statistics: Statistics, images: ImageLog,
                 restart_counts: Callable[[], None]) -> None:
        self._node, self._topic, self._logger = node, topic, node.get_logger()
        self._snapshot, self._statistics, self._images = snapshot, statistics, images
        self._restart_counts = restart_counts
        self._silence = ''
        self._has_duplicate = False
        self._news = LogLimiter()
        self._losses = LossLog(self._logger, topic=topic)
        self._updated, self._was_late = float('inf'), False
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)
        # Steady, so that a paused or absent /clock does not silence the diagnostics.
        node.create_timer(_PERIOD_S, self.update, clock=Clock(clock_type=ClockType.STEADY_TIME))
        jump = log_exceptions(self._on_time_that_goes_back, 'the time', node=node)
        # The handle keeps the callback alive.
        self._jumps = node.get_clock().create_jump_callback(_BACK, post_callback=jump)

    def update(self) -> None:
        """Log what is new, and publish diagnostics if somebody listens."""
        now = self._snapshot()
        report = self._statistics.report()  # heard or not: the rate's next period begins
        timeout = now.settings.image_timeout
        silent = 0.0 if now.subscription is None else \
            seconds_without_image(report, waited=now.waited)
        # At first, no thread takes images while one is in work; see ``Pipeline``.
        is_at_work = now.busy > max(0.0, silent - _PERIOD_S)
        why = why_no_image(self._node, now) if silent > timeout and not is_at_work else ''
        if why:
            self._log_silence(why, silent)
        elif report.image_age is not None and report.image_age < min(now.waited, timeout):
            self._log_images()
        self._warn_of_duplicate_name()
        loss = self._lost_frames(now)
        lost = self._losses.log(loss, layout=self._images.layout, size=now.message_bytes)
        if not self._publisher.get_subscription_count():
            return
        level, text = assess(
            report, now, waited=0.0 if is_at_work else now.waited, why=why, loss=lost)
        self._publish(level, text, now, report, loss)

    def _lost_frames(self, now: Snapshot) -> Loss:
        time = monotonic()
        is_late = time - self._updated > _LATE_S
        # What came meanwhile may be taken after this look.
        stalled, self._updated, self._was_late = is_late or self._was_late, time, is_late
        if now.lost is None:
            return Loss()
        # The stamps of two cameras have no common period, or one without a meaning.
        several = self._node.count_publishers(self._topic) > 1
        return now.lost.look(time, several=several, stalled=stalled)

    def _publish(self, level: int, text: str, now: Snapshot, report: StatisticsReport, loss: Loss) -> None:
        values = {'state': now.state, 'enabled': str(now.enabled)}
        if now.model is not None:
            values |= {'model': now.model.name, 'engine': now.model.engine}
            values |= report_values(report, dropped=now.dropped + loss.overwritten,
                                    lost=loss.lost) | bpu_values()
        self._publisher.publish(diagnostic_message(
            level, text, name=self._node.get_fully_qualified_name(),
            hardware_id=values.get('engine', ''), values=values,
            header=Header(stamp=stamp_now(self._node.get_clock()))))

    def _log_silence(self, why: str, silent: float) -> None:
        before, self._silence = self._silence, why
        # Other topics, which the reason names, may come and go.
        if why != before and self._news.should_log(why):
            self._logger.warning(f'no image for {silent:.0f} s: {why}')

    def _log_images(self) -> None:
        before, self._silence = self._silence, ''
        if before:
            self._logger.info(f'images come on {self._topic}')

    def _warn_of_duplicate_name(self) -> None:
        node = self._node
        names = node.get_node_names_and_namespaces()
        before, self._has_duplicate = self._has_duplicate, names.count(
            (node.get_name(), node.get_namespace())) > 1
        if self._has_duplicate and not before:
            self._logger.warning(
                f'another node is named {node.get_fully_qualified_name()} too (or was, and has '
                f'just been killed): calls for one reach the other; start one of them with '
                f'another name or namespace')

    def _on_time_that_goes_back(self, jump: TimeJump) -> None:
        self._restart_counts()
        # Two nodes that publish /clock would fill the disk.
        if self._news.should_log('time'):
            self._logger.info(
                f'the time went back by {-jump.delta.nanoseconds / 1e9:.3f} s, as when a bag '
                f'begins again: counts begin anew')
