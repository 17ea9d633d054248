# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compiling: results, and failures, which are one sentence and leave no files."""

import errno
import hashlib
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import tempfile

from edgenext_ros.cli import main
from edgenext_ros.engines.simulator import vendor_tools
from edgenext_ros.toolchain import nv12_pictures
from edgenext_ros.toolchain.bpu import hb_mapper
from edgenext_ros.toolchain.bpu.compile import compile_model, CompileJob
from edgenext_ros.toolchain.bpu.recipe import RECIPES
from helpers.fake_mapper import BIN, compile_demo, ONNX, PICTURES
import pytest

pytestmark = pytest.mark.slow


def refused(capsys, output):
    """Return the error, and check that it is one line and that there is no output file."""
    text = capsys.readouterr().err
    assert text.startswith('edgenext compile: ')
    assert text.count('\n') == 1
    assert not output.exists()
    assert not list(output.parent.glob('*.part')) + list(output.parent.glob('*.recipe.json'))
    return text


def test_compile_writes_result_and_recipe(fake_tools, tmp_path, capsys):
    fake_tools()
    output, figures = tmp_path / 'new' / 'mine.bin', tmp_path / 'figures.json'
    assert compile_demo(output, '--json', figures, '--recipe', 'precise') == 0
    assert output.read_bytes() == BIN.read_bytes()
    recipe = json.loads((tmp_path / 'new' / 'mine.recipe.json').read_text())
    assert sorted(recipe['calibration_pictures']) == sorted(p.name for p in PICTURES.glob('*.jpg'))
    assert recipe['recipe'] == 'precise'
    assert recipe['sha256'] == hashlib.sha256(output.read_bytes()).hexdigest()
    assert [recipe[key] for key in ('model', 'network', 'classes', 'fit')] == [
        'demo.onnx', 'edgenext_xx_small', 100, 'crop']
    assert recipe['configuration']['model_parameters']['node_info']['a/Softmax']['InputType'] \
        == 'int16'
    assert json.loads(figures.read_text()) == recipe['report'] == {
        'latency_ms': 2.0, 'fps': 500.0, 'ddr_mb': 3.0, 'cpu_nodes': ['other/Conv'],
        'cosine': 0.987, 'worst_node': 'other/Conv', 'output_cosine': 0.999,
        'left_out': None}
    assert [recipe[key] for key in ('weights', 'height', 'width')] == [['the average'], 256, 320]
    said = capsys.readouterr().out
    assert 'calibrating' in said and ' s  the average\n' in said


@pytest.mark.parametrize('say,reason', [
    ('2026-11-24 10:00:00,000 ERROR Node a/Softmax is unknown', '1: Node a/Softmax is unknown'),
    ('OSError: [Errno 28] No space left on device', 'No space left on device'),
    ('Killed', 'exit code 1: Killed')], ids=['error', 'full disk', 'anything'])
def test_compile_quotes_a_failing_tool_and_keeps_its_log(fake_tools, tmp_path, capsys, say,
                                                         reason):
    fake_tools(say=say)
    assert compile_demo(tmp_path / 'new' / 'mine.bin') == 1
    said = refused(capsys, tmp_path / 'new' / 'mine.bin')
    assert reason in said and f'the whole log: {tmp_path / "new" / "mine.log"}' in said
    assert say in (tmp_path / 'new' / 'mine.log').read_text()


def test_compile_checks_calibration_folder_first(fake_tools, tmp_path, capsys):
    fake_tools(say='ERROR too late')
    assert compile_demo(tmp_path / 'new' / 'mine.bin', pictures=tmp_path / 'none') == 1
    said = capsys.readouterr()
    assert 'none: expected a folder of pictures' in said.err and said.err.count('\n') == 1
    assert not said.out and not (tmp_path / 'new').exists()


def test_compile_does_not_publish_a_damaged_result(fake_tools, tmp_path, capsys):
    half = tmp_path / 'half'
    data = BIN.read_bytes()
    half.write_bytes(data[:len(data) // 2])
    fake_tools(result=half)
    assert compile_demo(tmp_path / 'mine.bin') == 1
    assert 'expected a .bin' in refused(capsys, tmp_path / 'mine.bin')


def full_disk(folder, name):
    """Simulate a full disk for a file."""
    (folder / name).symlink_to('/dev/full')


@pytest.mark.parametrize('part', ['mine.recipe.json.part', 'mine.bin.part'])
def test_compile_on_full_disk_leaves_no_result(fake_tools, tmp_path, capsys, part):
    fake_tools()
    full_disk(tmp_path, part)
    assert compile_demo(tmp_path / 'mine.bin') == 1
    assert 'the disk is full' in refused(capsys, tmp_path / 'mine.bin')


def test_compile_on_full_disk_keeps_earlier_result(fake_tools, tmp_path, capsys):
    fake_tools()
    assert compile_demo(tmp_path / 'mine.bin') == 0
    before = {name: (tmp_path / name).read_bytes() for name in ('mine.bin', 'mine.recipe.json')}
    full_disk(tmp_path, 'mine.bin.part')
    assert compile_demo(tmp_path / 'mine.bin', '--recipe', 'precise') == 1
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert not list(tmp_path.glob('*.part'))


def test_compile_names_a_full_temporary_folder(fake_tools, tmp_path, capsys, monkeypatch):
    fake_tools()
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    read = nv12_pictures.read_pictures

    def fill_up(*arguments, **options):
        [folder] = tmp_path.glob('edgenext-*/calibration')
        full_disk(folder, '00001.rgb')
        return read(*arguments, **options)
    monkeypatch.setattr(nv12_pictures, 'read_pictures', fill_up)
    assert compile_demo(tmp_path / 'mine.bin') == 1
    text = refused(capsys, tmp_path / 'mine.bin')
    assert f'the disk is full (temporary folder {tmp_path}' in text
    assert not list(tmp_path.glob('edgenext-*'))


def test_compile_names_full_disk_in_tools_python(toolchain, tmp_path, monkeypatch):
    """The error is the last line of a traceback there."""
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))

    def fill_up(stage):
        if stage.startswith('writing the graph'):
            [folder] = tmp_path.glob('edgenext-*')
            full_disk(folder, 'model.onnx.part')
    job = CompileJob(str(ONNX), RECIPES['fast'], None, PICTURES)
    with pytest.raises(OSError, match='the disk is full') as caught:
        compile_model(job, progress=fill_up)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize('name,words', [
    ('file/mine.bin', 'file: expected a folder to write to, found a file'),
    ('folder.bin', 'expected a file to write, found a folder'),
    ('/proc/mine.bin', '/proc/mine.bin: cannot be written: '),
], ids=['in a file', 'a folder', 'in a folder of the kernel'])
def test_compile_checks_output_first(fake_tools, tmp_path, capsys, name, words):
    fake_tools(say='ERROR too late')
    (tmp_path / 'file').touch()
    (tmp_path / 'folder.bin').mkdir()
    assert compile_demo(tmp_path / name) == 1
    out, error = capsys.readouterr()
    assert words in error and 'too late' not in error and error.count('\n') == 1
    assert out == ''


