# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find model and label files by catalog name or path."""

from __future__ import annotations

from dataclasses import dataclass
import errno
import os
from pathlib import Path
import platform
import pwd
import shutil

from edgenext_ros.core.labels import LabelError, LabelSet
from edgenext_ros.libraries import install_onnxruntime
from edgenext_ros.models import checksum, regular_file
from edgenext_ros.models.catalog import CATALOG, Entry, File
from edgenext_ros.models.similar_file import did_you_mean_file

_MOST_LABEL_BYTES = 10 ** 6
_BOARD_FOLDERS = (Path('/opt/hobot/model/x5/basic'), Path('/app/model/basic'))
"""Folders in which RDK OS keeps models."""


class ModelNotFoundError(ValueError):
    """The file of a model is missing; the text names the searched folders and the remedy."""


class NoHomeError(ValueError):
    """There is no folder for files that are kept between runs; the text says how to set one."""


@dataclass(frozen=True)
class Located:
    """A model file and its label file."""

    path: Path
    labels: Path | None
    """None for a model outside the catalog without a label file beside it."""


def resource_folder() -> Path:
    """
    Return the folder of the bundled models and labels.

    The search goes upwards from this file: ``resource`` in the source tree, or
    ``share/edgenext_ros/resource`` in the prefix of the installation (colcon, pip, Debian).

    :raises FileNotFoundError: the installation is incomplete.
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
    """
    Return the folder of fetched models in the XDG cache; it may not exist.

    :raises NoHomeError: neither the environment nor the user database gives a home folder.
    """
    chosen = os.environ.get('XDG_CACHE_HOME')
    return (Path(chosen) if chosen else _home() / '.cache') / 'edgenext_ros'


def _home() -> Path:
    """Return the user's home; an empty HOME, as from some service managers, counts as unset."""
    if os.environ.get('HOME'):
        return Path(os.environ['HOME'])
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise NoHomeError(f'this user ({os.getuid()}) has no home folder: set HOME or '
                          'XDG_CACHE_HOME') from None


def is_fetched(path: Path) -> bool:
    """Return whether a file is in the folder of fetched models."""
    try:
        return path.parent == cache_folder()
    except NoHomeError:
        return False


def default_kind() -> str:
    """Return the kind of file for this type of machine: ``bin`` (aarch64) or ``onnx``."""
    return 'bin' if platform.machine() == 'aarch64' else 'onnx'


def fetch_command(name: str, kind: str) -> str:
    """Return the command that fetches a file of a model on this machine."""
    # colcon installs the command in a folder that only "ros2 run" searches.
    ros = os.environ.get('AMENT_PREFIX_PATH') and not shutil.which('edgenext')
    option = '' if kind == default_kind() else f' --kind {kind}'
    return f'{"ros2 run edgenext_ros " if ros else ""}edgenext models fetch {name}{option}'


def folders(entry: Entry) -> tuple[Path, ...]:
    """Return the folders in which the files of a model may be, best first."""
    if entry.bundled:
        return (resource_folder() / 'models',)
    try:
        return (cache_folder(), *_BOARD_FOLDERS)
    except NoHomeError:
        return _BOARD_FOLDERS


def find(entry: Entry, file: File) -> Path | None:
    """Return the path of a file of the catalog, unchecked; None when it is not on this machine."""
    return next((path for folder in folders(entry) if (path := folder / file.name).is_file()),
                None)


