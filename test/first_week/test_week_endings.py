# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""First week, behaviours 16 to 18: signals and the lifecycle."""

from functools import partial
import signal
import sys

from edgenext_ros.ros.messages import Classification
from helpers import lifecycle
from helpers.first_week import resources, slow_node
from helpers.lifecycle import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, state
from helpers.programs import LOADS_FOR_LONG
from helpers.standin_model import StandInModel
from sensor_msgs.msg import Image

STOP_SECONDS = 5.0  # launch escalates after that


def names(ros):
    """Return the names in the graph."""
    return [name for name, _ in ros.node.get_node_names_and_namespaces()]


def test_16_ctrl_c_at_work_and_while_a_model_loads(ros, classifier, make_image):
    """Ctrl-C ends the node within 5 s: exit code 0, no traceback, no name in the graph."""
    process, results, camera = classifier()
    ros.ask(camera, make_image(), results)
    ros.wait(lambda: 'classifier' in names(ros))
    assert process.stop(signal.SIGINT, STOP_SECONDS) == 0
    ros.wait(lambda: 'classifier' not in names(ros), timeout=5, what='the end of the name')
    loading = ros.run([sys.executable, '-c', LOADS_FOR_LONG.format(autostart='true')])
    ros.wait(lambda: 'loading' in loading.output, what='the load')
    assert loading.stop(signal.SIGINT, STOP_SECONDS) == 0
    assert 'Traceback' not in process.output + loading.output


def test_17_sigterm_in_mid_inference_and_sigkill(ros, make_image, classifier, picture):
    """SIGTERM, even twice, ends the node without another result; it starts again after SIGKILL."""
    interrupted = make_image()
    seen = ros.collect(Classification, 'classification')
    for end in (signal.SIGTERM, signal.SIGKILL):
        process = slow_node(ros, seconds=0.5)
        camera = ros.publisher(node=ros.participant())
        ros.repeat(camera, interrupted, lambda p=process: 'inference begins' in p.output)
        process.process.send_signal(end)
        assert process.stop(end, STOP_SECONDS) == (0 if end == signal.SIGTERM else -end)
        assert 'Traceback' not in process.output
    _, results, _ = classifier()
    ros.start('camera.node', source=picture)
    ros.wait(lambda: results, what='a result of the new node')
    assert interrupted.header.stamp not in [r.header.stamp for r in seen]


CYCLES = 100


def test_18_lifecycle_abuse(ros, make_image, libdnn_path, tmp_path):
    """Illegal transitions are answered; a hundred cycles under traffic need no more memory."""
    ros.environment['EDGENEXT_LIBDNN'] = str(libdnn_path)
    model = StandInModel(w=224, h=224, classes=10).write(tmp_path / 'model.bin')
    process = ros.start('node', autostart=False, model=model, runtime='libdnn')
    results = ros.collect(Classification, 'classification')
    camera = ros.node.create_publisher(Image, 'image', 1)
    change = partial(lifecycle.change, ros)
    assert not any(change(illegal) for illegal in (ACTIVATE, CLEANUP, DEACTIVATE, 250))
    seen = []
    for cycle in range(CYCLES):
        assert change(CONFIGURE) and change(ACTIVATE)
        camera.publish(make_image())
        assert change(DEACTIVATE) and change(CLEANUP)
        if cycle <= CYCLES // 5:
            seen.append(resources(process))
    memory, memory_after = seen[-1][0], resources(process)[0]
    # Use the lowest counts: Python's join returns before the kernel has removed the thread.
    others = tuple(min(counts) for counts in list(zip(*seen[1:], strict=True))[1:])
    ros.wait(lambda: resources(process)[1:] == others, what=f'threads, descriptors: {others}')
    assert memory_after - memory < 20, 'MB'
    assert change(CONFIGURE) and change(ACTIVATE)
    ros.ask(camera, make_image(), results)
    assert change(DEACTIVATE)
    del results[:]
    for _ in range(3):
        camera.publish(make_image())
    assert state(ros) == 'inactive' and not results
    assert 'Traceback' not in process.output
