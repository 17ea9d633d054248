# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Train EdgeNeXt on a user's own classes."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = ('Train EdgeNeXt on your own classes: from a folder of photographs to an ONNX file with '
        'labels and a model card.')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('data', type=Path, metavar='FOLDER',
                        help='folder with one folder of pictures per class')
    parser.add_argument('--output', type=Path, required=True, metavar='FOLDER',
                        help='folder for the results; the same command resumes an interrupted '
                             'training')
    parser.add_argument('--model', default='edgenext_xx_small',
                        help="timm's name of one of the four sizes (default: %(default)s)")
    parser.add_argument('--weights', default='auto',
                        help='initial weights: a file, a timm name, random, or auto: the '
                             'ImageNet weights if they have been fetched, else those of the '
                             'bundled model for XX-Small, else random (default: auto)')
    parser.add_argument('--schedule', default='160x20,224x10', metavar='SIZExEPOCHS,...',
                        help='size of the pictures and number of epochs (default: %(default)s)')
    parser.add_argument('--patience', type=int, default=10, metavar='EPOCHS',
                        help='stop after so many epochs in a row below the best validation '
                             'result; an equal result restarts the count; 0 never stops '
                             '(default: 10)')
    parser.add_argument('--views', type=int, default=4, metavar='N',
                        help='number of random parts of each picture that a teacher with '
                             'ImageNet weights sees; 0 trains without a teacher (default: 4)')
    parser.add_argument('--rate', type=float, default=1e-3,
                        help='highest learning rate (default: %(default)s)')
    parser.add_argument('--batch', type=int, default=64, metavar='N',
                        help='pictures of a training step (default: 64)')
    parser.add_argument('--test', type=float, default=0.12, metavar='SHARE',
                        help='share of each class that is held back for the test (default: 0.12)')
    parser.add_argument('--validation', type=float, default=0.1, metavar='SHARE',
                        help='share of the rest that decides when to stop and calibrates the '
                             'probabilities; 0 disables both (default: 0.1)')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='seed of the split and of all random numbers (default: 0)')
    parser.add_argument('--threads', type=int, metavar='N', help='CPU threads (default: all)')


def run(arguments: argparse.Namespace) -> int:
    """Train in this Python if it has PyTorch, else in that of the BPU tools."""
    from importlib.util import find_spec
    import sys

    from edgenext_ros.cli import replace_process

    error = _usage_error(arguments)
    if error:
        print(f'edgenext train: {error}', file=sys.stderr)
        return 2
    if not find_spec('torch') or not find_spec('timm'):
        from edgenext_ros.engines.base import EngineUnavailableError
        from edgenext_ros.engines.simulator import vendor_tools
        from edgenext_ros.libraries import pip_install
        try:
            tools = vendor_tools.find()
        except EngineUnavailableError:
            print('edgenext train: PyTorch and timm are missing: '
                  f'"{pip_install("torch", "timm", "onnx")}", or "./dev toolchain" in the source '
                  'tree', file=sys.stderr)
            return 2
        command = tools.module('edgenext_ros.cli', *arguments.command)
        replace_process(command, tools.environment(), arguments)
    return _train(arguments)


def _usage_error(arguments: argparse.Namespace) -> str:
    """Return an error for an invalid argument; '' if there is none."""
    if not 0 < arguments.test < 1 or not 0 <= arguments.validation < 1:
        return '--test must be between 0 and 1, and --validation at least 0 and less than 1'
    if min(arguments.views, arguments.patience, arguments.seed) < 0:
        return '--views, --patience and --seed must be at least 0'
    if arguments.batch < 2 or arguments.rate <= 0:
        return '--batch must be at least 2, and --rate more than 0'
    return ''


def _train(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict
    import sys

    from edgenext_ros.cli import write_json
    from edgenext_ros.cli.progress import Steps
    from edgenext_ros.toolchain.evaluation.metrics import TOP
    from edgenext_ros.toolchain.training.job import TrainingJob
    from edgenext_ros.toolchain.training.own_classes import train_folder
    from edgenext_ros.toolchain.training.trainer import parse_schedule, TrainingSettings
    import torch

    try:
        schedule = parse_schedule(arguments.schedule)
    except ValueError as error:
        print(f'edgenext train: {error}', file=sys.stderr)
        return 2
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    settings = TrainingSettings(
        model=arguments.model, weights=arguments.weights, views=arguments.views,
        rate=arguments.rate, batch=arguments.batch, schedule=schedule,
        patience=arguments.patience, seed=arguments.seed)
    job = TrainingJob(
        data=arguments.data, output=arguments.output, test_fraction=arguments.test,
        validation_fraction=arguments.validation, settings=settings)
    try:
        result = train_folder(job, progress=Steps())
    except KeyboardInterrupt:
        print(f'\nedgenext train: interrupted; the same command resumes after the last complete '
              f'epoch, from {job.output}', file=sys.stderr)
        return 130
    top5 = f', {result.test.top5:.1f} % top-5' if len(result.classes) > TOP else ''
    print(f'\ntest         {result.test.top1:.1f} % top-1{top5} of '
          f'{result.test.pictures} pictures that were held back\n'
          f'written      {result.onnx}, {result.labels.name}, '
          f'{result.onnx.with_suffix(".md").name} (model card), pictures/\n'
          f'{next_commands(result.onnx, calibration=job.output / "pictures" / "training")}')
    figures = asdict(result)
    del figures['account']
    figures.update(onnx=str(result.onnx), top1=result.test.top1, top5=result.test.top5,
                   left_out=result.account.as_json())
    write_json(arguments.json, figures)
    return 0


def next_commands(onnx: Path, *, calibration: Path) -> str:
    """
    Return the commands that use a trained model, one in each line.

    :param onnx: the model.
    :param calibration: folder of the pictures that it was trained on.
    """
    from shlex import quote

    import edgenext_ros

    file = quote(str(onnx))
    lines = [f'on this PC   edgenext classify --model {file} PICTURE',
             f'in ROS       ros2 run edgenext_ros classifier_node --ros-args -r image:=/TOPIC '
             f'-p model:={quote(str(onnx.resolve()))}',
             f'for the BPU  edgenext compile {file} --output '
             f'{quote(str(onnx.with_suffix(".bin")))} --calibration {quote(str(calibration))}']
    if (Path(edgenext_ros.__file__).parents[1] / 'dev').is_file():
        lines.append('with ./dev   "./dev shell edgenext" for "edgenext", "./dev shell '
                     'classifier_node" for "ros2 run edgenext_ros classifier_node"')
    return '\n'.join(lines)
