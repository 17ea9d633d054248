# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compiling: what goes wrong is one sentence and leaves nothing behind; what goes right is told."""

import io
import json
import os
from pathlib import Path
import shutil
import sys

from edgenext_ros.cli import main
from edgenext_ros.models.store import locate, resource_folder
from edgenext_ros.runtime import hbdk
from edgenext_ros.toolchain import mapper
from edgenext_ros.toolchain.recipe import RECIPES
import pytest

PICTURES = resource_folder() / 'pictures'
# Stands in for hb_mapper where it has to fail in a certain way, or has to be quick.
MAPPER = """#!{python}
import json, os, pathlib, shutil, sys
say = {say!r}
print('2026-11-24 10:00:00,000 INFO Start to calibrate the model.')
print('node/Conv   BPU  id(0)  HzConv  0.998  1.5  int8  ')
print('other/Conv  CPU  --     HzConv  0.987  1.5  float ')
print('logits      0.999  0.1  0.1  0.1')
sys.stdout.flush()
if say == 'nothing any more':
    sys.stdin = open({tools!r} + '/never')
    sys.stdin.read()
if say:
    print(say)
    sys.exit(1)
out = pathlib.Path('out')
out.mkdir()
shutil.copyfile({result!r}, out / 'x.bin')
(out / 'x_subgraph_0.json').write_text(json.dumps({{'summary': {{
    'latency (us)': 2000, 'DDR bytes per frame': 3000000}}}}))
"""
PREPARED = '{"size": "edgenext_xx_small", "classes": 100, "int16": ["a/Softmax"]}'


@pytest.fixture
def fake_tools(tmp_path, monkeypatch):
    """Return a function that makes an environment whose hb_mapper says or gives something."""
    def make(*, say='', result=locate('demo', suffixes=('.bin',)).path):
        folder = tmp_path / 'tools'
        package = folder / 'lib/python3.10/site-packages/hbdk'
        (package / 'lib64/x86').mkdir(parents=True)
        (package / 'lib64/x86/libhbdk_sim_x86.so').touch()
        (package / '__init__.py').write_text("__version__ = '3.49.15'")
        (folder / 'bin').mkdir()
        for name, text in (('python3', f"#!/bin/sh\necho '{PREPARED}'\n"),
                           ('hb_mapper', MAPPER.format(python=sys.executable, say=say,
                                                       result=str(result), tools=str(folder)))):
            (folder / 'bin' / name).write_text(text)
            (folder / 'bin' / name).chmod(0o755)
        monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(folder))
    return make


def compile_demo(output, *more, model=None, pictures=PICTURES):
    model = model or locate('demo', suffixes=('.onnx',)).path
    return main(['compile', str(model), '--output', str(output), '--calibration', str(pictures),
                 *map(str, more)])


def refused(capsys, output):
    """Return the one sentence, and check that nothing stands under the final name."""
    text = capsys.readouterr().err
    assert text.startswith('edgenext compile: ')
    assert text.count('\n') == 1
    assert not output.exists()
    assert not list(output.parent.glob('*.part')) + list(output.parent.glob('*.recipe.json'))
    return text


def test_the_result_and_its_recipe_appear(fake_tools, tmp_path, capsys):
    fake_tools()
    output, figures = tmp_path / 'new' / 'mine.bin', tmp_path / 'figures.json'
    assert compile_demo(output, '--json', figures, '--recipe', 'precise') == 0
    assert output.read_bytes() == locate('demo', suffixes=('.bin',)).path.read_bytes()
    recipe = json.loads((tmp_path / 'new' / 'mine.recipe.json').read_text())
    assert sorted(recipe['calibration_pictures']) == sorted(p.name for p in PICTURES.glob('*.jpg'))
    assert recipe['recipe'] == 'precise'
    assert recipe['configuration']['model_parameters']['node_info']['a/Softmax']['InputType'] \
        == 'int16'
    assert json.loads(figures.read_text()) == recipe['report'] == {
        'latency_ms': 2.0, 'fps': 500.0, 'ddr_mb': 3.0, 'cpu_nodes': ['other/Conv'],
        'cosine': 0.987, 'worst_node': 'other/Conv', 'output_cosine': 0.999}
    assert 'calibrating' in capsys.readouterr().out


@pytest.mark.parametrize('say,reason', [
    ('2026-11-24 10:00:00,000 ERROR The node a/Softmax is unknown', 'The node a/Softmax is unknown'),
    ('OSError: [Errno 28] No space left on device', 'No space left on device'),
    ('Killed', 'exit code 1: Killed')], ids=['error', 'full disk', 'anything'])
def test_a_failing_tool_is_quoted_and_its_log_kept(fake_tools, tmp_path, capsys, say, reason):
    fake_tools(say=say)
    assert compile_demo(tmp_path / 'mine.bin') == 1
    assert reason in refused(capsys, tmp_path / 'mine.bin')
    assert say in (tmp_path / 'mine.log').read_text()


