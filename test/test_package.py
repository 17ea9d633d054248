# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The package as a whole: one version, sorted dependencies, imports that point one way."""

import ast
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tarfile
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / 'edgenext_ros'
INIT = PACKAGE / '__init__.py'

# What each part may import of the others. Everything may import itself and the package's root.
MAY_IMPORT = {
    'core': set(),
    'models': {'core'},
    'runtime': {'core', 'models'},
    'ros': {'core', 'runtime', 'models'},
    'toolchain': {'core', 'runtime', 'models'},
    'cli': {'core', 'runtime', 'models', 'toolchain', 'ros'},
}
ROS_MODULES = {'ament_index_python', 'launch', 'launch_ros', 'rclpy', 'sensor_msgs', 'std_msgs',
               'vision_msgs'}


def sources(part):
    return sorted((PACKAGE / part).rglob('*.py'))


def imports(path, *, anywhere=True):
    """Yield the dotted names that a file imports; not those inside functions unless anywhere."""
    parents = path.relative_to(ROOT).with_suffix('').parts
    waiting = [ast.parse(path.read_text(encoding='utf-8'))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parents[:-node.level] if node.level else ()
            base += (node.module,) if node.module else ()
            yield from ('.'.join((*base, alias.name)) for alias in node.names)
        elif anywhere or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting.extend(ast.iter_child_nodes(node))


def test_one_version_everywhere():
    version = re.search(r"__version__ = '(.+)'", INIT.read_text(encoding='utf-8')).group(1)
    package = ElementTree.parse(ROOT / 'package.xml').getroot()
    changelog = (ROOT / 'CHANGELOG.rst').read_text(encoding='utf-8')
    setup = subprocess.run([sys.executable, 'setup.py', '--version'], cwd=ROOT, text=True,
                           capture_output=True, check=True)
    assert setup.stdout.split()[-1] == version
    assert package.findtext('version') == version
    assert re.search(r'^(\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$', changelog, re.M).group(1) == version


def test_dependencies_are_sorted_and_named_once():
    package = ElementTree.parse(ROOT / 'package.xml').getroot()
    assert package.get('format') == '3'
    for kind in ('depend', 'exec_depend', 'test_depend'):
        names = [element.text for element in package.findall(kind)]
        assert names == sorted(set(names))


def test_every_dependency_has_a_rosdep_key():
    """Those of ros/rosdistro, August 2026: rosdep/python.yaml, humble and jazzy's packages."""
    package = ElementTree.parse(ROOT / 'package.xml').getroot()
    assert {element.text for element in package if element.tag.endswith('depend')} <= {
        'python3-hypothesis', 'python3-numpy', 'python3-opencv', 'python3-pytest',
        'python3-pytest-timeout', 'python3-yaml',
        'ament_index_python', 'cv_bridge', 'diagnostic_msgs', 'launch', 'launch_ros',
        'launch_testing', 'lifecycle_msgs', 'rcl_interfaces', 'rclpy', 'sensor_msgs', 'std_msgs',
        'std_srvs', 'vision_msgs'}


def test_every_ros_import_is_a_declared_dependency():
    package = ElementTree.parse(ROOT / 'package.xml').getroot()
    declared = {element.text for element in package if element.tag.endswith('depend')}
    files = [*sources('.'), *(ROOT / 'launch').glob('*.py')]
    used = {name.split('.')[0] for file in files for name in imports(file)}
    known = {name for name in used
             if name in ROS_MODULES or name.endswith(('_msgs', '_srvs', '_interfaces'))}
    optional = {'hbm_img_msgs'}  # the vendor's; the node says what is missing
    assert known - optional <= declared


@pytest.mark.parametrize('part', MAY_IMPORT)
def test_imports_point_one_way(part):
    wrong = [f'{file.relative_to(ROOT)}: {name}'
             for file in sources(part)
             for name in imports(file)
             if name.startswith('edgenext_ros.')
             and name.split('.')[1] in MAY_IMPORT.keys() - MAY_IMPORT[part] - {part}]
    assert not wrong


@pytest.mark.parametrize('part', MAY_IMPORT.keys() - {'ros'})
def test_ros_stays_in_its_place(part):
    """Only ros imports ROS; the command does so inside the functions that need it."""
    wrong = [f'{file.relative_to(ROOT)}: {name}'
             for file in sources(part)
             for name in imports(file, anywhere=part != 'cli')
             if name.split('.')[0] in ROS_MODULES or name.startswith('edgenext_ros.ros.')]
    assert not wrong


def test_core_needs_only_numpy_and_opencv():
    allowed = {*sys.stdlib_module_names, 'cv2', 'edgenext_ros', 'numpy'}
    wrong = [f'{file.relative_to(ROOT)}: {name}'
             for file in sources('core')
             for name in imports(file)
             if name.split('.')[0] not in allowed]
    assert not wrong


def test_source_archive_has_every_file_of_the_repository(tmp_path):
    tracked = subprocess.run(['git', 'ls-files'], cwd=ROOT, text=True, capture_output=True)
    if tracked.returncode:
        pytest.skip('no git repository: installed, or unpacked from an archive')
    copy = tmp_path / 'copy'
    for name in tracked.stdout.splitlines():
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    subprocess.run([sys.executable, 'setup.py', '-q', 'sdist', '-d', str(tmp_path)], cwd=copy,
                   check=True, capture_output=True)
    (archive,) = tmp_path.glob('*.tar.gz')
    with tarfile.open(archive) as members:
        found = {name.partition('/')[2] for name in members.getnames()}
    wanted = set(tracked.stdout.splitlines()) - {'.gitignore'}
    assert sorted(name for name in wanted - found if (ROOT / name).exists()) == []
