# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Compile EdgeNeXt for the BPU with the vendor's hb_mapper.

It runs in a temporary folder; the result is published when it is complete and checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import csv
from dataclasses import asdict, dataclass, replace
import errno
import hashlib
import json
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
from typing import Any

from edgenext_ros.core.nv12 import DEFAULT_FIT
from edgenext_ros.engines.simulator import vendor_tools
from edgenext_ros.models import checksum, ModelError, pictures
from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.models.formats import bin_file
from edgenext_ros.models.left_out import Account
from edgenext_ros.models.similar_file import did_you_mean_file
from edgenext_ros.toolchain import nv12_pictures
from edgenext_ros.toolchain.bpu import compiled_labels, hb_mapper
from edgenext_ros.toolchain.bpu.hb_mapper import CompilerReport
from edgenext_ros.toolchain.bpu.recipe import Recipe
from edgenext_ros.toolchain.network.sizes import WEIGHTS
from edgenext_ros.toolchain.progress import StepProgress

_SENSITIVITY_PICTURES = 4
"""Number of calibration pictures for ``sensitivity``; each is run twice for each node."""


@dataclass(frozen=True)
class CompileJob:
    """What to compile, and how."""

    model: str
    """timm's name, or the path of a weight file; see ``weights.load``."""
    recipe: Recipe
    output: Path | None
    """The ``.bin`` to write; None only measures."""
    pictures: Path | None = None
    """Folder of pictures to calibrate with; None compiles random weights without calibration."""
    count: int = 100
    """Maximum number of pictures to calibrate with."""
    fit: str = DEFAULT_FIT
    """How pictures of another shape are fitted, one of ``choices.FITS``."""
    classes: int = 1000
    """Number of classes for random weights."""
    level: str | None = None
    """hbdk-cc's optimisation level; None takes that of the recipe or the size."""
    keep: Path | None = None
    """Folder to copy the graphs to: float and quantised ONNX, log, the compiler's report."""
    layers: Path | None = None
    """CSV file for the cost of each layer, see ``hb_mapper.layer_costs``."""
    sensitivity: Path | None = None
    """CSV file for the cost of int8 at each node, see ``int8_sensitivity``; needs pictures."""
    picture: tuple[int, int] | None = None
    """Height and width of the input; None takes those of an ONNX file, or 224x224."""


def compile_model(job: CompileJob, *, progress: StepProgress) -> CompilerReport:
    """
    Compile one model; write its recipe file and labels beside the output.

    :raises EngineUnavailableError: the vendor's tools are not installed.
    :raises ModelError: the model is not an EdgeNeXt, or the tools refuse it.
    :raises ValueError: there is no picture to calibrate with.
    :raises OSError: the disk is full, or a folder cannot be written.
    """
    tools = vendor_tools.find()
    tools.command('hb_mapper')
    if job.pictures is not None:
        pictures.find(job.pictures).expect_some()
    # Not beside the output: the vendor's tools write the folder's path into the .bin.
    with tempfile.TemporaryDirectory(prefix='edgenext-') as temporary, _explain_full_disk():
        work = Path(temporary)
        if job.output is not None:
            _check_output(job.output)
        progress(f'writing the graph of {job.model}, recipe {job.recipe.name}')
        prepared = _prepare(tools, job, work / 'model.onnx')
        for note in prepared['notes']:
            progress(note)
        used, account = None, None
        if job.pictures is not None:
            used, account = _calibrate(job, work / 'calibration', prepared['picture'], progress)
        config = hb_mapper.configuration(
            prefix=Path(job.output or prepared['size']).stem, int16=prepared['int16'],
            calibrate=job.recipe if used else None,
            level=job.level or prepared['level'], layers=job.layers is not None)
        (work / 'config.yaml').write_text(json.dumps(config, indent=2))  # JSON is YAML
        try:
            report = replace(hb_mapper.run(tools, work, progress=progress),
                             left_out=account.as_json() if account else None)
            if job.output is not None:
                _publish(job, work, config, prepared, used, report)
                labels = compiled_labels.copy(Path(job.model), job.output,
                                              classes=prepared['classes'])
                if labels:
                    progress(labels)
        except ModelError as error:
            raise ModelError(f'{error}; the whole log: {_keep_log(job, work)}') from error
        except OSError:
            _keep_log(job, work)
            raise
        if job.keep is not None:
            _copy_intermediates(job.keep, work)
        if job.layers is not None:
            with job.layers.open('w', newline='') as file:
                csv.writer(file).writerows(hb_mapper.layer_costs(work / 'out'))
        if job.sensitivity is not None:
            progress("the vendor's debugger quantises one node after another, which takes minutes")
            _measure_sensitivity(tools, work, job.sensitivity)
    return report


def fingerprint(job: CompileJob) -> str:
    """
    Return a SHA-256 of everything that a compilation depends on, as a key for caches.

    It covers the ONNX file, hb_mapper's settings, the version of the tools and the calibration
    pictures. It has to write the graph, which takes seconds.
    """
    tools = vendor_tools.find()
    total = hashlib.sha256(tools.version.encode())
    with tempfile.TemporaryDirectory(prefix='edgenext-') as folder:
        graph = Path(folder, 'model.onnx')
        prepared = _prepare(tools, job, graph)
        total.update(graph.read_bytes())
    calibrate = None if job.pictures is None else job.recipe
    total.update(json.dumps(hb_mapper.configuration(
        prefix=prepared['size'], int16=prepared['int16'], calibrate=calibrate,
        level=job.level or prepared['level'])).encode())
    if job.pictures is not None:
        height, width = prepared['picture']
        seen = nv12_pictures.read_folder(
            job.pictures, limit=job.count, width=width, height=height, fit=job.fit)
        for nv12 in seen.pictures:
            total.update(nv12.tobytes())
    return total.hexdigest()


