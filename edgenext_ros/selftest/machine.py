# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Part ``machine`` of the self-test: the board, its software, and what state it is in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import distributions, PackageNotFoundError, version
from importlib.util import find_spec
import os
from pathlib import Path
import platform
import sys

from edgenext_ros import __version__
from edgenext_ros.selftest import hardware
from edgenext_ros.selftest.finding import Conditions, Finding
from edgenext_ros.selftest.hardware import absent, fact
from edgenext_ros.selftest.sysfs import lines, one_line

_PACKAGES = ('hobot-', 'tros-humble-dnn', 'tros-humble-hobot', 'tros-humble-mipi',
             'tros-humble-ros-base', 'tros-humble ', 'ros-humble-vision-msgs')
"""Beginnings of the names of packages whose versions matter."""
_LIBRARY_PACKAGE, _MODULES_PACKAGE = 'hobot-dnn', 'hobot-spdev'
"""Packages of RDK OS with libdnn, and with the vendor's Python modules."""
_VENDOR_MODULES = ('hbm_runtime', 'hobot_dnn', 'hobot_dnn_rdkx5', 'bpu_infer_lib')
_LIBRARIES = ('numpy', 'onnxruntime')
_DDS_VARIABLES = (
    'FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE', 'CYCLONEDDS_URI',
    'RMW_FASTRTPS_USE_QOS_FROM_XML', 'ROS_DISABLE_LOANED_MESSAGES', 'ROS_DOMAIN_ID',
    'ROS_LOCALHOST_ONLY', 'ROS_AUTOMATIC_DISCOVERY_RANGE')
"""Variables that change how DDS works; their values may be paths and stay out of a report."""


def check(conditions: Conditions, root: Path = Path('/')) -> Iterator[Finding]:
    """Yield the facts about this machine; the files are read below ``root``."""
    conditions.progress('the board and its software')
    yield from survey(root)


def survey(root: Path) -> Iterator[Finding]:
    """Yield the facts; the files are read below ``root``."""
    packages = _packages(root)
    for subject, found in (
            ('the board', hardware.board(root)), ('the operating system', _system(root)),
            ('the vendor packages', _software(root, packages)), ('Python', _python()),
            ('the vendor modules', _vendor_modules(packages)), ('ROS', _ros(root)),
            ('the processor', hardware.processor(root)), ('the BPU', hardware.bpu(root)),
            ('the memory', hardware.memory(root)),
            ('the temperatures', hardware.temperatures(root)),
            ('the groups', hardware.groups()), ('the device files', hardware.devices(root))):
        yield from _guarded(subject, found)


def _guarded(subject: str, found: Iterator[Finding]) -> Iterator[Finding]:
    """
    Yield facts; an error ends these alone.

    A damaged Python package may raise anything where its version is asked for.
    """
    try:
        yield from found
    except Exception as error:
        yield absent(f'facts about {subject}', (
            f'They are incomplete, because of {type(error).__name__}: '
            f'{" ".join(str(error).split()).rstrip(".")}.'))


def _system(root: Path) -> Iterator[Finding]:
    """Yield operating system, RDK OS and kernel."""
    release = dict(line.partition('=')[::2] for line in lines(root / 'etc/os-release'))
    name = release.get('PRETTY_NAME', '').strip('"\'')
    # platform.version() would name the machine that built the kernel.
    kernel = one_line(root / 'proc/sys/kernel/osrelease') or platform.release()
    if name:
        yield fact('operating system', f'{name}, kernel {kernel}, {platform.machine()}'
                   f'{", in a container" if (root / ".dockerenv").exists() else ""}.',
                   system=name, kernel=kernel, architecture=platform.machine())
    else:
        yield absent('operating system', f'There is no /etc/os-release; kernel {kernel}, '
                     f'{platform.machine()}.')
    rdk = one_line(root / 'etc/version')
    yield fact('RDK OS', f'{rdk}.', version=rdk) if rdk else absent(
        'RDK OS', 'There is no /etc/version, so this is no RDK OS.')


def _packages(root: Path) -> dict[str, str]:
    """Return the versions of the vendor packages that are installed, as dpkg knows them."""
    found, name, installed = dict[str, str](), '', False
    for line in lines(root / 'var/lib/dpkg/status'):
        key, _, value = line.partition(': ')
        if key == 'Package':
            name, installed = value.strip(), False
        elif key == 'Status':
            installed = value.split()[-1:] == ['installed']
        elif key == 'Version' and installed and f'{name} '.startswith(_PACKAGES):
            found[name] = value.strip()
    return found


