# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The package as a whole: sorted dependencies, and imports that point one way."""

import ast
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tarfile
from xml.etree import ElementTree

from edgenext_ros.ros.optional_interfaces import OPTIONAL_INTERFACES
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / 'edgenext_ros'

# What each room may import of the others. Each may import itself and the package's root; a room
# within a room may import the modules that stand beside it, unless they are rooms again.
MAY_IMPORT = {
    'core': set(),
    'models': {'core'},
    'engines': {'core', 'models'},
    'ros': {'core', 'models', 'engines'},
    'toolchain': {'core', 'models', 'engines'},
    'bench': {'core', 'models', 'engines', 'ros', 'toolchain'},
    'selftest': {'core', 'models', 'engines', 'ros', 'toolchain', 'bench'},
    'cli': {'core', 'models', 'engines', 'ros', 'toolchain', 'bench', 'selftest'},
}
ROOMS_WITHIN = {
    'engines.bpu': set(),
    'engines.simulator': set(),
    'models.formats': set(),
    'ros.camera': set(),
    'toolchain.network': set(),
    'toolchain.bpu': {'toolchain.network'},
    'toolchain.evaluation': set(),
    'toolchain.training': {'toolchain.network', 'toolchain.evaluation'},
}
# Processes that a measurement starts as a user does.
STARTED = {('edgenext_ros/bench/dds.py', 'edgenext_ros.cli')}
# Processes with nodes of their own.
ROS_PROCESSES = {'edgenext_ros/bench/dds_camera.py', 'edgenext_ros/bench/dds_roles.py',
                 'edgenext_ros/bench/demo.py',
                 'edgenext_ros/bench/demo_watcher.py',
                 'edgenext_ros/bench/instructions_process.py',
                 'edgenext_ros/bench/lazy_watcher.py', 'edgenext_ros/bench/publishing.py'}
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


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


MODULES = {module_name(path): path for path in PACKAGE.rglob('*.py')}


def known(name):
    """Return the module of the package that a dotted name leads to; empty for others."""
    while name and name not in MODULES:
        name = name.rpartition('.')[0]
    return name


def started(path):
    """Yield the modules of the package that a file names in strings: started, or imported."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = re.match(r'edgenext_ros(\.\w+)+', node.value)
            if match:
                yield known(match[0])


def wrong_imports(path, allowed, rooms):
    """Return the modules of these rooms, unless allowed, that a file imports or starts."""
    file = str(path.relative_to(ROOT))
    names = {*map(known, imports(path)), *started(path)}
    return [f'{file}: {name}' for name in sorted(names) if (file, name) not in STARTED
            and any(f'{name}.'.startswith(f'edgenext_ros.{room}.') for room in rooms - allowed)]


def first_circle(graph):
    """Return the nodes of a circle in {node: set of nodes}, or nothing."""
    graph = dict(graph)
    while graph:
        free = [node for node, others in graph.items() if not (others - {node}) & graph.keys()]
        if not free:
            return sorted(graph)
        for node in free:
            del graph[node]
    return []


def module_level_imports(path):
    """Yield the package's modules that importing a file imports."""
    waiting = [ast.parse(path.read_text(encoding='utf-8'))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom):
            yield from (known(f'{node.module}.{alias.name}') for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (known(alias.name) for alias in node.names)
        elif isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test):
            waiting.extend(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting.extend(ast.iter_child_nodes(node))


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
    of_ros = {name for name in used
              if name in ROS_MODULES or name.endswith(('_msgs', '_srvs', '_interfaces'))}
    assert of_ros - OPTIONAL_INTERFACES.keys() <= declared


def test_optional_interfaces_are_no_dependencies_and_are_imported_only_in_functions():
    """They have no rosdep key; a module that imports them at once would need them everywhere."""
    package = ElementTree.parse(ROOT / 'package.xml').getroot()
    declared = {element.text for element in package if element.tag.endswith('depend')}
    assert not declared & OPTIONAL_INTERFACES.keys()
    assert not [f'{file.relative_to(ROOT)}: {name}' for file in sources('.')
                for name in imports(file, anywhere=False)
                if name.split('.')[0] in OPTIONAL_INTERFACES]


def test_robot_page_names_every_optional_interface():
    page = (ROOT / 'docs' / 'robot.md').read_text(encoding='utf-8')
    assert not [name for name in OPTIONAL_INTERFACES if f'`{name}`' not in page]


def test_every_module_is_in_a_known_room():
    rooms = {f'edgenext_ros.{room}' for room in (*MAY_IMPORT, *ROOMS_WITHIN)} | {'edgenext_ros'}
    found = {name if path.name == '__init__.py' else name.rpartition('.')[0]
             for name, path in MODULES.items()}
    assert found == rooms


@pytest.mark.parametrize('room', MAY_IMPORT)
def test_imports_point_one_way(room):
    others = MAY_IMPORT.keys() - {room}
    assert not [line for file in sources(room)
                for line in wrong_imports(file, MAY_IMPORT[room], others)]


@pytest.mark.parametrize('room', ROOMS_WITHIN)
def test_imports_between_rooms_within_a_room_point_one_way(room):
    parent = room.split('.')[0]
    others = {other for other in ROOMS_WITHIN if other.split('.')[0] == parent} - {room}
    assert not [line for file in sources(room.replace('.', '/'))
                for line in wrong_imports(file, ROOMS_WITHIN[room], others)]


def test_no_import_circle():
    graph = {name: set(module_level_imports(path)) - {'', 'edgenext_ros'}
             for name, path in MODULES.items()}
    assert first_circle(graph) == []


def test_no_import_circle_between_rooms():
    """A room's __init__.py belongs to none: its modules and the rooms within may all need it."""
    def room(name):
        package = name.rpartition('.')[0]
        return name if MODULES[name].name == '__init__.py' else f'modules of {package}'

    graph = {}
    for name, path in MODULES.items():
        others = {room(other) for other in module_level_imports(path) if other}
        graph.setdefault(room(name), set()).update(others - {'edgenext_ros'})
    assert first_circle(graph) == []


@pytest.mark.parametrize('module,absent', [
    ('edgenext_ros.ros.settings', 'rclpy'), ('edgenext_ros.toolchain.network.sizes', 'torch')])
def test_tables_need_no_large_library(module, absent):
    code = f'import sys; sys.modules[{absent!r}] = None; import {module}'
    subprocess.run([sys.executable, '-c', code], cwd=ROOT, check=True)


@pytest.mark.parametrize('part', sorted(MAY_IMPORT.keys() - {'ros'}))
def test_ros_stays_in_its_place(part):
    """Only ros imports ROS; commands and measurements do so in functions, or other processes."""
    wrong = [f'{file.relative_to(ROOT)}: {name}'
             for file in sources(part) if str(file.relative_to(ROOT)) not in ROS_PROCESSES
             for name in imports(file, anywhere=part not in ('bench', 'cli', 'selftest'))
             if name.split('.')[0] in ROS_MODULES or name.startswith('edgenext_ros.ros.')]
    assert not wrong


def test_core_needs_only_numpy_and_opencv():
    allowed = {*sys.stdlib_module_names, 'cv2', 'edgenext_ros', 'numpy'}
    wrong = [f'{file.relative_to(ROOT)}: {name}'
             for file in sources('core')
             for name in imports(file)
             if name.split('.')[0] not in allowed]
    assert not wrong


@pytest.mark.slow
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
