# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Origin: differences between a checkpoint's settings and files and the present ones."""

import os

from edgenext_ros.models import ModelError
from edgenext_ros.toolchain.training.origin import Origin
import pytest

SETTINGS = {'rate': 0.001, 'schedule': [[160, 20], [224, 10]]}
FILES = {f'{name}/{number}.jpg': 100 for name in ('cup', 'plant') for number in range(9)}
LESS = {file: size for file, size in FILES.items() if file != 'cup/3.jpg'}


@pytest.mark.parametrize('settings, files, words', [
    (SETTINGS, FILES, ''),
    (SETTINGS | {'rate': 0.1}, FILES, 'other settings (rate 0.001 there, 0.1 here)'),
    (SETTINGS | {'schedule': ((64, 3),)}, FILES,
     'other settings (schedule 160x20,224x10 there, 64x3 here)'),
    (SETTINGS, {'cat/1.jpg': 9, 'cup/1.jpg': 100},
     'other classes (cup, plant there; cat, cup here)'),
    (SETTINGS, {**FILES, 'cup/9.jpg': 7}, 'other pictures (1 added: cup/9.jpg)'),
    (SETTINGS, LESS, 'other pictures (1 gone: cup/3.jpg)'),
    (SETTINGS, dict.fromkeys(FILES, 101),
     'other pictures (18 changed: cup/0.jpg, cup/1.jpg, cup/2.jpg and 15 more)'),
    (SETTINGS | {'rate': 1}, LESS, 'other settings (rate 0.001 there, 1 here) and other pictures '
     '(1 gone: cup/3.jpg)'),
], ids=['same', 'rate', 'schedule', 'classes', 'added', 'gone', 'same names', 'both'])
def test_differences_name_what_changed(tmp_path, settings, files, words):
    for file, size in files.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b'x' * size)
    assert Origin.of(settings, tmp_path, files).differences(Origin(SETTINGS, FILES)) == words


def test_origin_refuses_a_pipe_as_checkpoint(tmp_path):
    os.mkfifo(tmp_path / 'checkpoint.safetensors')
    origin = Origin({}, {})
    with pytest.raises(ModelError, match='expected a file, found a pipe'):
        origin.check(tmp_path)