def _software(root: Path, found: dict[str, str]) -> Iterator[Finding]:
    """Yield TROS and the vendor packages."""
    tros = sorted(path.name for path in (root / 'opt/tros').glob('*') if path.is_dir())
    if tros:
        tros_version = one_line(root / 'opt/tros/version') or found.get('tros-humble')
        yield fact('TROS', f'/opt/tros has {", ".join(tros)}, version '
                   f'{tros_version or "unknown"}.', version=tros_version)
    else:
        yield absent('TROS', 'There is no /opt/tros, so TROS is not installed.')
    if found:
        yield fact('vendor packages', ', '.join(
            f'{name} {number}' for name, number in sorted(found.items())) + '.', **found)
    else:
        yield absent('vendor packages', 'dpkg knows no package hobot-*.')


def _python() -> Iterator[Finding]:
    """Yield Python, this package and its libraries."""
    isolated = sys.prefix != sys.base_prefix or 'CONDA_PREFIX' in os.environ
    yield fact('Python', f'{platform.python_version()}, '
               f'{"in a virtual environment" if isolated else "of the system"}.',
               version=platform.python_version(), virtual_environment=isolated)
    libraries = {name: _version(name) for name in _LIBRARIES}
    with suppress(Exception):  # a mismatched library may raise anything
        import cv2
        libraries['opencv'] = cv2.__version__
    yield fact('libraries', f'edgenext_ros {__version__}, ' + ', '.join(
        f'{name} {number or "missing"}' for name, number in libraries.items()) + '.',
        edgenext_ros=__version__, **libraries)


def _vendor_modules(packages: dict[str, str]) -> Iterator[Finding]:
    """Yield the vendor's Python modules that can be found; none is imported."""
    owners = {}
    for distribution in distributions():
        name = distribution.metadata['Name'] or ''  # None where the metadata is damaged
        owners[name.replace('-', '_').lower()] = distribution.version
    found = []
    for name in _VENDOR_MODULES:
        spec = None
        with suppress(ImportError, ValueError):
            spec = find_spec(name)
        if spec is not None:
            place = Path(spec.origin).parent.parent if spec.origin else 'an unknown folder'
            found.append(f'{name} {owners.get(name, "of unknown version")} in {place}')
    if found:
        yield fact('vendor modules', '; '.join(found) + '.')
        return
    text = f'None of {", ".join(_VENDOR_MODULES)} is installed for this Python'
    if _MODULES_PACKAGE in packages:
        text += (f', though the package {_MODULES_PACKAGE} {packages[_MODULES_PACKAGE]} is '
                 'installed, which brings them for the Python of the system')
    elif _LIBRARY_PACKAGE in packages:
        text += (f': the package {_LIBRARY_PACKAGE} {packages[_LIBRARY_PACKAGE]} brings libdnn '
                 f'only, and {_MODULES_PACKAGE}, which brings them, is not installed')
    yield absent('vendor modules', f'{text}.')


def _ros(root: Path) -> Iterator[Finding]:
    """Yield distribution and middleware of ROS, and which variables of DDS are set."""
    distro = os.environ.get('ROS_DISTRO')
    installed = sorted(path.name for path in (root / 'opt/ros').glob('*'))
    rclpy = find_spec('rclpy') is not None
    if distro or rclpy:
        middleware = os.environ.get('RMW_IMPLEMENTATION')
        yield fact('ROS', f'ROS_DISTRO is {distro or "not set"}, RMW_IMPLEMENTATION is '
                   f'{middleware or "not set"}, rclpy is {"here" if rclpy else "missing"}.',
                   distribution=distro, middleware=middleware,
                   rclpy=_version('rclpy') if rclpy else None)
    else:
        yield absent('ROS', f'No ROS 2 is sourced, and /opt/ros has '
                     f'{", ".join(installed) or "none"}.')
    are_set = [name for name in _DDS_VARIABLES if name in os.environ]
    yield fact('DDS settings', f'Set: {", ".join(are_set) or "none"}; not set: '
               f'{", ".join(name for name in _DDS_VARIABLES if name not in are_set)}.',
               **{name: name in are_set for name in _DDS_VARIABLES})


def _version(name: str) -> str | None:
    with suppress(PackageNotFoundError):
        return version(name)
    return None
