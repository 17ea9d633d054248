# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Convert camera messages to frames, and predictions to messages."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from edgenext_ros.core.frame import (
    Bytes,
    Frame,
    FrameError,
    UnknownEncodingError,
)
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.ros.log_limits import limit_length
from edgenext_ros.ros.serialised_images import (
    CameraData,
    CompressedImageData,
    ImageData,
    read_compressed_image,
    read_hbm_image,
    read_hbm_stamp,
    read_image,
    read_stamp,
    StampedData,
)
from edgenext_ros.ros.topic_type import message_class
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import (
    Classification,
    LabelInfo,
    ObjectHypothesis,
    VisionClass,
    VisionInfo,
)

Enough = Callable[[int, int], bool]
_LONGEST_NAME = 40
"""Characters of an encoding that are compared; messages do not limit its length."""
_FILES = frozenset(('jpeg', 'jpg', 'mjpeg', 'mjpg', 'png', 'webp', 'compressed'))
"""Values of ``encoding`` with which an Image holds a picture file."""


def frame_from_image(message: Image | ImageData, *, enough: Enough | None = None) -> Frame:
    """
    View an Image's bytes as a frame; cv_bridge converts encodings that this package lacks.

    16-bit colour and mosaics are copied, reduced to their high bytes.

    :param enough: used if the Image holds a JPEG, as older TROS releases send it; see
        ``Frame.from_compressed``.
    :raises FrameError: the message does not hold a usable picture.
    """
    data = np.frombuffer(message.data, np.uint8)
    try:
        return Frame(message.encoding, message.width, message.height, message.step, data,
                     bool(message.is_bigendian))
    except UnknownEncodingError as error:
        if message.encoding[:_LONGEST_NAME].strip().lower() in _FILES:
            frame = Frame.from_compressed(data, enough=enough)
            name = limit_length(message.encoding)
            note = f'encoding {name!r} is a picture file, which is decoded'
            return replace(frame, note=f'{note}; {frame.note}' if frame.note else note)
        wide = Frame.from_high_bytes(message.encoding, message.width, message.height,
                                     message.step, data, bool(message.is_bigendian))
        return wide or Frame.from_image(_ask_cv_bridge(message, data, error))


def _ask_cv_bridge(message: Image | ImageData, data: Bytes,
                   unknown: UnknownEncodingError) -> Bytes:
    """Convert an unknown encoding to bgr8, or raise FrameError with both reasons."""
    try:
        from cv_bridge import CvBridge
        bridge = CvBridge()
        name, channels = bridge.encoding_to_dtype_with_channels(message.encoding)
        dtype = np.dtype(name)
        row = message.width * channels * dtype.itemsize
        if not row or message.step < row or data.size != message.step * message.height:
            raise ValueError(f'{data.size} bytes, step {message.step} do not make '
                             f'{message.width}x{message.height}')
        # The rows get no padding and the machine's byte order, because some cv_bridge releases
        # ignore step, and the one in Python does not swap bytes with NumPy 2.
        rows = np.ascontiguousarray(data.reshape(-1, message.step)[:, :row])
        if message.is_bigendian:
            rows = rows.view(dtype).byteswap()
        packed = Image(encoding=message.encoding, width=message.width, height=message.height,
                       step=row, is_bigendian=0, data=array('B', rows.tobytes()))
        image = bridge.imgmsg_to_cv2(packed, 'bgr8')
    except Exception as error:  # the types of errors depend on the build of cv_bridge
        reason = 'it knows no way to bgr8' if isinstance(error, KeyError) else \
            limit_length(' '.join(str(error).split())) or type(error).__name__
        joint = ' ' if str(unknown).endswith('?') else '; '  # it may end with a question
        raise FrameError(
            f'{unknown}{joint}cv_bridge cannot convert it either ({reason})') from error
    return np.asarray(image, np.uint8)


def frame_from_compressed(message: CompressedImage | CompressedImageData, *,
                          enough: Enough | None = None) -> Frame:
    """
    Decode a CompressedImage; its ``format`` is used only to detect a mosaic and depth.

    :param enough: see ``Frame.from_compressed``.
    :raises FrameError: the bytes are not a whole picture.
    """
    return Frame.from_compressed(np.frombuffer(message.data, np.uint8), enough=enough,
                                 picture_format=message.format)


