# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Log results in which no class reaches ``score_threshold``."""

from __future__ import annotations

from edgenext_ros.ros.statistics import StatisticsReport
from rclpy.impl.rcutils_logger import RcutilsLogger

_REPORTS_TO_WARN = 5
"""Consecutive reports with only empty results before the first warning."""


class EmptyResultsLog:
    """
    Warn when all results of several seconds are empty, and log when results have classes again.

    The time before a warning doubles with each pair of lines, because the objects of a scene may
    come and go for hours. After a change of the threshold it is short again.

    :param logger: the node's.
    """

    def __init__(self, logger: RcutilsLogger) -> None:
        self._logger = logger
        self._threshold, self._reports_to_warn = 0.0, _REPORTS_TO_WARN
        self._classified = self._reports = self._results = 0
        self._is_warned = False

    def log(self, report: StatisticsReport, *, threshold: float) -> None:
        """
        Log a change.

        :param report: the statistics, once a second.
        :param threshold: the parameter ``score_threshold``.
        """
        new, self._classified = (
            report.counts.classified - self._classified, report.counts.classified)
        if threshold != self._threshold:
            self._threshold, self._reports_to_warn = threshold, _REPORTS_TO_WARN
            self._reports = self._results = 0
        if new <= 0:  # no result, or the counts were reset
            return
        if not report.empty:
            self._reports = self._results = 0
            if self._is_warned:
                self._is_warned = False
                self._reports_to_warn *= 2
                self._logger.info(f'classes reach score_threshold {threshold:g} again')
            return
        self._reports += 1
        self._results += new
        if self._reports == self._reports_to_warn:
            self._is_warned = True
            self._logger.warning(
                f'no class reached score_threshold {threshold:g} in the last {self._results} '
                f'results, which are empty: lower score_threshold if classes are expected')
