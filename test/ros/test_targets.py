# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The message PerceptionTargets of a result."""

from types import SimpleNamespace

from edgenext_ros.core.classifier import Classification, Timings
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.ros.outcome import Outcome
from edgenext_ros.ros.targets import find_target_types, TargetsMessage
from helpers.tros import NEEDS_AI_MSGS
import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

pytestmark = NEEDS_AI_MSGS
NOW_NS = 1_790_000_000 * 10 ** 9
STAGES = ('preprocess', 'predict_infer', 'postprocess', 'pipeline')


@pytest.fixture
def fill():
    """Return a function that fills one message with results and returns what a reader gets."""
    types = find_target_types()
    message = TargetsMessage(types)

    def fill_next(*scored, stamp_ns=NOW_NS, now_ns=NOW_NS, since_s=0.0, fps=0.0, size=(640, 480),
                  fit='crop', model='net'):
        names, scores = zip(*scored, strict=True) if scored else ((), ())
        model = SimpleNamespace(
            labels=LabelSet(names), info=SimpleNamespace(name=model), classifier=SimpleNamespace(
                converter=Nv12Converter(width=224, height=224, fit=fit)))
        result = Classification(Prediction(tuple(range(len(names))), scores),
                                Timings(convert_ms=1.5, infer_ms=4.25, postprocess_ms=0.25))
        frame = Frame.from_image(np.zeros(size[::-1], np.uint8), 'mono8')
        header = Header(frame_id='front')
        header.stamp.sec, header.stamp.nanosec = divmod(stamp_ns, 10 ** 9)
        filled = message.fill(Outcome(None, model, 0.0, None, frame, result), header, fps=fps,
                              now_ns=now_ns, since_s=since_s)
        return deserialize_message(serialize_message(filled), types.message)

    return fill_next


def nanoseconds(stamp):
    return stamp.sec * 10 ** 9 + stamp.nanosec


def test_result_is_one_target_with_one_region_and_the_other_classes(fill):
    message = fill(('cat', 0.5), ('dog', 0.25), ('cow', 0.125), stamp_ns=5 * 10 ** 9 + 7)
    assert (message.header.frame_id, nanoseconds(message.header.stamp)) == (
        'front', 5 * 10 ** 9 + 7)
    (target,) = message.targets
    (roi,) = target.rois
    assert (target.type, target.track_id, roi.type, roi.confidence) == ('cat', 0, 'cat', 0.5)
    assert (roi.rect.x_offset, roi.rect.y_offset, roi.rect.width, roi.rect.height,
            roi.rect.do_rectify) == (80, 0, 480, 480, False)
    assert [(one.type, one.value, one.confidence) for one in target.attributes] == [
        ('dog', 0.25, 0.25), ('cow', 0.125, 0.125)]
    assert not target.points and not target.captures and not message.disappeared_targets


def test_message_has_nothing_of_the_results_before(fill):
    many = [(f'class {index}', 1 - index / 128) for index in range(100)]
    for scored in (many[:2], [], many, many[5:6], many[:5], []):
        message = fill(*scored)
        assert [target.type for target in message.targets] == [name for name, _ in scored[:1]]
        assert [(one.type, one.value) for target in message.targets
                for one in target.attributes] == scored[1:]
        assert [perf.type for perf in message.perfs] == [f'net_{stage}' for stage in STAGES]


@pytest.mark.parametrize('name', [
    'x' * 100_000, 'лицо ' * 2000, '顔', 'وجه', '🙂', 'a\nb\t"\'<b>', ' '], ids=ascii)
def test_name_of_any_length_and_script_passes_unchanged(fill, name):
    message = fill((name, 0.5), (name, 0.25), model=name)
    (target,) = message.targets
    assert target.type == target.rois[0].type == target.attributes[0].type == name
    assert message.perfs[0].type == f'{name}_preprocess'


def test_name_of_a_model_that_is_not_utf8_is_replaced(fill):
    assert fill(model='net\udcff').perfs[3].type == 'net?_pipeline'


@pytest.mark.parametrize('fit,size,rect', [
    ('crop', (1920, 1080), (420, 0, 1080, 1080)), ('crop', (641, 479), (80, 0, 478, 478)),
    ('crop', (1, 1), (0, 0, 1, 1)), ('crop', (479, 641), (0, 80, 478, 478)),
    ('letterbox', (1920, 1080), (0, 0, 1920, 1080)), ('letterbox', (641, 479), (0, 0, 641, 479)),
    ('stretch', (1920, 1080), (0, 0, 1920, 1080)), ('stretch', (7, 1001), (0, 0, 7, 1001))])
def test_region_is_the_part_that_the_model_saw(fill, fit, size, rect):
    (target,) = fill(('cat', 0.5), fit=fit, size=size).targets
    found = target.rois[0].rect
    assert (found.x_offset, found.y_offset, found.width, found.height) == rect


@pytest.mark.parametrize('fps,published', [
    (0.0, 0), (29.97, 30), (0.4, 0), (32767.2, 32767), (1e9, 32767)])
def test_fps_is_whole_and_fits_into_16_bits(fill, fps, published):
    assert fill(fps=fps).fps == published


def test_stages_follow_each_other_and_end_with_the_work(fill):
    message = fill(stamp_ns=NOW_NS - 30_000_000, since_s=0.002)
    convert, infer, postprocess, pipeline = message.perfs
    assert [perf.type for perf in message.perfs] == [f'net_{stage}' for stage in STAGES]
    assert [perf.time_ms_duration for perf in message.perfs] == [1.5, 4.25, 0.25, 28.0]
    assert nanoseconds(convert.stamp_start) == NOW_NS - 8_000_000
    assert convert.stamp_end == infer.stamp_start and infer.stamp_end == postprocess.stamp_start
    assert nanoseconds(postprocess.stamp_end) == NOW_NS - 2_000_000
    assert pipeline.stamp_start == message.header.stamp
    assert pipeline.stamp_end == postprocess.stamp_end
    for perf in message.perfs:
        span = nanoseconds(perf.stamp_end) - nanoseconds(perf.stamp_start)
        assert span == round(1e6 * perf.time_ms_duration)


@pytest.mark.parametrize('stamp_ns', [
    0, NOW_NS + 1, NOW_NS - 3600 * 10 ** 9, -5 * 10 ** 9 + 1], ids=str)
def test_pipeline_is_left_out_while_camera_and_node_differ_in_time(fill, stamp_ns):
    message = fill(('cat', 0.5), stamp_ns=stamp_ns)
    assert [perf.type for perf in message.perfs] == [f'net_{stage}' for stage in STAGES[:3]]
    assert len(fill(('cat', 0.5)).perfs) == 4


@pytest.mark.parametrize('now_ns,end', [
    (0, (0, 0)), (1_000_000, (0, 1_000_000)), (2 ** 32 * 10 ** 9 + 5, (2 ** 31 - 1, 5))], ids=str)
def test_times_of_stages_fit_into_a_stamp(fill, now_ns, end):
    perf = fill(now_ns=now_ns, stamp_ns=0).perfs[2]
    assert (perf.stamp_end.sec, perf.stamp_end.nanosec) == end
    assert perf.time_ms_duration == 0.25
