# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The log of images without a result."""

from unittest.mock import Mock

from edgenext_ros.core.frame import FrameError
from edgenext_ros.ros.image_log import ImageLog
from edgenext_ros.ros.outcome import Outcome


def test_at_most_three_similar_problems_are_logged():
    logger = Mock()
    log = ImageLog(logger, topic='/image')
    for text in (*(f'compressed picture of {size} bytes is truncated'
                   for size in range(5000, 5100)), 'encoding is not supported'):
        log.on_outcome(Outcome(None, None, 0.0, error=FrameError(text)))
    lines = [call.args[0] for call in logger.warning.call_args_list]
    assert [line.partition(': ')[2] for line in lines] == [
        *(f'compressed picture of {size} bytes is truncated' for size in (5000, 5001, 5002)),
        'encoding is not supported']
