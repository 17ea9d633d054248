# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Find the vendor's PC tools (hbdk): compiler and simulator of the BPU.

They are in a separate virtual environment, from which this package imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
import os
from pathlib import Path
import platform
import re
import shutil
import sys

from edgenext_ros.engines.base import EngineUnavailableError
from edgenext_ros.models.store import cache_folder, NoHomeError, user_path

TOOLCHAIN_VARIABLE = 'EDGENEXT_TOOLCHAIN'
REMEDY = (
    f'in the source tree, "./dev toolchain" installs it; elsewhere, "pip install dgdk" into a '
    f'virtual environment of Python 3.10 and name its folder in ${TOOLCHAIN_VARIABLE}')

_PACKAGE = Path(__file__).parents[2]
# Only this package becomes importable: its folder may contain a NumPy for another Python.
_RUN_MODULE = """
import importlib.util, runpy, sys
folder, name = sys.argv[1:3]
spec = importlib.util.spec_from_file_location(
    'edgenext_ros', folder + '/__init__.py', submodule_search_locations=[folder])
sys.modules['edgenext_ros'] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
sys.argv[1:3] = []
runpy.run_module(name, run_name='__main__', alter_sys=True)
"""

_TOOLS = "the vendor's PC tools (hbdk)"
_SIMULATOR = 'libhbdk_sim_x86.so'


@dataclass(frozen=True)
class Hbdk:
    """The vendor's tools in one virtual environment."""

    folder: Path
    """The virtual environment."""
    version: str
    """Version of hbdk, such as 3.49.15."""
    libraries: Path
    """Folder with the libraries for x86-64."""

    @property
    def bin(self) -> Path:
        """Folder of the commands (hb_mapper, hbdk-sim)."""
        return self.folder / 'bin'

    @property
    def python(self) -> Path:
        """The interpreter that can import the vendor's packages."""
        return self.bin / 'python3'

    @property
    def simulator(self) -> Path:
        """Library of the BPU simulator, which contains the runtime."""
        return self.libraries / _SIMULATOR

    def environment(self) -> dict[str, str]:
        """
        Return environment variables for the vendor's commands.

        The commands call each other by name, and must not see the packages of a sourced ROS.
        """
        environment = {name: value for name, value in os.environ.items()
                       if name not in ('PYTHONHOME', 'PYTHONPATH')}
        environment['VIRTUAL_ENV'] = str(self.folder)
        environment['PATH'] = f'{self.bin}{os.pathsep}{environment.get("PATH", os.defpath)}'
        return environment

    def module(self, name: str, *arguments: str) -> list[str]:
        """Return the command that runs a module of this package in the tools' own Python."""
        return [str(self.python), '-I', '-c', _RUN_MODULE, str(_PACKAGE), name, *arguments]

    def command(self, name: str) -> Path:
        """
        Return the path of a command, such as ``hb_mapper``.

        :raises EngineUnavailableError: it is not installed; the text names its packages.
        """
        path = self.bin / name
        if not os.access(path, os.X_OK):
            raise EngineUnavailableError(
                f'{name} is not in {self.bin}: "{self.python} -m pip install dg_nn_toolkit '
                f'rdkx5_yolo_mapper" installs it')
        return path


def find() -> Hbdk:
    """
    Find the tools in $EDGENEXT_TOOLCHAIN, else in the usual environments.

    The usual environments are that of this interpreter, that of an ``hbdk-sim`` on the PATH, and
    the one in the cache that ``./dev toolchain`` creates.

    :raises EngineUnavailableError: the tools are not found, or this is not Linux on x86-64.
    """
    if (platform.system(), platform.machine()) != ('Linux', 'x86_64'):
        raise EngineUnavailableError(
            f'{_TOOLS} run on Linux on x86-64 only, this is {platform.system()} on '
            f'{platform.machine()}')
    folders = list(search_folders())
    for folder in folders:
        for package in sorted(folder.glob('lib/python3*/site-packages/hbdk')):
            libraries = package / 'lib64' / 'x86'
            needed = libraries / _SIMULATOR, package / '__init__.py', folder / 'bin' / 'python3'
            if all(map(Path.is_file, needed)):
                return Hbdk(folder, _version(package), libraries)
    remedy = REMEDY
    if os.environ.get(TOOLCHAIN_VARIABLE):
        remedy = f'${TOOLCHAIN_VARIABLE} names this folder; correct or unset it'
    raise EngineUnavailableError(
        f'{_TOOLS} are not in {", ".join(map(str, folders))}: {remedy}')


def search_folders() -> Iterator[Path]:
    """Yield the virtual environments in which ``find`` looks for the tools, in order."""
    chosen = os.environ.get(TOOLCHAIN_VARIABLE)
    if chosen:
        yield user_path(chosen).absolute()
        return
    yield Path(sys.prefix)
    command = shutil.which('hbdk-sim')
    if command:
        yield Path(command).absolute().parents[1]
    with suppress(NoHomeError):
        yield cache_folder() / 'toolchain'


def _version(package: Path) -> str:
    """Return a package's version without importing it."""
    text = (package / '__init__.py').read_text(encoding='utf-8', errors='replace')
    found = re.search(r'__version__ = r?.([0-9.]+)', text)
    return found[1] if found else 'of unknown version'
