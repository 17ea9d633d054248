# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The session of a node: waiting images, swapped models, the end of ROS."""

from dataclasses import replace
from threading import enumerate as enumerate_threads, Semaphore, Thread

from edgenext_ros.engines.base import InferenceError
from edgenext_ros.ros.errors import NO_THREAD
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.publishers import Publishers
from helpers.hostile_engine import GOOD, INFO
from helpers.tros import HAS_AI_MSGS
import pytest
from rclpy.exceptions import InvalidHandle
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

pytest_plugins = ['helpers.hostile_engine']


def test_swapped_model_works_on_as_many_images_as_it_has_slots(engine, node, give):
    begun = Semaphore(0)

    def hang():
        begun.release()
        assert engine.go.wait(20)
        return GOOD

    session = node.session
    engine.info, engine.answer = replace(INFO, slots=2), hang
    engine.open_it()
    assert session.pipeline.hold(20)
    session.swap(replace(session.model, info=engine.info))
    session.pipeline.release()
    for _ in range(2):
        give(node)
        assert begun.acquire(timeout=10)
    engine.go.set()
    assert session.pipeline.drain(20)


def test_image_that_waited_behind_a_hang_is_dropped(engine, node, published, give):
    def fail():
        engine.hang()
        raise InferenceError('the BPU is busy')

    engine.answer = fail
    give(node)
    assert engine.begun.wait(20)
    give(node)
    engine.now += 6
    engine.answer = GOOD
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert (published, engine.tried, node.session.pipeline.dropped) == ([], 1, 1)


def test_waiting_image_is_dropped_by_a_pause(engine, node, give):
    engine.answer = engine.hang
    give(node)
    assert engine.begun.wait(20)
    give(node)
    node.session.listen(False)
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert engine.tried == 1


def test_result_at_the_end_of_ros_is_not_a_failure(ros, node, give, monkeypatch, capfd):
    def publish(publishers, outcome):
        raise InvalidHandle('destruction was requested')

    monkeypatch.setattr(Publishers, 'publish', publish)
    monkeypatch.setattr(ros.context, 'ok', lambda: False)
    give(node)
    assert node.session.pipeline.drain(20)
    counts = node.statistics.report().counts
    assert (counts.failed, counts.skipped) == (0, 1)
    assert 'no result' not in capfd.readouterr().err


@pytest.mark.parametrize('what', ['failure', 'pause'])
def test_repeated_image_is_classified_if_the_first_gave_no_result(
        engine, node, published, give, make_image, what):
    node.set_parameters([Parameter('skip_repeated', value=True)])
    message = serialize_message(make_image())
    engine.answer = InferenceError('the BPU is busy') if what == 'failure' else engine.hang
    give(node, message)
    if what == 'pause':
        assert engine.begun.wait(20)
        node.session.listen(False)
        engine.go.set()
        assert node.session.pipeline.drain(20)
        node.session.listen(True)
    else:
        assert node.session.pipeline.drain(20)
    engine.now, engine.answer = engine.now + 1, GOOD  # after the backoff
    assert published == []
    for _ in range(2):
        give(node, message)
        assert node.session.pipeline.drain(20)
    assert len(published) == 1


def test_activate_after_a_failed_cleanup_is_refused_in_one_sentence(node, monkeypatch):
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    session, close = node.session, node.session.close
    monkeypatch.setattr(session, 'close', lambda: (_ for _ in ()).throw(OSError('no')))
    assert node.trigger_cleanup() == TransitionCallbackReturn.FAILURE
    assert node.trigger_activate() == TransitionCallbackReturn.FAILURE
    assert node.failure.startswith('activate failed: no model is loaded, because the cleanup')
    close()
    assert node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS


TOPICS = ('classification', '~/annotated_image', *(['~/targets'] if HAS_AI_MSGS else []),
          '~/vision_info', '~/label_info')
THREADS = ('classify', 'pictures')


def left_of_the_session(node):
    """Return the topics and threads of a session that the node still has."""
    return [name for name in TOPICS if node.count_publishers(name)] + [
        thread.name for thread in enumerate_threads() if thread.name.startswith(THREADS)]


def fail(*_, **__):
    raise MemoryError('by a test')


@pytest.mark.parametrize('part,name,left', [
    ('', 'listen', []), ('pipeline', 'stop', ['classify 0', 'classify 1']),
    ('publishers', 'destroy', [*TOPICS, 'pictures']), ('model', 'close', [])])
def test_close_takes_each_step_although_one_raises(
        engine, node, monkeypatch, part, name, left):
    node.trigger_deactivate()
    session = node.session
    whole = getattr(session, part) if part else session
    with monkeypatch.context() as short:
        if part == 'model':  # a frozen dataclass
            short.setattr(LoadedModel, name, fail)
        else:
            short.setattr(whole, name, fail)
        assert node.trigger_cleanup() == TransitionCallbackReturn.FAILURE
    assert 'by a test' in node.failure
    assert (left_of_the_session(node), engine.closed) == (left, int(part != 'model'))
    session.close()
    assert (left_of_the_session(node), engine.closed) == ([], 1)


def test_session_is_closed_although_the_end_of_a_load_raises(engine, node, monkeypatch):
    node.trigger_deactivate()
    with monkeypatch.context() as short:
        short.setattr(node._live, 'close', fail)
        assert node.trigger_cleanup() == TransitionCallbackReturn.FAILURE
    assert (left_of_the_session(node), engine.closed) == ([], 1)


@pytest.mark.parametrize('thread', THREADS)
def test_configure_without_a_thread_leaves_nothing(engine, node, monkeypatch, thread):
    node.trigger_deactivate()
    node.trigger_cleanup()
    start = Thread.start

    def start_others(other):
        if other.name.startswith(thread):
            raise RuntimeError(NO_THREAD)
        start(other)

    with monkeypatch.context() as short:
        short.setattr(Thread, 'start', start_others)
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert 'too many threads' in node.failure
    assert (left_of_the_session(node), engine.opened - engine.closed) == ([], 0)
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


@pytest.mark.parametrize('step', ['labels', 'publisher', 'log'])
def test_configure_that_raises_leaves_nothing(engine, node, monkeypatch, step):
    node.trigger_deactivate()
    node.trigger_cleanup()
    what, name = {'labels': (Publishers, 'publish_labels'), 'log': (LoadedModel, 'log_to'),
                  'publisher': (node, 'create_publisher')}[step]
    with monkeypatch.context() as short:
        short.setattr(what, name, fail)
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert (left_of_the_session(node), engine.opened - engine.closed) == ([], 0)
    assert node.session is None
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
