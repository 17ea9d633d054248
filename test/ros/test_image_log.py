# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the log says of images that give no result."""

from unittest.mock import Mock

from edgenext_ros.core.frame import FrameError
from edgenext_ros.ros.image_log import ImageLog


def test_sentences_that_differ_in_a_size_are_three_at_most():
    node = Mock()
    log = ImageLog(node)
    for size in range(5000, 5100):
        log.complain(FrameError(f'compressed picture of {size} bytes is truncated'))
    log.complain(FrameError('encoding is not supported'))
    lines = [call.args[0] for call in node.get_logger().warning.call_args_list]
    assert [line.partition(': ')[2] for line in lines] == [
        *(f'compressed picture of {size} bytes is truncated' for size in (5000, 5001, 5002)),
        'encoding is not supported']
    assert node.statistics.count_problem.call_count == 101