class InputType(NamedTuple):
    """One value of the parameter ``input_type``: the message types, and how they are read."""

    types: tuple[str, ...]
    """Names in the ROS graph; the publishers of a topic decide which of several it has."""
    read: Callable[[bytes], CameraData]
    frame: Callable[..., Frame]
    """Make a frame from the result of ``read``; for ``enough`` see ``Frame.from_compressed``."""
    read_stamp: Callable[[bytes], tuple[int, str]] = read_stamp
    """Return stamp in nanoseconds and ``frame_id`` of a message."""
    has_frame_id: bool = True
    """The messages have a ``frame_id``; else the parameter of this name replaces it."""


INPUT_TYPES: dict[str, InputType] = {
    'raw': InputType(('sensor_msgs/msg/Image',), read_image, frame_from_image),
    'compressed': InputType(
        ('sensor_msgs/msg/CompressedImage',), read_compressed_image, frame_from_compressed),
    'hbmem': InputType(
        tuple(f'hbm_img_msgs/msg/HbmMsg{size}' for size in ('1080P', '540P', '480P')),
        read_hbm_image, frame_from_image, read_hbm_stamp, has_frame_id=False),
}
"""The input types by the values of the parameter ``input_type``."""


def check_input_type(input_type: str) -> None:
    """
    Check that the message package of an input type is installed.

    :raises ParameterError: it is missing; the text says how to install it.
    """
    for name in INPUT_TYPES[input_type].types:
        message_class(name)


def header_message(source: StampedData) -> Header:
    """Make a Header equal to the received one."""
    header = Header(frame_id=source.frame_id)
    header.stamp.sec, header.stamp.nanosec = source.sec, source.nanosec
    return header


def image_message(frame: Frame, header: Header) -> Image:
    """Copy a frame into an Image."""
    # array.frombytes copies; assigning bytes also checks each element (ros2/rosidl_python#156).
    data = array('B')
    data.frombytes(frame.data.data)
    return Image(header=header, encoding=frame.encoding, width=frame.width, height=frame.height,
                 step=frame.step, is_bigendian=frame.big_endian, data=data)


class ClassificationMessage:
    """
    A vision_msgs Classification that is reused for each result.

    Construction takes several times as long as filling. Publishing copies the message, so the
    message can be reused.
    """

    def __init__(self) -> None:
        self._message = Classification()
        self._hypotheses: list[ObjectHypothesis] = []

    def fill(self, prediction: Prediction, header: Header, *,
             labels: LabelSet | None = None) -> Classification:
        """
        Put a result into the message and return it; the next call overwrites it.

        :param prediction: class indices and scores, best first.
        :param header: the camera's header.
        :param labels: names for ``class_id``; None writes the index as decimal text.
        """
        for _ in range(len(prediction) - len(self._hypotheses)):
            self._hypotheses.append(ObjectHypothesis())
        results = self._hypotheses[:len(prediction)]
        for hypothesis, class_id, score in zip(
                results, prediction.class_ids, prediction.scores, strict=True):
            hypothesis.class_id = labels[class_id] if labels else str(class_id)
            hypothesis.score = score
        self._message.header = header
        self._message.results = results
        return self._message


def describe_prediction(prediction: Prediction, labels: LabelSet) -> str:
    """Return names and scores as text, best first."""
    return ', '.join(
        f'{labels[class_id]} {score:.3f}' for class_id, score in
        zip(prediction.class_ids, prediction.scores, strict=True)) or 'no class over the threshold'


def label_info_message(labels: LabelSet, header: Header, *, threshold: float) -> LabelInfo:
    """
    Make a LabelInfo, which maps a numeric ``class_id`` to its name.

    :param labels: names of all classes.
    :param header: header with the node's time.
    :param threshold: the lowest score that is published, 0 to 1.
    """
    message = LabelInfo(header=header, threshold=threshold)
    message.class_map = [VisionClass(class_id=index, class_name=name)
                         for index, name in enumerate(labels.names)]
    return message


def vision_info_message(header: Header, *, method: str, labels: str, version: int) -> VisionInfo:
    """
    Make a VisionInfo.

    :param header: header with the node's time.
    :param method: name of model and engine.
    :param labels: path of the label file; empty without one.
    :param version: number of this list of labels, which grows with each change.
    """
    return VisionInfo(header=header, method=method, database_location=labels,
                      database_version=version)
