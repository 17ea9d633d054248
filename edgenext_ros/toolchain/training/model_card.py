# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page that goes with a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgenext_ros.models.regular_file import shown
from edgenext_ros.toolchain.evaluation.metrics import TOP

if TYPE_CHECKING:
    from edgenext_ros.toolchain.training.job import Job, Result


def model_card(job: Job, result: Result) -> str:
    """Return what a user must know of the model, in Markdown."""
    settings = job.settings
    schedule = ','.join(f'{size}x{epochs}' for size, epochs in settings.schedule)
    facts = {
        'network': f'{settings.model} (timm), {len(result.classes)} classes',
        'input': '224 x 224; the file takes normalised RGB, the node feeds it from NV12',
        'labels': f'[{result.labels.name}]({result.labels.name})',
        'data': f'`{shown(job.data.name)}`: {result.training} pictures to train, '
                f'{result.validation} to validate, {result.test.pictures} to test, divided by a '
                'hash of the file names',
        'left out':
            str(result.account).removeprefix('left out ') if result.account else 'nothing',
        'first weights': result.start,
        'teacher': 'none' if result.teacher is None else
                   f'EfficientNet-Lite2 (ImageNet) and a linear probe, {result.teacher:.1f} % of '
                   f'pictures right that the probe was not fitted to; {settings.views} views a '
                   'picture',
        'training': f'{len(result.history)} epochs of the schedule {schedule}, AdamW up to '
                    f'{settings.rate:g}, {settings.batch} pictures a step, seed {settings.seed}',
        'temperature': 'not calibrated: too few validation pictures'
                       if result.temperature is None else
                       f'{result.temperature:g}: the logits were divided by it to calibrate the '
                       'probabilities',
    }
    rows = '\n'.join(f'| {name} | {text} |' for name, text in facts.items())
    # Of five classes or fewer top-5 is always 100 %.
    top5 = f' and {result.test.top5:.1f} % top-5' if len(result.classes) > TOP else ''
    curve = '\n'.join(
        f'| {epoch.number} | {epoch.size} | {epoch.loss:.3f} | '
        f'{"" if epoch.validation is None else f"{epoch.validation:.1f} %"} |'
        for epoch in result.history)
    return f"""# Model card: `{result.onnx.stem}`

| | |
|---|---|
{rows}

## Accuracy

{result.test.top1:.1f} % top-1{top5} on the {result.test.pictures} test pictures,
of each the middle square, in float. Neither training nor its end looked at them.
Through the node's own path: `edgenext evaluate {result.onnx.name} --data pictures/test`.

A picture of anything outside these classes still gets one of them.

## Learning curve

| epoch | size | loss | top-1 of the validation pictures |
|---|---|---|---|
{curve}
"""
