# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trainer, teacher and normalisation, in the toolchain's Python, which has PyTorch."""

from pathlib import Path
import subprocess

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(toolchain, script, *arguments):
    """Run a script in the toolchain's Python and return the lines that it prints."""
    done = subprocess.run([str(toolchain.python), '-c', script, *map(str, arguments)],
                          capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_trainer_stops_after_patience_and_describes_epochs(toolchain):
    lines = run(toolchain, """
from edgenext_ros.toolchain.training.trainer import (
    describe_last, Epoch, Trainer, TrainingSettings)
trainer = object.__new__(Trainer)
trainer.settings = TrainingSettings('', '', 0, ((64, 1), (128, 9)), 1.0, patience=3)
trainer.history = []
for number, result in enumerate((80, 100, 90, 100, 90, 80, 95), start=1):
    size = 64 if number == 1 else 128
    trainer.history.append(Epoch(number, size, 0.5, size / 32, result))
    print(describe_last(trainer.history, trainer.settings))
trainer.run(None, print)
""")
    assert lines[0] == ('epoch 1 of 10: 2 s, loss 0.500, 80.0 % of the validation pictures right; '
                        'about 72 s left')  # 9 epochs, each of 4 times the pixels
    assert lines[2].endswith('right (best 100.0 %, 1 of 3 epochs ago); about 28 s left')
    assert lines[3].endswith('right; about 24 s left')  # as good as the best: restarts the count
    assert lines[6].endswith('right (best 100.0 %, 3 of 3 epochs ago); about 12 s left')
    assert lines[7:] == ['no validation result as good as 100.0 % in 3 epochs (--patience): done']


def test_learning_rate_is_a_ramp_times_a_cosine(toolchain):
    lines = run(toolchain, """
from edgenext_ros.toolchain.training.trainer import learning_rate
for done in (0, 1, 1.75, 5, 9.75):
    print(learning_rate(2.0, done, steps=4, epochs=10))
""")
    # cos(pi * done / 10) of 0, 1, 1.75, 5, 9.75 epochs; ramps of 1/8, 5/8 and 1
    expected = [2 * ramp * (0.505 + 0.495 * cosine) for ramp, cosine in (
        (0.125, 1.0), (0.625, 0.9510565), (1, 0.8526402), (1, 0.0), (1, -0.9969173))]
    assert [float(line) for line in lines] == pytest.approx(expected, rel=1e-5)


def test_trainer_averages_and_decays_weights_with_timm(toolchain, class_folders, tmp_path):
    """The average takes max(0.002, 9 / (10 + n)) of step n; weights decay, biases do not."""
    lines = run(toolchain, """
import sys
from pathlib import Path
import timm
from edgenext_ros.toolchain.training import photographs
from edgenext_ros.toolchain.training.origin import Origin
from edgenext_ros.toolchain.training.trainer import Trainer, TrainingSettings
data = photographs.read_folder(Path(sys.argv[1]))
network = timm.create_model('edgenext_xx_small', num_classes=3)
settings = TrainingSettings('edgenext_xx_small', 'random', 0, ((64, 1),), 1e-3)
trainer = Trainer(network, data, None, settings, Origin({}, {}), Path(sys.argv[2]))
shares, update = [], trainer.average.update
def record(model, step):
    shares.append(1 - trainer.average.get_decay(step))
    update(model, step)
trainer.average.update = record
trainer.run(None, lambda line: None)
print(len(trainer.history), *shares)
print(*(1 - trainer.average.get_decay(n + 2) for n in (1, 2, 100, 4490, 4491, 10 ** 6)))
for group in trainer.optimiser.param_groups:
    print(group['weight_decay'], {p.ndim > 1 for p in group['params']})
""", class_folders, tmp_path)
    assert [float(part) for part in lines[0].split()] == pytest.approx([1, 9 / 11])
    assert [float(part) for part in lines[1].split()] == pytest.approx(
        [max(0.002, 9 / (10 + n)) for n in (1, 2, 100, 4490, 4491, 10 ** 6)])
    assert lines[2:] == ['0.05 {True}', '0.0 {False}']


def test_teacher_computes_views_again_only_for_other_pictures(toolchain, class_folders, tmp_path):
    lines = run(toolchain, """
import sys
from pathlib import Path
from dataclasses import replace
from edgenext_ros.toolchain.training import photographs, teacher
data = photographs.read_folder(Path(sys.argv[1]))
said = []
for images in (data.images, data.images, data.images[::-1]):
    views = teacher.compute_views(replace(data, images=images), views=1, seed=0,
                                  cache=Path(sys.argv[2]), progress=said.append)
    print(len(said), views.maps.shape, tuple(views.targets.shape))
""", class_folders, tmp_path)
    assert lines == [f'{computed} (1, 4, 256, 5, 5) (1, 4, 3)' for computed in (1, 1, 2)]


def test_normalise_uses_constants_of_the_published_weights(toolchain):
    lines = run(toolchain, """
import numpy as np
import torch
from edgenext_ros.toolchain.training.student import normalise
pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
mean, deviation = (torch.from_numpy(np.array(values, np.float32))[:, None, None] for values in (
    [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]))
expected = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - mean) / deviation
print(torch.equal(normalise(pixels), expected))
""")
    assert lines == ['True']
