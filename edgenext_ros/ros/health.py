# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publish /diagnostics once a second, and log changes."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core.lost_frames import Loss
from edgenext_ros.ros.dds_profiles import profile_in_force
from edgenext_ros.ros.diagnostics import (
    assess,
    bpu_values,
    diagnostic_message,
    report_values,
    seconds_without_image,
)
from edgenext_ros.ros.empty_results_log import EmptyResultsLog
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
"""Maximum normal time between two updates; a longer one means a stalled process or executor."""
_ANY_JUMP_BACK = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1),
                               on_clock_change=False)


class Health:
    """
    Monitor a classifier once a second.

    :param node: the node that publishes /diagnostics and gives access to the ROS graph.
    :param topic: full name of the image topic.
    :param snapshot: returns the classifier's current state.
    :param statistics: statistics of its images.
    :param images: provides the layout of the images that arrive.
    :param restart_counts: called when the time jumps back, as when a bag starts again.
    """

    def __init__(self, node: Node, *, topic: str, snapshot: Callable[[], Snapshot],
                 statistics: Statistics, images: ImageLog,
                 restart_counts: Callable[[], None]) -> None:
        self._node, self._topic, self._logger = node, topic, node.get_logger()
        self._snapshot, self._statistics, self._images = snapshot, statistics, images
        self._restart_counts = restart_counts
        self._silence = ''
        self._has_duplicate = False
        self._limiter = LogLimiter()
        self._losses = LossLog(self._logger, topic=topic)
        self._empty = EmptyResultsLog(self._logger)
        self._profile = profile_in_force()
        self._updated, self._was_late = float('inf'), False
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)
        # The steady clock keeps diagnostics running while /clock is paused or absent.
        node.create_timer(_PERIOD_S, self.update, clock=Clock(clock_type=ClockType.STEADY_TIME))
        jump = log_exceptions(self._on_jump_back, 'the time', node=node)
        # rclpy drops the callback when this handle is collected.
        self._jump_handle = node.get_clock().create_jump_callback(
            _ANY_JUMP_BACK, post_callback=jump)

    def update(self) -> None:
        """Log changes, and publish diagnostics if there is a subscriber."""
        now = self._snapshot()
        report = self._statistics.report()  # unconditional: it begins the rate's next period
        timeout = now.settings.image_timeout
        silent = seconds_without_image(report, waited=now.waited) if now.listens else 0.0
        # ``Pipeline`` may have no thread that receives while an image is in work.
        is_at_work = now.busy > max(0.0, silent - _PERIOD_S)
        # The subscription follows a publisher's type, so it may be newer than the silence.
        is_new = now.subscription is not None and now.subscribed <= timeout
        why = '' if silent <= timeout or is_at_work or is_new else why_no_image(self._node, now)
        if why:
            self._log_silence(why, silent)
        elif report.image_age is not None and report.image_age < min(now.waited, timeout):
            self._log_images()
        self._empty.log(report, threshold=now.settings.score_threshold)
        self._warn_of_duplicate_name()
        loss = self._lost_frames(now)
        lost = self._losses.log(loss, layout=self._images.layout, size=now.message_bytes,
                                shared_memory=now.settings.input_type == 'hbmem')
        if not self._publisher.get_subscription_count():
            return
        level, text = assess(
            report, now, waited=0.0 if is_at_work else now.waited, why=why, loss=lost)
        self._publish(level, text, now, report, loss)

    def _lost_frames(self, now: Snapshot) -> Loss:
        time = monotonic()
        is_late = time - self._updated > _LATE_S
        # Frames that arrived during the stall may be taken only after this update.
        stalled, self._updated, self._was_late = is_late or self._was_late, time, is_late
        if now.lost is None:
            return Loss()
        # Stamps of several cameras on one topic have no common period.
        several = self._node.count_publishers(self._topic) > 1
        return now.lost.update(time, several=several, stalled=stalled)

    def _publish(self, level: int, text: str, now: Snapshot, report: StatisticsReport,
                 loss: Loss) -> None:
        values = {'state': now.state, 'enabled': str(now.enabled), 'dds profile': self._profile}
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
        # The log is limited, because the reason names other topics, which may come and go.
        if why != before and self._limiter.should_log(why):
            self._logger.warning(f'no image for {silent:.0f} s: {why}')

    def _log_images(self) -> None:
        before, self._silence = self._silence, ''
        if before:
            self._logger.info(f'images arrive on {self._topic}')

    def _warn_of_duplicate_name(self) -> None:
        node = self._node
        names = node.get_node_names_and_namespaces()
        before, self._has_duplicate = self._has_duplicate, names.count(
            (node.get_name(), node.get_namespace())) > 1
        if self._has_duplicate and not before:
            self._logger.warning(
                f'another node is named {node.get_fully_qualified_name()} too (or was, and has '
                f'just been killed): calls for one may reach the other; start one of them with '
                f'another name or namespace')

    def _on_jump_back(self, jump: TimeJump) -> None:
        self._restart_counts()
        # The log is limited, because two publishers of /clock make the time jump back repeatedly.
        if self._limiter.should_log('time'):
            self._logger.info(
                f'the time jumped back by {-jump.delta.nanoseconds / 1e9:.3f} s, as when a bag '
                f'starts again: counts are reset')