def _measure_sensitivity(tools: vendor_tools.Hbdk, work: Path, output: Path) -> None:
    graph = next((work / 'out').glob('*_calibrated_model.onnx'))
    done = subprocess.run(
        tools.module('edgenext_ros.toolchain.bpu.int8_sensitivity', str(graph),
                     str(work / 'calibration'), str(_SENSITIVITY_PICTURES),
                     str(output.absolute())),
        env=tools.environment(), cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ['no output'])[-1]
        raise ModelError(f'{output}: the debugger failed: {last}')


def _check_output(output: Path) -> None:
    """Raise OSError before the work, which takes minutes, if the output cannot be written."""
    if output.is_dir():
        raise IsADirectoryError(errno.EISDIR, 'expected a file to write, found a folder',
                                str(output))
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, 'expected a folder to write to, found a file',
                                 str(output.parent)) from error
    except OSError as error:
        raise OSError(error.errno, f'cannot be written: {error.strerror}', str(output)) from error


def check_model(model: str) -> None:
    """Raise ModelError if ``model`` is named as a weight file, but there is none."""
    path = Path(model)
    if path.suffix not in WEIGHTS or path.is_file():
        return
    found = 'a folder' if path.is_dir() else f'nothing there{did_you_mean_file(path, WEIGHTS)}'
    raise ModelError(f'{model}: expected a file with weights, found {found}')


def _prepare(tools: vendor_tools.Hbdk, job: CompileJob, output: Path) -> dict[str, Any]:
    """Run ``write_onnx`` in the tools' Python, which has PyTorch, and return its answer."""
    check_model(job.model)
    model = Path(job.model)
    arguments = {
        'model': str(model.absolute()) if model.is_file() else job.model,
        'recipe': asdict(job.recipe), 'random': job.pictures is None, 'classes': job.classes,
        'picture': job.picture, 'onnx': str(output)}
    done = subprocess.run(
        tools.module('edgenext_ros.toolchain.bpu.write_onnx', json.dumps(arguments)),
        env=tools.environment(), capture_output=True, text=True, check=False)
    try:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines()
                or [f'it ended with exit code {done.returncode}'])[-1]
        if os.strerror(errno.ENOSPC) in last:
            raise OSError(errno.ENOSPC, last, str(output)) from None
        raise ModelError(f'{job.model}: its graph could not be written: {last}; "./dev toolchain" '
                         'installs what is needed') from None
    if 'error' in answer:
        raise ModelError(answer['error'])
    return answer


def _calibrate(job: CompileJob, folder: Path, picture: list[int],
               progress: StepProgress) -> tuple[list[str], Account]:
    """
    Write the calibration data; return the pictures in it, and the files left out.

    :param picture: height and width of the model's input, in pixels.
    """
    assert job.pictures is not None
    height, width = picture
    folder.mkdir()
    seen = nv12_pictures.read_folder(
        job.pictures, limit=job.count, width=width, height=height, fit=job.fit)
    for number, nv12 in enumerate(seen.pictures):
        # Not tofile: its error does not give the reason.
        (folder / f'{number:05}.rgb').write_bytes(
            nv12_pictures.rgb(nv12, width=width, height=height).tobytes())
    progress(f'{len(seen.files)} calibration pictures from {job.pictures}'
             + (f'; {seen.account}' if seen.account else ''))
    return [file.relative_to(job.pictures).as_posix() for file in seen.files], seen.account


def _publish(job: CompileJob, work: Path, config: dict[str, Any], prepared: dict[str, Any],
             used: list[str] | None, report: CompilerReport) -> None:
    """Check the ``.bin``, and publish it and its recipe."""
    assert job.output is not None
    compiled = next((work / 'out').glob('*.bin'))
    bin_file.read(compiled)
    story = {
        'model': Path(job.model).name, 'network': prepared['size'], 'classes': prepared['classes'],
        'weights': prepared['weights'], 'height': prepared['picture'][0],
        'width': prepared['picture'][1], 'recipe': job.recipe.name,
        'sha256': checksum.digest(compiled).sha256,
        'fit': job.fit, 'calibration_pictures': used, 'report': asdict(report),
        'configuration': config}
    recipe = work / 'recipe.json'
    recipe.write_text(json.dumps(story, indent=1) + '\n')
    # The inner file, the recipe, is renamed first, so that no .bin exists without its recipe.
    with atomic_write(job.output) as part, \
            atomic_write(job.output.with_suffix('.recipe.json')) as recipe_part:
        shutil.copyfile(recipe, recipe_part)
        shutil.copyfile(compiled, part)


def _copy_intermediates(folder: Path, work: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in (work / 'model.onnx', work / hb_mapper.LOG, *(work / 'out').iterdir()):
        if file.is_file():  # bias correction also leaves a folder
            shutil.copyfile(file, folder / file.name)


def _keep_log(job: CompileJob, work: Path) -> Path:
    """Save the log of a failure, beside the output or in the folder of ``--keep``."""
    target = job.output.with_suffix('.log') if job.output else (job.keep or Path()) / hb_mapper.LOG
    with suppress(OSError):  # the caller raises the first error
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(work / hb_mapper.LOG, target)
    return target


@contextmanager
def _explain_full_disk() -> Iterator[None]:
    """Add to the error of a full disk which folder is meant, and how much space it needs."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(
            errno.ENOSPC, f'the disk is full (temporary folder {tempfile.gettempdir()}, chosen by '
            '$TMPDIR; a compilation needs about 300 MB there): '
            f'{error.filename2 or error.filename or ""}') from error
