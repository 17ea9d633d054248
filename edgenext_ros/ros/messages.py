# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages to frames, predictions to messages."""

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
from edgenext_ros.ros.serialised_images import (
    CameraData,
    CompressedImageData,
    ImageData,
    read_compressed_image,
    read_image,
    StampedData,
)
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
"""Characters of an encoding that are looked at: a message may hold any number."""
_FILES = frozenset(('jpeg', 'jpg', 'mjpeg', 'mjpg', 'png', 'webp', 'compressed'))
"""Encodings of an Image that holds the bytes of a picture file."""


def frame_from_image(message: Image | ImageData, *, enough: Enough | None = None) -> Frame:
    """
    View an Image's bytes as a frame; cv_bridge is asked where the encoding is not known here.

    Of 16-bit colour and mosaics the high bytes are copied.

    :param enough: of a JPEG, which older TROS releases send as an Image; see
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
            note = f'encoding {message.encoding!r} is a picture file, which is decoded'
            return replace(frame, note=f'{note}; {frame.note}' if frame.note else note)
        wide = Frame.of_high_bytes(message.encoding, message.width, message.height, message.step,
                                   data, bool(message.is_bigendian))
        return wide or Frame.from_image(_ask_cv_bridge(message, data, error))


def _ask_cv_bridge(message: Image | ImageData, data: Bytes,
                   unknown: UnknownEncodingError) -> Bytes:
    """Decode an encoding outside ours to bgr8, or raise FrameError saying both reasons."""
    try:
        from cv_bridge import CvBridge
        bridge = CvBridge()
        name, channels = bridge.encoding_to_dtype_with_channels(message.encoding)
        dtype = np.dtype(name)
        row = message.width * channels * dtype.itemsize
        if not row or message.step < row or data.size != message.step * message.height:
            raise ValueError(f'{data.size} bytes, step {message.step} do not make '
                             f'{message.width}x{message.height}')
        # Not every cv_bridge honours step, so it gets rows without padding, and with NumPy 2 none
        # in Python swaps bytes.
        rows = np.ascontiguousarray(data.reshape(-1, message.step)[:, :row])
        if message.is_bigendian:
            rows = rows.view(dtype).byteswap()
        packed = Image(encoding=message.encoding, width=message.width, height=message.height,
                       step=row, is_bigendian=0, data=array('B', rows.tobytes()))
        image = bridge.imgmsg_to_cv2(packed, 'bgr8')
    except Exception as error:  # cv_bridge's build decides what it raises
        reason = 'it knows no way to bgr8' if isinstance(error, KeyError) else \
            ' '.join(str(error).split()) or type(error).__name__
        raise FrameError(f'{unknown}; cv_bridge cannot convert it either ({reason})') from error
    return np.asarray(image, np.uint8)


def frame_from_compressed(message: CompressedImage | CompressedImageData, *,
                          enough: Enough | None = None) -> Frame:
    """
    Decode a CompressedImage; of its format only a mosaic and depth are believed.

    :param enough: see ``Frame.from_compressed``.
    :raises FrameError: the bytes are not a whole picture.
    """
    return Frame.from_compressed(np.frombuffer(message.data, np.uint8), enough=enough,
                                 picture_format=message.format)


class InputType(NamedTuple):
    """How messages of one type are received, serialised, and become frames."""

    kind: type
    read: Callable[[bytes], CameraData]
    frame: Callable[..., Frame]
    """Of what was read; takes ``enough``, see ``Frame.from_compressed``."""


INPUT_TYPES: dict[str, InputType] = {
    'raw': InputType(Image, read_image, frame_from_image),
    'compressed': InputType(CompressedImage, read_compressed_image, frame_from_compressed),
}
"""By ``input_type``."""


def header_message(source: StampedData) -> Header:
    """Make a Header that equals the one that was received."""
    header = Header(frame_id=source.frame_id)
    header.stamp.sec, header.stamp.nanosec = source.sec, source.nanosec
    return header


def image_message(frame: Frame, header: Header) -> Image:
    """Copy a frame into an Image."""
    # array.frombytes is a plain copy; assigning bytes checks every element (rosidl_python 156).
    data = array('B')
    data.frombytes(frame.data.data)
    return Image(header=header, encoding=frame.encoding, width=frame.width, height=frame.height,
                 step=frame.step, is_bigendian=frame.big_endian, data=data)


class ClassificationMessage:
    """
    A vision_msgs Classification, filled anew for each result.

    Building its messages takes several times as long as filling them, and publishing copies.
    """

    def __init__(self) -> None:
        self._message = Classification()
        self._hypotheses: list[ObjectHypothesis] = []

    def fill(self, prediction: Prediction, header: Header, *,
             labels: LabelSet | None = None) -> Classification:
        """
        Return the one message, with this result.

        :param header: the camera's header, put in as it is.
        :param labels: put these names into ``class_id``; else the index as decimal text.
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
    """Return names and scores, best first."""
    return ', '.join(
        f'{labels[class_id]} {score:.3f}' for class_id, score in
        zip(prediction.class_ids, prediction.scores, strict=True)) or 'no class over the threshold'


def label_info_message(labels: LabelSet, header: Header, *, threshold: float) -> LabelInfo:
    """Make a LabelInfo that links a numeric ``class_id`` to its name."""
    message = LabelInfo(header=header, threshold=threshold)
    message.class_map = [VisionClass(class_id=index, class_name=name)
                         for index, name in enumerate(labels.names)]
    return message


def vision_info_message(header: Header, *, method: str, labels: str, version: int) -> VisionInfo:
    """Make a VisionInfo: engine and model, where the labels are, and how often they changed."""
    return VisionInfo(header=header, method=method, database_location=labels,
                      database_version=version)
