# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What several tests need."""

import cv2
import pytest

from edgenext_ros.models.store import resource_folder


@pytest.fixture(scope='session')
def photograph():
    """A photograph with colour in it: BGR, uint8, 240 x 320."""
    image = cv2.imread(str(resource_folder() / 'pictures' / 'coffee.jpg'))
    return cv2.resize(image, (320, 240), interpolation=cv2.INTER_AREA)
