# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the nodes as frozen dataclasses; imports no ROS."""

from __future__ import annotations

from dataclasses import dataclass, Field, field, fields
from typing import Any, Final

from edgenext_ros.choices import DEFAULT_FIT, ENGINES, FITS, YUV_RANGES

QOS_OVERRIDES = 'qos_overrides.'
"""Prefix of rclpy's parameters that override quality of service."""


class ParameterError(ValueError):
    """A parameter is refused; the text names the parameter, the rule and the value."""


@dataclass(frozen=True)
class Rule:
    """Description, allowed values and effect of a parameter."""

    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False
    """A change applies to the next frame; other parameters change only while unconfigured."""
    reloads: bool = False
    """A change loads a model beside the current one and swaps them between two frames."""

    @property
    def constraint(self) -> str:
        """The allowed values as text."""
        if self.choices:
            return f'one of {", ".join(self.choices)}'
        if self.low is None:
            return ''
        return f'{self.low} to {self.high}'

    def allows(self, value: Any) -> bool:
        """Return whether a value of the right type is one of the choices, or in the range."""
        if self.choices:
            return value in self.choices
        return self.low is None or self.high is None or bool(self.low <= value <= self.high)


def parameter(default: Any, description: str, **rule: Any) -> Any:
    """Declare one field of a table; see ``Rule`` for the keywords."""
    return field(default=default, metadata={'rule': Rule(description, **rule)})


@dataclass(frozen=True)
class ClassifierSettings:
    """Parameters of ``classifier_node``."""

    model: str = parameter(
        'demo', 'Catalog name (edgenext models list) or path of a .bin or .onnx file',
        live=True, reloads=True)
    runtime: str = parameter(
        'auto', 'Inference engine; auto takes the first that works on this machine',
        choices=('auto', *ENGINES), live=True, reloads=True)
    labels: str = parameter(
        '', "Path of a label file, text or JSON; empty takes the model's own",
        live=True, reloads=True)
    input_type: str = parameter(
        'raw', "Message type of the image topic: sensor_msgs Image or CompressedImage, or TROS' "
        'HbmMsg1080P, 540P or 480P', choices=('raw', 'compressed', 'hbmem'))
    frame_id: str = parameter(
        'default_cam', 'Frame of the header with input_type hbmem, whose messages have none',
        live=True)
    fit: str = parameter(
        DEFAULT_FIT, 'How a picture of another shape is fitted into the model',
        choices=FITS, live=True)
    yuv_range: str = parameter(
        'limited', "What a YUV camera's bytes mean: 16..235 as in V4L2 and OpenCV, or 0..255",
        choices=YUV_RANGES, live=True)
    top_k: int = parameter(5, 'Classes in a result, at most', low=1, high=100, live=True)
    score_threshold: float = parameter(
        0.0, 'Leave out classes with a lower score', low=0.0, high=1.0, live=True)
    class_id: str = parameter(
        'index', "Content of a result's class_id: the index in label_info, or the name",
        choices=('index', 'name'), live=True)
    max_rate: float = parameter(
        0.0, 'Largest number of frames classified in a second; 0 means all', low=0.0,
        high=1000.0, live=True)
    lazy: bool = parameter(
        False, 'Receive and classify images only while a result has a listener', live=True)
    smoothing: float = parameter(
        0.0, 'Time constant in seconds of the exponential mean of the scores; 0 means no mean',
        low=0.0, high=60.0, live=True)
    skip_repeated: bool = parameter(
        False, 'Leave out an image with the stamp of the one before, unless it is zero', live=True)
    image_timeout: float = parameter(
        2.0, 'Seconds without an image after which the diagnostics warn', low=0.1, high=3600.0,
        live=True)
    bpu_core: int = parameter(0, 'BPU core: 0 any, 1 the first', low=0, high=1)
    priority: int = parameter(0, 'BPU task priority', low=0, high=255)
    autostart: bool = parameter(
        True, 'Configure and activate at start; else wait for lifecycle commands')


@dataclass(frozen=True)
class CameraSettings:
    """Parameters of ``camera_node``."""

    source: str = parameter(
        '0', 'Picture, folder of pictures, video file, or webcam number or device')
    rate: float = parameter(10.0, 'Frames a second', low=0.1, high=240.0)
    hold: float = parameter(
        1.0, 'Seconds that each picture of a folder is shown', low=0.0, high=3600.0)
    loop: bool = parameter(True, 'Start again at the end; else exit there')
    encoding: str = parameter('bgr8', 'Encoding of raw images, as in sensor_msgs')
    output_type: str = parameter(
        'raw', 'Publish sensor_msgs Image or CompressedImage (JPEG)',
        choices=('raw', 'compressed'))
    width: int = parameter(0, 'Resize to this width; 0 follows the height', low=0, high=8192)
    height: int = parameter(0, 'Resize to this height; 0 follows the width', low=0, high=8192)
    frame_id: str = parameter('camera', 'Frame of the header')


TUNING: Final = ('labels', 'fit', 'top_k', 'score_threshold', 'class_id', 'max_rate', 'lazy',
                 'smoothing')
"""Parameters of ``ClassifierSettings`` for a first tuning, which are launch arguments too."""


def rule_of(entry: Field[Any]) -> Rule:
    """Return the rule of one field of a table."""
    rule: Rule = entry.metadata['rule']
    return rule


def is_fixed(table: Any) -> bool:
    """Return whether no parameter of a table is live; the node reads it only at its start."""
    return not any(rule_of(entry).live for entry in fields(table))


def checked_value(entry: Field[Any], value: Any) -> Any:
    """
    Return ``value`` in the field's type.

    :raises ParameterError: the value has a wrong type, is out of range, or is not a choice.
    """
    rule = rule_of(entry)
    kind: type = type(entry.default)
    if kind in (float, str) and type(value) is int:
        value = kind(value)  # YAML reads the float 1 and a webcam's number as integers.
    if type(value) is not kind:
        raise ParameterError(f'parameter {entry.name!r} expects {kind.__name__}, '
                             f'got {type(value).__name__} {value!r}')
    if not rule.allows(value):
        raise ParameterError(f'parameter {entry.name!r} must be {rule.constraint}, got {value!r}')
    return value
