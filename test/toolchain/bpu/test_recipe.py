# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The recipes: settings, and nodes in int16."""

import hashlib
import json

from edgenext_ros.cli import compile as verb
from edgenext_ros.models.store import resource_folder
from edgenext_ros.toolchain.bpu.recipe import RECIPES
import pytest

# Nodes of XX-Small that the model zoo's page of EdgeNeXt puts into int16, besides the Softmax.
XX_SMALL = """
stages.3/blocks/blocks.1/mlp/fc1/MatMul      stages.3/blocks/blocks.1/mlp/fc2/MatMul
stages.3/blocks/blocks.1/norm/Div_mul        stages.3/blocks/blocks.1/norm/Pow
stages.3/blocks/blocks.1/norm_xca/ReduceMean_1
stages.0/blocks/blocks.0/conv_dw/Conv
stages.3/downsample/downsample.0/ReduceMean  stages.3/downsample/downsample.0/Sub
stages.3/downsample/downsample.0/ReduceMean_1
stages.2/blocks/blocks.5/norm_xca/ReduceMean_1
"""
STEM = ['/stem/stem.1/Mul', '/stem/stem.1/Sub', '/stem/stem.1/Pow']


def softmax(*blocks):
    return {f'/stages/stages.{stage}/blocks/blocks.{block}/xca/Softmax'
            for stage, block in enumerate(blocks, start=1)}


@pytest.mark.parametrize('size,nodes', [
    ('edgenext_xx_small',
     softmax(1, 5, 1) | {f'/stages/{name}' for name in XX_SMALL.split()} | {*STEM}),
    ('edgenext_x_small', softmax(2, 8, 2)), ('edgenext_small', softmax(2, 8, 2)),
    ('edgenext_base', softmax(2, 8, 2))])
def test_published_recipe_names_its_int16_nodes(size, nodes):
    found = RECIPES['published'].int16_nodes(['/stem/norm/Pow'], size)
    assert len(found) == len(nodes)
    assert {*found} == nodes


@pytest.mark.parametrize('name,expected', [
    ('fast', (True, 0.9999, None)), ('precise', (True, 0.9999, None)),
    ('published', (False, 0.999, 'O3'))])
def test_recipe_settings(name, expected):
    recipe = RECIPES[name]
    assert (recipe.bpu_graph, recipe.percentile, recipe.level) == expected


@pytest.mark.parametrize('recipe,chosen', [('fast', []), ('precise', [0, 2, 3, 4, 5])])
def test_recipe_chooses_int16_nodes_by_name(recipe, chosen):
    names = ['/stem/norm/rotate/Conv', '/stem/norm/Constant',
             '/stages/stages.0/stages.0.0/mlp/norm/Pow',
             '/stages/stages.0/stages.0.0/mlp/fc2/Conv', '/stages/stages.0/stages.0.0/Add',
             '/stages/stages.1/stages.1.2/xca/Add', '/stages/stages.0/stages.0.0/mlp/fc1/Conv',
             '/stages/stages.0/stages.0.0/mlp/Mul_1', '/stages/stages.0/stages.0.0/mlp/Add']
    assert RECIPES[recipe].int16_nodes(names, 'edgenext_small') == [names[i] for i in chosen]


def test_verb_compile_offers_every_recipe():
    assert tuple(RECIPES) == verb.RECIPE_NAMES


def test_bundled_recipe_belongs_to_the_bundled_model():
    folder = resource_folder() / 'models'
    recipe = json.loads((folder / 'demo.recipe.json').read_text())
    assert recipe['sha256'] == hashlib.sha256((folder / 'demo.bin').read_bytes()).hexdigest()
