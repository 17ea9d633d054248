# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of a frame that the model sees."""

import cv2
from edgenext_ros.core.exif import MARK
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.nv12 import Nv12Converter
import numpy as np
import pytest

WHOLE = ('stretch', 'letterbox')


def region(width, height, fit, *, size=(224, 224)):
    frame = Frame.from_image(np.zeros((height, width), np.uint8), 'mono8')
    return tuple(Nv12Converter(width=size[0], height=size[1], fit=fit).region(frame))


@pytest.mark.parametrize('fit', WHOLE)
@pytest.mark.parametrize('width,height', [
    (1920, 1080), (641, 479), (479, 641), (224, 224), (225, 223), (1, 1), (1, 1000), (3, 2)])
def test_model_sees_the_whole_frame(fit, width, height):
    assert region(width, height, fit) == (0, 0, width, height)


@pytest.mark.parametrize('width,height,seen', [
    (1920, 1080, (420, 0, 1080, 1080)),
    (1080, 1920, (0, 420, 1080, 1080)),
    (640, 480, (80, 0, 480, 480)),
    (224, 224, (0, 0, 224, 224)),
    # Even positions and sides, because two pixels share their chroma.
    (641, 479, (80, 0, 478, 478)),
    (479, 641, (0, 80, 478, 478)),
    (1921, 1081, (420, 0, 1080, 1080)),
    (225, 223, (0, 0, 222, 222)),
    (1, 1, (0, 0, 1, 1)), (3, 3, (0, 0, 2, 2)), (2, 1000, (0, 498, 2, 2)),
    (1000, 1, (498, 0, 2, 1))])
def test_model_sees_the_middle_with_crop(width, height, seen):
    assert region(width, height, 'crop') == seen


def test_crop_has_the_shape_of_the_model():
    assert region(1920, 1080, 'crop', size=(320, 160)) == (0, 60, 1920, 960)
    assert region(1920, 1080, 'crop', size=(160, 320)) == (690, 0, 540, 1080)


def jpeg(width, height, orientation=1):
    """Encode a black picture with an orientation in its Exif data."""
    data = cv2.imencode('.jpg', np.zeros((height, width, 3), np.uint8))[1].tobytes()
    exif = MARK + b'MM\0*' + bytes((0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation,
                                    0, 0, 0, 0, 0, 0))
    segment = b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif
    return np.frombuffer(data[:2] + segment + data[2:], np.uint8)


@pytest.mark.parametrize('width,height,orientation,fit,decoded,seen', [
    # The crop begins at an even pixel of the reduced picture: 104 x 4, where 105 is the middle.
    (1920, 1080, 1, 'crop', (480, 270), (416, 0, 1080, 1080)),
    (1921, 1083, 1, 'crop', (481, 271), (416, 0, 1080, 1080)),
    (1917, 1079, 1, 'crop', (480, 270), (416, 0, 1080, 1079)),
    (1917, 1079, 1, 'stretch', (480, 270), (0, 0, 1917, 1079)),
    (1917, 1079, 1, 'letterbox', (240, 135), (0, 0, 1917, 1079)),
    (1920, 1080, 6, 'crop', (270, 480), (0, 416, 1080, 1080)),
    (1920, 1080, 3, 'stretch', (480, 270), (0, 0, 1920, 1080)),
    (640, 480, 1, 'crop', (320, 240), (80, 0, 480, 480)),
    (300, 240, 1, 'crop', (300, 240), (30, 0, 240, 240)),
    (7001, 4001, 1, 'crop', (876, 501), (1504, 0, 4000, 4000))])
def test_region_of_a_reduced_jpeg_is_in_its_own_pixels(
        width, height, orientation, fit, decoded, seen):
    converter = Nv12Converter(width=224, height=224, fit=fit)
    frame = Frame.from_compressed(jpeg(width, height, orientation), enough=converter.covers)
    assert (frame.width, frame.height) == decoded
    assert frame.reduced_from == (None if decoded == (width, height) else
                                  (width, height)[::-1 if orientation > 4 else 1])
    assert tuple(converter.region(frame)) == seen


@pytest.mark.parametrize('fit', ['crop', *WHOLE])
@pytest.mark.parametrize('width,height', [(640, 480), (641, 479), (300, 1001), (230, 225)])
def test_only_pixels_of_the_region_change_the_models_picture(fit, width, height):
    """Paint around the region, then strips inside its edges, and compare what the model gets."""
    converter = Nv12Converter(width=224, height=224, fit=fit)
    image = np.full((height, width, 3), 40, np.uint8)
    x, y, across, down = converter.region(Frame.from_image(image))

    def picture(image):
        return converter.convert(Frame.from_image(image)).copy()

    expected = picture(image)
    around = np.full_like(image, 250)
    around[y:y + down, x:x + across] = 40
    assert (picture(around) == expected).all()
    strip = 2 + max(across, down) // 100  # a resize need not read the very last row
    for rows, columns in [((y, y + strip), (x, x + across)), ((y, y + down), (x, x + strip)),
                          ((y + down - strip, y + down), (x, x + across)),
                          ((y, y + down), (x + across - strip, x + across))]:
        inside = image.copy()
        inside[slice(*rows), slice(*columns)] = 250
        assert (picture(inside) != expected).any()
