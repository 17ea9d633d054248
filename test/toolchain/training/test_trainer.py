# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parts of the training, in the Python that has PyTorch."""

from pathlib import Path
import subprocess

ROOT = Path(__file__).resolve().parents[3]


def test_stops_when_no_result_is_as_good_as_the_best(toolchain, tmp_path):
    script = """
from edgenext_ros.toolchain.training.trainer import Epoch, TrainingSettings, Trainer
trainer = object.__new__(Trainer)
trainer.settings = TrainingSettings('', '', 0, ((64, 1), (128, 9)), 1.0, patience=3)
trainer.history = []
for number, result in enumerate((80, 100, 90, 100, 90, 80, 95), start=1):
    size = 64 if number == 1 else 128
    trainer.history.append(Epoch(number, size, 0.5, size / 32, result))
    print(trainer._news())
trainer.run(None, print)
"""
    program = [str(toolchain.python), '-c', script]
    done = subprocess.run(program, capture_output=True, text=True, cwd=ROOT)
    lines = done.stdout.splitlines()
    assert lines[0] == ('epoch 1 of 10: 2 s, loss 0.500, 80.0 % of the validation pictures right; '
                        'about 72 s left'), done.stderr  # 9 epochs, each of 4 times the pixels
    assert lines[2].endswith('right (best 100.0 %, 1 of 3 epochs ago); about 28 s left')
    assert lines[3].endswith('right; about 24 s left')  # as good as the best: counts again
    assert lines[6].endswith('right (best 100.0 %, 3 of 3 epochs ago); about 12 s left')
    assert lines[7:] == ['no validation result as good as 100.0 % in 3 epochs (--patience): done']


def test_another_picture_of_the_same_name_is_shown_to_the_teacher_again(toolchain, class_folders,
                                                                        tmp_path):
    script = """
import sys
from pathlib import Path
from dataclasses import replace
from edgenext_ros.toolchain.training import photographs, teacher
looked = []
teacher._efficientnet_lite2 = teacher.torch.nn.Identity
teacher._basis = lambda *_: None
teacher._look = lambda model, basis, data, *_: looked.append(1) or teacher.np.ones(
    (len(data), 4, 1, 1))
data = photographs.read_folder(Path(sys.argv[1]))
for images in (data.images, data.images, data.images[::-1]):
    teacher.look(replace(data, images=images), views=1, seed=0, cache=Path(sys.argv[2]),
                 progress=print)
    print(len(looked))
"""
    done = subprocess.run([str(toolchain.python), '-c', script, str(class_folders), str(tmp_path)],
                          capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == ['1', '1', '2'], done.stderr


def test_pictures_are_normalised_as_the_published_weights_were_trained(toolchain):
    script = """
import numpy as np
import torch
from edgenext_ros.toolchain.training.student import normalise
pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
mean, deviation = (torch.from_numpy(np.array(values, np.float32))[:, None, None] for values in (
    [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]))
expected = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - mean) / deviation
print(torch.equal(normalise(pixels), expected))
"""
    done = subprocess.run([str(toolchain.python), '-c', script], capture_output=True, text=True,
                          cwd=ROOT)
    assert done.stdout.split() == ['True'], done.stderr
