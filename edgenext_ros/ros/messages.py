# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages to frames, predictions to messages."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from edgenext_ros.core.frame import Bytes, Frame, FrameError, UnknownEncodingError
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs import msg as vision_msgs
from vision_msgs.msg import ObjectHypothesis, VisionInfo

# Foxy has Classification2D; Galactic renamed it. Humble added LabelInfo.
Classification: Any = getattr(vision_msgs, 'Classification', None) \
    or vision_msgs.Classification2D
LabelInfo: Any = getattr(vision_msgs, 'LabelInfo', None)
_CLASS_ID = 'class_id' if hasattr(ObjectHypothesis(), 'class_id') else 'id'


def frame_from_image(message: Image) -> Frame:
    """
    View an Image's bytes as a frame; cv_bridge is asked where the encoding is not ours.

    :raises FrameError: the message does not hold a usable picture.
    """
    data = np.frombuffer(message.data, np.uint8)
    try:
        return Frame(message.encoding, message.width, message.height, message.step, data,
                     bool(message.is_bigendian))
    except UnknownEncodingError as error:
        return Frame.from_image(_ask_cv_bridge(message, data, error))


def _ask_cv_bridge(message: Image, data: Bytes, unknown: UnknownEncodingError) -> Bytes:
    """Decode an encoding outside ours to bgr8, or raise FrameError saying both reasons."""
    try:
        from cv_bridge import CvBridge
        bridge = CvBridge()
        dtype, channels = bridge.encoding_to_dtype_with_channels(message.encoding)
        row = message.width * channels * np.dtype(dtype).itemsize
        if not row or message.step < row or data.size != message.step * message.height:
            raise ValueError(f'{data.size} bytes, step {message.step} do not make '
                             f'{message.width}x{message.height}')
        # Not every cv_bridge honours step, so it gets rows without padding.
        rows = np.ascontiguousarray(data.reshape(-1, message.step)[:, :row])
        packed = Image(encoding=message.encoding, width=message.width, height=message.height,
                       step=row, is_bigendian=message.is_bigendian,
                       data=array('B', rows.tobytes()))
        image = bridge.imgmsg_to_cv2(packed, 'bgr8')
    except Exception as error:  # cv_bridge's build decides what it raises
        reason = 'unknown there too' if isinstance(error, KeyError) else \
            ' '.join(str(error).split()) or type(error).__name__
        raise FrameError(f'{unknown}; cv_bridge cannot convert it either ({reason})') from error
    return np.asarray(image, np.uint8)


def frame_from_compressed(message: CompressedImage) -> Frame:
    """
    Decode a CompressedImage; what it says of its format is not trusted.

    :raises FrameError: the bytes are not a whole picture.
    """
    return Frame.from_compressed(np.frombuffer(message.data, np.uint8))


INPUTS: dict[str, tuple[type, Callable[[Any], Frame]]] = {
    'raw': (Image, frame_from_image),
    'compressed': (CompressedImage, frame_from_compressed),
}
"""Message type and decoder of each ``input_type``."""


def image_message(frame: Frame, header: Header) -> Image:
    """Copy a frame into an Image."""
    # array.frombytes is a plain copy; assigning bytes checks every element (rosidl_python 156).
    data = array('B')
    data.frombytes(frame.data.data)
    return Image(header=header, encoding=frame.encoding, width=frame.width, height=frame.height,
                 step=frame.step, is_bigendian=frame.big_endian, data=data)


def classification_message(prediction: Prediction, header: Header, *,
                           labels: LabelSet | None = None) -> Any:
    """
    Make a vision_msgs Classification (Foxy: Classification2D).

    :param header: the camera's header, copied as it is.
    :param labels: put these names into ``class_id``; else the index as decimal text.
    """
    message = Classification(header=header)
    for class_id, score in zip(prediction.class_ids, prediction.scores, strict=True):
        text = labels[class_id] if labels else str(class_id)
        message.results.append(ObjectHypothesis(score=score, **{_CLASS_ID: text}))
    return message


def label_info_message(labels: LabelSet, header: Header, *, threshold: float) -> Any:
    """Make a LabelInfo that links a numeric ``class_id`` to its name."""
    message = LabelInfo(header=header, threshold=threshold)
    message.class_map = [vision_msgs.VisionClass(class_id=index, class_name=name)
                         for index, name in enumerate(labels.names)]
    return message


def vision_info_message(header: Header, *, method: str, labels: str, version: int) -> VisionInfo:
    """Make a VisionInfo: engine and model, where the labels are, and how often they changed."""
    return VisionInfo(header=header, method=method, database_location=labels,
                      database_version=version)