def test_a_result_that_is_no_model_is_not_published(fake_tools, tmp_path, capsys):
    half = tmp_path / 'half'
    data = locate('demo', suffixes=('.bin',)).path.read_bytes()
    half.write_bytes(data[:len(data) // 2])
    fake_tools(result=half)
    assert compile_demo(tmp_path / 'mine.bin') == 1
    assert 'expected a .bin' in refused(capsys, tmp_path / 'mine.bin')


def test_a_full_disk_is_one_sentence(fake_tools, tmp_path, capsys, monkeypatch):
    fake_tools()

    def full(source, target):
        Path(target).write_bytes(b'half')
        raise OSError(28, 'No space left on device', str(target))
    monkeypatch.setattr(shutil, 'copyfile', full)
    assert compile_demo(tmp_path / 'mine.bin') == 1
    assert 'the disk is full' in refused(capsys, tmp_path / 'mine.bin')


def test_pictures_that_do_not_decode_are_left_out_or_refused(fake_tools, tmp_path, capsys):
    fake_tools()
    folder = tmp_path / 'pictures'
    folder.mkdir()
    assert compile_demo(tmp_path / 'mine.bin', pictures=folder) == 1
    assert 'expected pictures' in refused(capsys, tmp_path / 'mine.bin')
    (folder / 'broken.jpg').write_bytes(b'\xff\xd8 no picture')
    assert compile_demo(tmp_path / 'mine.bin', pictures=folder) == 1
    assert 'none of 1 pictures decodes' in refused(capsys, tmp_path / 'mine.bin')
    shutil.copy(PICTURES / 'coffee.jpg', folder)
    assert compile_demo(tmp_path / 'mine.bin', pictures=folder) == 0
    assert 'left out' in capsys.readouterr().out
    recipe = json.loads((tmp_path / 'mine.recipe.json').read_text())
    assert recipe['calibration_pictures'] == ['coffee.jpg']


def test_without_the_tools_it_says_how_to_get_them(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(tmp_path))
    assert compile_demo(tmp_path / 'mine.bin') == 1
    assert './dev toolchain' in refused(capsys, tmp_path / 'mine.bin')


def test_a_model_that_is_not_there(fake_tools, tmp_path, capsys):
    fake_tools()
    assert compile_demo(tmp_path / 'mine.bin', model=tmp_path / 'none.onnx') == 1
    assert 'none.onnx: this file does not exist' in refused(capsys, tmp_path / 'mine.bin')


def test_a_model_that_is_no_edgenext(toolchain, tmp_path, capsys):
    other = tmp_path / 'other.onnx'
    other.write_bytes(b'not a model')
    assert compile_demo(tmp_path / 'mine.bin', model=other) == 1
    assert 'cannot be read as weights' in refused(capsys, tmp_path / 'mine.bin')


@pytest.mark.parametrize('arguments,reason', [
    (['edgenext_base'], '--calibration FOLDER is missing'),
    (['edgenext_base', '--calibration', '.'], '--output FILE.bin is missing'),
    (['edgenext_base', '--calibration', '.', '--output', 'x.onnx'], 'must end in .bin'),
    (['edgenext_base', '--random-weights', '--calibration', '.'], 'needs no --calibration'),
    (['edgenext_base', '--random-weights', '--classes', '1'], '--classes at least 2')])
def test_arguments_that_do_not_go_together(capsys, arguments, reason):
    assert main(['compile', *arguments]) == 2
    assert reason in capsys.readouterr().err


def test_ctrl_c_ends_the_tool(fake_tools, tmp_path):
    fake_tools(say='nothing any more')
    os.mkfifo(tmp_path / 'tools' / 'never')

    def interrupt(text):
        raise KeyboardInterrupt
    # Returns only because the tool, which waits for ever, is ended.
    with pytest.raises(KeyboardInterrupt):
        mapper.run(hbdk.find(), tmp_path, progress=interrupt)


def test_progress_lines_are_cut_at_returns_and_percentages(tmp_path):
    data = b'one\n\x1b[92mtwo\x1b[0m\n[=  ]   1%[== ]  10%\r[===] 100%\nlast'
    assert list(mapper._lines(io.BufferedReader(io.BytesIO(data)))) == [
        'one', 'two', '[=  ]   1%', '[== ]  10%', '[===] 100%', 'last']


@pytest.mark.parametrize('size,blocks,more', [
    ('edgenext_xx_small', (1, 5, 1), 13), ('edgenext_x_small', (2, 8, 2), 0),
    ('edgenext_small', (2, 8, 2), 0), ('edgenext_base', (2, 8, 2), 0)])
def test_the_published_recipe_places_its_nodes(size, blocks, more):
    nodes = RECIPES['published'].int16_nodes([], size)
    assert nodes[:3] == [f'/stages/stages.{stage}/blocks/blocks.{block}/xca/Softmax'
                         for stage, block in enumerate(blocks, start=1)]
    assert len(set(nodes)) == 3 + more


@pytest.mark.parametrize('recipe,chosen', [('fast', []), ('precise', [0, 2, 3, 4, 5])])
def test_nodes_in_int16(recipe, chosen):
    names = ['/stem/norm/rotate/Conv', '/stem/norm/Constant', '/stages/stages.0/stages.0.0/mlp/norm/Pow',
             '/stages/stages.0/stages.0.0/mlp/fc2/Conv', '/stages/stages.0/stages.0.0/Add',
             '/stages/stages.1/stages.1.2/xca/Add', '/stages/stages.0/stages.0.0/mlp/fc1/Conv',
             '/stages/stages.0/stages.0.0/mlp/Mul_1', '/stages/stages.0/stages.0.0/mlp/Add']
    assert RECIPES[recipe].int16_nodes(names, 'edgenext_small') == [names[i] for i in chosen]
