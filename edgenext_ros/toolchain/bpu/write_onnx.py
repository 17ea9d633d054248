# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Write the ONNX file that hb_mapper compiles; ``compile`` runs this in the toolchain's Python.

The argument is a JSON object with model, recipe, random, classes, picture (height and width, or
null for those of the file) and onnx (the file to write). The answer is one line of JSON: what
``prepare`` returns, or an error.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys

from edgenext_ros.models import ModelError
from edgenext_ros.toolchain.bpu.graph import BpuEdgeNeXt
from edgenext_ros.toolchain.bpu.recipe import Recipe
from edgenext_ros.toolchain.network.export import export
from edgenext_ros.toolchain.network.sizes import INPUT_SIZE, PLANS, size_of
from edgenext_ros.toolchain.network.weights import load, Loaded

_HOT = 6
"""Largest temperature for which exp, without subtraction of the maximum, is accurate in int8."""


def prepare(model: str, recipe: Recipe, output: Path, *, random: bool,
            classes: int, picture: tuple[int, int] | None = None) -> dict[str, object]:
    """
    Write the ONNX file of a model in the recipe's form, and describe it.

    onnxsim simplifies the graph of the published recipe, as its publisher did, but not the BPU
    graph: it would fold GELU's factor into a convolution, and the compiler would miss the GELU.

    :param model: timm's name, or the path of a weight file.
    :param recipe: the recipe.
    :param output: the ONNX file to write.
    :param random: take random weights.
    :param classes: number of classes for random weights.
    :param picture: height and width; None takes those of the file, or 224x224.
    :return: size, classes, picture, weights (notes on them), notes (for the user), int16 (node
        names) and level (of hbdk-cc).
    :raises ModelError: see ``weights.load``; or the size of the input is not supported.
    """
    import onnx
    loaded = load(model, random=random, classes=classes)
    network = loaded.network
    picture, why = _picture(model, loaded, picture)
    size = size_of(network.stem[0].out_channels)
    export(BpuEdgeNeXt(network, picture) if recipe.bpu_graph else network, output, size=picture)
    graph = onnx.load(str(output))
    if not recipe.bpu_graph:
        import onnxsim
        graph, same = onnxsim.simplify(graph)
        if not same:
            raise ModelError(f'{model}: onnxsim changed what the graph computes')
        onnx.save(graph, str(output))
    names = [node.name for node in graph.graph.node]
    hottest = max(float(value.abs().max()) for name, value in network.named_parameters()
                  if name.endswith('temperature'))
    notes = [] if hottest <= _HOT or not recipe.bpu_graph else [
        f'the attention has a temperature of {hottest:.3g}; int8 is accurate up to {_HOT}: '
        'check with edgenext verify, and use --recipe published if the agreement is too low']
    return {'size': size, 'classes': network.num_classes, 'picture': picture,
            'weights': loaded.notes, 'notes': [*loaded.notes, *why, *notes],
            'int16': recipe.int16_nodes(names, size), 'level': recipe.level or PLANS[size].level}


def _picture(model: str, loaded: Loaded, asked: tuple[int, int] | None
             ) -> tuple[tuple[int, int], list[str]]:
    """Return height and width to compile for, and notes on them."""
    chosen = asked or loaded.size or (INPUT_SIZE, INPUT_SIZE)
    height, width = chosen
    if min(chosen) < 64 or max(chosen) > 1024 or height % 32 or width % 32:
        raise ModelError(f'{model}: a picture of {width}x{height}: expected sides from 64 to 1024 '
                         'in steps of 32; --size chooses another')
    if loaded.size and asked and asked != loaded.size:
        return chosen, [f'compiled for {width}x{height}, as --size says; the file is for '
                        f'{loaded.size[1]}x{loaded.size[0]}']
    if loaded.size and chosen != (INPUT_SIZE, INPUT_SIZE):
        return chosen, [f'compiled for {width}x{height}, the size of the file; --size chooses '
                        'another']
    return chosen, []


def main(arguments: str) -> None:
    """Run ``prepare`` with the arguments of the JSON object, and print the answer."""
    job = json.loads(arguments)
    try:
        answer = prepare(job['model'], Recipe(**job['recipe']), Path(job['onnx']),
                         random=job['random'], classes=job['classes'],
                         picture=job['picture'] and tuple(job['picture']))
    except ModelError as error:
        answer = {'error': str(error)}
    print(json.dumps(answer))


if __name__ == '__main__':
    main(sys.argv[1])
