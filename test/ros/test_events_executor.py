# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A user's program that spins the node in each of rclpy's executors."""

import signal
import subprocess
import sys

from edgenext_ros.ros.messages import Classification
from helpers.ros_graph import Process, RELIABLE
import pytest

PROGRAM = """
import sys
import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.executors import SingleThreadedExecutor
from edgenext_ros.ros.node import ClassifierNode
if sys.argv[1] == 'EventsExecutor':
    from rclpy.experimental import EventsExecutor
rclpy.init()
node = ClassifierNode()
assert node.autostart()
executor = globals()[sys.argv[1]]()
executor.add_node(node)
try:
    executor.spin()
except (ExternalShutdownException, KeyboardInterrupt):
    pass
except Exception as error:
    # A race in rclpy of Humble: the context ends between its check and the making of a wait set.
    if 'failed to initialize wait set: the given context is not valid' not in str(error):
        raise
node.destroy_node()
print('the program has ended', flush=True)
"""

WORKS = """
import rclpy
from rclpy.experimental import EventsExecutor
rclpy.init()
node, executor = rclpy.create_node('alone'), EventsExecutor()
node.create_timer(0.1, lambda: print('it runs', flush=True))
executor.add_node(node)
executor.spin()
"""


def skip_unless_it_works(ros):
    """Skip if rclpy has no EventsExecutor, or one that does not even run a timer."""
    pytest.importorskip('rclpy.experimental', reason='rclpy has EventsExecutor since Jazzy')
    with subprocess.Popen([sys.executable, '-c', WORKS], env=ros.environment,
                          stdout=subprocess.PIPE) as process:
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            pass
        finally:
            process.kill()
        if b'it runs' not in process.communicate()[0]:
            pytest.skip("this rclpy's EventsExecutor does not run a timer, even without this "
                        'package (so in the wheels of PyPI)')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['SIGINT', 'SIGTERM'])
@pytest.mark.parametrize('executor', [
    'SingleThreadedExecutor', 'MultiThreadedExecutor', 'EventsExecutor'])
def test_each_image_gives_one_result_and_a_signal_ends_the_program(
        ros, tmp_path, make_image, executor, number):
    if executor == 'EventsExecutor':
        skip_unless_it_works(ros)
    process = Process([sys.executable, '-X', 'faulthandler', '-c', PROGRAM, executor],
                      ros.environment,
                      tmp_path / 'program.log')
    try:
        results = ros.collect(Classification, 'classification', RELIABLE)
        camera = ros.publisher()
        ros.ask(camera, make_image(), results)
        results.clear()
        for count in range(1, 21):
            camera.publish(make_image())
            ros.wait(lambda count=count: len(results) >= count, what=f'result {count}')
        stamps = [result.header.stamp.sec for result in results]
        assert stamps == sorted(set(stamps))
        assert process.stop(number, 10) == 0, process.output
        assert 'the program has ended' in process.output
        assert 'Traceback' not in process.output
    finally:
        process.kill()
