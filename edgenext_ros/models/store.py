# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find model and label files by catalog name or path."""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path

from edgenext_ros.core.labels import LabelError, LabelSet
from edgenext_ros.models.catalog import CATALOG

DOWNLOADS = 'https://archive.d-robotics.cc/downloads/rdk_model_zoo/rdk_x5/'
"""Where the published files are (the model zoo's download page)."""

_BOARD_FOLDERS = (Path('/opt/hobot/model/x5/basic'), Path('/app/model/basic'))
"""Where the board's own image keeps models."""


class ModelNotFoundError(ValueError):
    """A model's file is not here; the text says where it was looked for and how to get it."""


@dataclass(frozen=True)
class Located:
    """A model file and where its labels are."""

    path: Path
    labels: Path | None
    """None for a model outside the catalog with no label list beside it."""


def resource_folder() -> Path:
    """
    Return the folder of the bundled models and labels.

    It is found from this file: in the source tree, or as ``share/edgenext_ros/resource`` under
    whatever prefix the package was installed into (colcon, pip, Debian).
    """
    here = Path(__file__).resolve()
    for folder in here.parents:
        for candidate in (folder / 'share' / 'edgenext_ros' / 'resource', folder / 'resource'):
            if (candidate / 'labels' / 'imagenet_1k.txt').is_file():
                return candidate
    raise FileNotFoundError(
        f'the bundled models were not found beside {here.parent} or in share/edgenext_ros of '
        'a folder above it; install the package again')


def cache_folder() -> Path:
    """Return the folder of fetched models (XDG cache; it may not exist)."""
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'edgenext_ros'


def locate(model: str, *, suffixes: tuple[str, ...] = ('.bin', '.onnx')) -> Located:
    """
    Find a model's file.

    :param model: a catalog name, or a path to a ``.bin`` or ``.onnx`` file.
    :param suffixes: kinds of file that can run here, best first.
    :raises ModelNotFoundError: it is not there; says what would be and how to get it.
    """
    if model not in CATALOG:
        path = Path(model).expanduser()
        if not path.exists():
            known = ', '.join(CATALOG)
            raise ModelNotFoundError(
                f'model {model!r}: not a file, and not in the catalog ({known})')
        return Located(path, _labels_beside(path))
    entry = CATALOG[model]
    folders = (resource_folder() / 'models',) if entry.bundled else (
        cache_folder(), *_BOARD_FOLDERS)
    wanted = sorted((file for file in entry.files if Path(file).suffix in suffixes),
                    key=lambda file: suffixes.index(Path(file).suffix))
    for file in wanted:
        for folder in folders:
            if (folder / file).is_file():
                return Located(folder / file, resource_folder() / 'labels' / entry.labels)
    # 'wget -O' leaves an empty file when it fails, so the file gets its name afterwards.
    target = cache_folder() / wanted[0]
    remedy = ('its ONNX file is bundled and needs "pip install onnxruntime"' if entry.bundled else
              f'get it with "mkdir -p {target.parent} && '
              f'wget -O {target}.part {DOWNLOADS}{wanted[0]} && mv {target}.part {target}"')
    raise ModelNotFoundError(
        f'model {model!r} is not on this machine: looked for {" or ".join(wanted)} in '
        f'{", ".join(map(str, folders))}; {remedy}')


def _labels_beside(path: Path) -> Path | None:
    for suffix in ('.labels.txt', '.txt', '.json'):
        candidate = path.with_suffix(suffix)
        if candidate.is_file():
            return candidate
    return None


def read_labels(path: Path) -> LabelSet:
    """
    Read a label file, UTF-8 text or JSON.

    :raises LabelError: it is missing, not UTF-8, or not a list of names.
    """
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f'{path}: cannot be read as UTF-8 text: {error}') from error
    return LabelSet.parse(text, source=str(path))