def locate(model: str, *, suffixes: tuple[str, ...] = ('.bin', '.onnx')) -> Located:
    """
    Find the file of a model; a fetched file is compared with its record.

    :param model: a name in the catalog, or a path to a ``.bin`` or ``.onnx`` file.
    :param suffixes: suffixes of the files that can run on this machine, best first.
    :raises ModelNotFoundError: there is no such file; the text says how to get it.
    :raises ChangedError: the file differs from its record.
    """
    if model not in CATALOG:
        path, known = user_path(model), ', '.join(CATALOG)
        if not model:
            raise ModelNotFoundError(f'no model was named: expected a path, or one of {known}')
        if not path.exists():
            raise ModelNotFoundError(
                f'model {model!r}: not a file, and not in the catalog ({known})'
                f'{did_you_mean_file(path, (".bin", ".onnx"), names=CATALOG)}')
        return Located(path, _labels_beside(path) or _labels_of(path))
    entry = CATALOG[model]
    wanted = sorted((file for file in entry.files if file.suffix in suffixes),
                    key=lambda file: suffixes.index(file.suffix))
    for file in wanted:
        found = find(entry, file)
        if found is not None:
            if is_fetched(found):
                checksum.check(found)
            return Located(found, resource_folder() / 'labels' / entry.labels)
    if not wanted:
        raise ModelNotFoundError(f'model {model!r} has no {" or ".join(suffixes)} file')
    remedy = (f'its ONNX file is bundled and needs "{install_onnxruntime()}"' if entry.bundled else
              f'get it with "{fetch_command(model, wanted[0].kind)}"')
    raise ModelNotFoundError(
        f'model {model!r} is not on this machine: looked for '
        f'{" or ".join(file.name for file in wanted)} in '
        f'{", ".join(map(str, folders(entry)))}; {remedy}')


def _labels_of(path: Path) -> Path | None:
    """Return the labels of a file that is in the catalog but was given by its path."""
    path = path.resolve()
    return next((resource_folder() / 'labels' / entry.labels for entry in CATALOG.values()
                 for file in entry.files
                 if path in [folder.resolve() / file.name for folder in folders(entry)]), None)


def _own_labels(path: Path) -> tuple[Path, ...]:
    """Return the possible label files of a model outside the catalog, best first."""
    return tuple(path.with_suffix(suffix) for suffix in ('.labels.txt', '.labels.json'))


def _labels_beside(path: Path) -> Path | None:
    if not path.is_file():
        return None  # with_suffix raises for '/' and '', which have no name
    return next((candidate for candidate in _own_labels(path) if candidate.is_file()), None)


def no_labels(path: Path) -> str:
    """Return the message that a model has no labels and which files were looked for."""
    looked_for = ', '.join(candidate.name for candidate in _own_labels(path))
    return f'no labels beside {path} (looked for {looked_for}): names are class indices'


def labels_of(located: Located, *, classes: int,
              chosen: str | Path | None = None) -> tuple[LabelSet, str]:
    """
    Return the labels of a model's classes, and the path of their file.

    Without a label file the classes are numbered, and the path is empty; see ``no_labels``.

    :param located: the model; its own label file is used unless another one is chosen.
    :param classes: number of classes of the model.
    :param chosen: path of another label file, which may start with ``~``; None or empty if none.
    :raises LabelError: the label file is missing, damaged, or has another number of names.
    """
    path = user_path(str(chosen)) if chosen else located.labels
    if path is None:
        return LabelSet.numbered(classes), ''
    return read_labels(path).check_count(classes, source=str(path)), str(path)


def user_path(text: str) -> Path:
    """Replace ``~`` in a path by the home folder; without one, the path is unchanged."""
    try:
        return Path(text).expanduser() if os.environ.get('HOME') != '' else Path(text)
    except (RuntimeError, ValueError):  # no such user, or no home folder
        return Path(text)


def read_labels(path: Path) -> LabelSet:
    """
    Read a label file, UTF-8 text or JSON; see ``LabelSet.parse``.

    :raises LabelError: the file is missing, not regular, larger than 1 MB, not UTF-8, or not a
        list of names.
    """
    try:
        text = regular_file.read(path, most=_MOST_LABEL_BYTES).decode('utf-8')
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise LabelError(f'{path}: expected at most {_MOST_LABEL_BYTES} bytes of labels, '
                             'found more') from error
        near = did_you_mean_file(path, ('.txt', '.json')) if error.errno == errno.ENOENT else ''
        raise LabelError(f'{path}: cannot be read: {error.strerror}{near}') from error
    except UnicodeDecodeError as error:
        raise LabelError(f'{path}: cannot be read as UTF-8 text: {error}') from error
    except ValueError as error:  # a NUL, or half of a surrogate pair, in the path
        raise LabelError(f'{str(path)!r}: cannot be read: {error}') from error
    return LabelSet.parse(text, source=str(path))