def test_compile_keep_copies_log_network_and_reports(fake_tools, tmp_path):
    fake_tools()
    assert compile_demo(tmp_path / 'mine.bin', '--keep', tmp_path / 'a' / 'b') == 0
    assert sorted(file.name for file in (tmp_path / 'a' / 'b').iterdir()) == [
        'hb_mapper.log', 'model.onnx', 'x.bin', 'x_subgraph_0.json']


def test_compile_leaves_out_damaged_pictures_and_refuses_none(fake_tools, tmp_path, capsys):
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


def test_compile_without_tools_names_remedy(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(tmp_path))
    assert compile_demo(tmp_path / 'mine.bin') == 2
    assert '$EDGENEXT_TOOLCHAIN names this folder' in refused(capsys, tmp_path / 'mine.bin')


def test_compile_refuses_missing_model(fake_tools, tmp_path, capsys):
    fake_tools()
    assert compile_demo(tmp_path / 'mine.bin', model=tmp_path / 'none.onnx') == 1
    said = refused(capsys, tmp_path / 'mine.bin')
    assert 'none.onnx: expected a file with weights, found nothing there' in said


def test_compile_takes_a_timm_name_with_a_tag(fake_tools, tmp_path):
    fake_tools()
    assert compile_demo(tmp_path / 'mine.bin', model='edgenext_small.usi_in1k') == 0


def test_compile_refuses_a_file_that_is_no_model(toolchain, tmp_path, capsys):
    other = tmp_path / 'other.onnx'
    other.write_bytes(b'not a model')
    assert compile_demo(tmp_path / 'mine.bin', model=other) == 1
    assert 'cannot be read as weights' in refused(capsys, tmp_path / 'mine.bin')


@pytest.mark.parametrize('arguments,reason', [
    (['edgenext_base'], '--calibration FOLDER is missing'),
    (['edgenext_base', '--calibration', '.'], '--output FILE.bin is missing'),
    (['edgenext_base', '--calibration', '.', '--output', 'x.onnx'], 'must end in .bin'),
    (['edgenext_base', '--random-weights', '--calibration', '.'], 'needs no --calibration'),
    (['x.onnx', '--random-weights'], 'takes a timm name, got the file x.onnx'),
    (['edgenext_base', '--random-weights', '--output', 'x.txt'], 'must end in .bin, got x.txt'),
    (['edgenext_base', '--random-weights', '--classes', '1'], 'must be at least 2, got 1')])
def test_compile_refuses_conflicting_arguments(capsys, arguments, reason):
    assert main(['compile', *arguments]) == 2
    assert reason in capsys.readouterr().err


def test_hb_mapper_run_ends_the_tool_on_ctrl_c(fake_tools, tmp_path):
    fake_tools(say='nothing any more')
    os.mkfifo(tmp_path / 'tools' / 'never')

    def interrupt(text):
        raise KeyboardInterrupt
    # The tool waits for ever, so run returns only if it ends the tool.
    with pytest.raises(KeyboardInterrupt):
        hb_mapper.run(vendor_tools.find(), tmp_path, progress=interrupt)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP, signal.SIGINT],
                         ids=lambda number: number.name)
def test_compile_ended_by_signal_leaves_no_tool_and_no_file(fake_tools, tmp_path, monkeypatch,
                                                            number):
    fake_tools(say='nothing any more')
    os.mkfifo(tmp_path / 'tools' / 'never')
    temporary = tmp_path / 'temporary'
    temporary.mkdir()
    monkeypatch.setenv('TMPDIR', str(temporary))
    command = [sys.executable, '-m', 'edgenext_ros.cli', 'compile', str(ONNX), '--output',
               str(tmp_path / 'mine.bin'), '--calibration', str(PICTURES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout:
                if ' calibrating' in line:  # printed by the tool, which then waits
                    break
            (tool,) = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
            process.send_signal(number)
            assert process.wait(60) == 128 + number
        finally:
            process.kill()
    assert not Path('/proc', tool).exists()
    assert not list(temporary.iterdir()) and not list(tmp_path.glob('mine*'))
