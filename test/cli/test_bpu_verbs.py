# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verbs compile and verify: exit codes, and errors of one line."""

import json
from pathlib import Path

from edgenext_ros.cli import main
from edgenext_ros.models.store import locate, resource_folder
from edgenext_ros.toolchain.evaluation import verify
from edgenext_ros.toolchain.evaluation.verify import Agreement
import pytest

PICTURES = resource_folder() / 'pictures'
BIN, ONNX = (locate('demo', suffixes=(suffix,)).path for suffix in ('.bin', '.onnx'))
VERIFY = ['verify', BIN, '--against', ONNX, '--pictures', PICTURES]


def call(*arguments):
    return main([str(argument) for argument in arguments])


def row(second, *, top1=100.0, cosine=0.99, difference=0.0, disagreements=()):
    return Agreement('demo.onnx', second, 3, top1, cosine, 0.98, difference, [*disagreements])


@pytest.mark.parametrize('arguments,words', [
    (['compile'], 'required: MODEL'), (['compile', 'x', '--recipe', 'slow'], "choice: 'slow'"),
    (['compile', 'x', '--level', 'O4'], "choice: 'O4'"),
    (['compile', 'x', '--fit', 'wide'], "choice: 'wide'"),
    (['verify', 'x.bin', '--pictures', '.'], 'required: --against'),
    (['verify', 'x.bin', '--against', 'x.onnx'], 'required: --pictures'),
    (['verify', 'x.bin', '--against', 'x.onnx', '--pictures', '.', '--least', 'all'],
     'invalid float')], ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_compile_and_verify_wrong_usage(arguments, words, capsys):
    with pytest.raises(SystemExit) as caught:
        call(*arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize('arguments,code,words', [
    (['compile', 'x', '--random-weights', '--count', 0], 2, '--count must be at least 1'),
    ([*VERIFY, '--count', 0], 2, '--count must be at least 1')], ids=['compile', 'verify'])
def test_compile_and_verify_refuse_a_count_of_zero(arguments, code, words, capsys):
    assert call(*arguments) == code
    error = capsys.readouterr().err
    assert words in error and error.count('\n') == 1


def test_compile_checks_its_file_before_its_options(tmp_path, monkeypatch, capsys):
    (tmp_path / 'model.onnx').touch()
    monkeypatch.chdir(tmp_path)
    assert call('compile', 'modl.onnx', '--output', 'z.bin') == 1
    assert capsys.readouterr().err == (
        'edgenext compile: modl.onnx: expected a file with weights, found nothing there; did you '
        "mean 'model.onnx'?\n")


@pytest.mark.parametrize('model,against,pictures,words', [
    ('none.bin', ONNX, PICTURES, 'none.bin'), (BIN, 'none.onnx', PICTURES, 'none.onnx'),
    (__file__, ONNX, PICTURES, 'test_bpu_verbs.py'),
    (BIN, __file__, PICTURES, 'test_bpu_verbs.py'),
    (BIN, ONNX, 'none', 'none: expected a folder of pictures'),
    (BIN, ONNX, Path(__file__).parent, 'found none')],
    ids=['no model', 'no network', 'not a model', 'not a network', 'no folder', 'no picture'])
def test_verify_refuses_invalid_arguments_in_one_line(
        toolchain, onnxruntime, model, against, pictures, words, capsys):
    assert call('verify', model, '--against', against, '--pictures', pictures) == 1
    out, error = capsys.readouterr()
    assert out == '' and error.startswith('edgenext verify: ') and error.count('\n') == 1
    assert words in error


@pytest.mark.parametrize('arguments', [
    VERIFY, ['compile', 'edgenext_xx_small', '--random-weights'],
    ['classify', PICTURES / 'coffee.jpg', '--runtime', 'simulator'],
    ['evaluate', '--data', PICTURES, '--runtime', 'simulator']], ids=lambda value: value[0])
def test_verbs_without_the_bpu_tools_exit_with_2(monkeypatch, tmp_path, capsys, arguments):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(tmp_path))
    assert call(*arguments) == 2
    error = capsys.readouterr().err
    assert '$EDGENEXT_TOOLCHAIN names this folder' in error and error.count('\n') == 1


@pytest.mark.parametrize('options,rows,code,words', [
    (['--least', 60], [row('bin', top1=66.67)], 0, ''),
    (['--least', 70], [row('bin', top1=66.67)], 1, '66.67 % is less than --least 70.0 %'),
    (['--quantised', 'q.onnx'], [row('bin'), row('q'), row('bin', difference=1e-7)], 0, ''),
    (['--quantised', 'q.onnx'], [row('bin'), row('q'), row('bin', difference=1e-4)], 1,
     'differs from its quantised graph'),
    ([], [row('bin', difference=1e-4)], 0, '')],
    ids=['enough', 'too few', 'exact', 'not exact', 'nothing asked'])
def test_verify_exit_code_follows_agreement(
        monkeypatch, tmp_path, capsys, options, rows, code, words):
    monkeypatch.setattr(verify, 'verify', lambda *_, **__: rows)
    figures = tmp_path / 'figures.json'
    assert call(*VERIFY, *options, '--json', figures) == code
    error = capsys.readouterr().err
    assert words in error and error.count('\n') == code
    assert [found['second'] for found in json.loads(figures.read_text())] == [
        found.second for found in rows]


@pytest.mark.parametrize('cosine,lines', [(0.767, 1), (0.899, 1), (0.9, 0), (0.9908, 0)])
def test_verify_warns_of_other_weights_without_changing_the_exit_code(
        monkeypatch, capsys, cosine, lines):
    monkeypatch.setattr(verify, 'verify', lambda *_, **__: [row('bin', cosine=cosine)])
    assert call(*VERIFY) == 0
    error = capsys.readouterr().err
    assert error.count('\n') == lines
    assert not lines or (f'warning: mean cosine {cosine}, usual is 0.99 or more: {BIN} and {ONNX} '
                         'probably do not have the same weights' in error)


def test_verify_names_the_first_disagreements(monkeypatch, capsys):
    monkeypatch.setattr(verify, 'verify', lambda *_, **__: [
        row('bin', top1=0.0, disagreements=[f'{name}.jpg' for name in 'abcdefg'])])
    assert call(*VERIFY) == 0
    shown = capsys.readouterr().out
    assert 'same best class 0.00 %' in shown
    assert 'e.jpg' in shown and 'f.jpg' not in shown


@pytest.mark.parametrize('file', ['nowhere/figures.json', '.'])
def test_json_in_a_missing_folder_is_refused_first(
        tmp_path, monkeypatch, capsys, file):
    monkeypatch.chdir(tmp_path)
    assert call('models', 'list', '--json', file) == 1
    said = capsys.readouterr()
    assert said.err == (f'edgenext models: --json {file}: expected a file to write, in a folder '
                        'that exists\n') and not said.out
