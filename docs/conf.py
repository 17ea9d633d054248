# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Settings of the site, which ``./dev docs`` and rosdoc2 build with Sphinx.

Pages link to files by their place in the repository, so that the links work on its web page too.
``prepare`` turns them into links between pages of the site, or into downloads.
"""

from importlib import import_module
import os
from pathlib import Path
import re
import sys

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
package = import_module('edgenext_ros')
# Not the folder above this file: rosdoc2 builds in a copy of docs/.
ROOT = Path(package.__file__).resolve().parents[1]

PAGES = {
    'CHANGELOG.rst': 'changelog.rst', 'CODE_OF_CONDUCT.md': 'code_of_conduct.md',
    'CONTRIBUTING.md': 'contributing.md', 'README.md': 'index.md', 'README_cn.md': 'readme_cn.md',
    'RELEASE.md': 'release.md', 'SECURITY.md': 'security.md',
    'resource/models/demo.md': 'bundled_model.md',
}
"""Files outside docs/ that are pages of the site, and the page that includes each."""

project = package.__name__
author = f'{project} contributors'
release = package.__version__
project_copyright = f'2026 {author}, Apache-2.0'

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.viewcode']
exclude_patterns = [
    *(page for file, page in PAGES.items() if not (ROOT / file).exists()),
    *PAGES, '__*.rst', 'index.rst',  # what rosdoc2 adds to its copy of this folder
]
viewcode_follow_imported_members = False  # else the standard library gets pages too
highlight_language = 'text'
myst_heading_anchors = 4  # the anchors that GitHub gives to headings
myst_enable_extensions = ['html_image']

autodoc_default_options = {
    'members': True, 'member-order': 'bysource', 'show-inheritance': True,
    'ignore-module-all': True,  # a name that a module exports for another is documented there
}
autodoc_preserve_defaults = True
autodoc_type_aliases = {name: name for name in ('Bytes', 'Nv12', 'Scores')}
nitpick_ignore_regex = [
    # Other libraries cannot be looked up without the internet; other rooms are not on the site.
    ('py:.*', rf'(?!{project}\.(core|engines|models)\.).*'),
    ('py:.*', r'.*\.(_\w+|\w+T)'),  # private names and type variables have no section
]
# Sphinx still warns of a page that no menu has, so a wrong name in a menu is found.
suppress_warnings = ['toc.excluded', 'toc.not_readable']

html_theme = 'furo'
html_title = f'{project} {release}'
html_static_path = ['_static']
html_css_files = ['site.css']
html_show_sourcelink = False
html_copy_source = False

INCLUDE = re.compile(
    r'^(?:```\{include\} (\.\./\S+)\n```|\.\. include:: (\.\./\S+))$', re.MULTILINE)
LINK = re.compile(r'(\]\(|src=")(?!\w+:|[#/])([^)#"\s]+)')


def prepare(app, docname, source):
    """Complete the text of a page: the file that it includes, its links, the list of modules."""
    pages = Path(app.srcdir)

    def rewrite(text, folder):
        def link(match):
            file = (folder / match[2]).resolve()
            if not file.is_file() or ROOT not in file.parents:
                return match[0]  # Sphinx warns of it
            name = file.relative_to(ROOT).as_posix()
            inside = PAGES.get(name) or (
                name.removeprefix('docs/') if name.startswith('docs/') else None)
            target = os.path.relpath(pages / inside if inside else file, (pages / docname).parent)
            # "path:" makes a download also of Markdown that is no page of the site.
            return match[1] + 'path:' * (not inside and file.suffix == '.md') + target

        return LINK.sub(link, text)

    def include(match):
        file = (folder / (match[1] or match[2])).resolve()
        app.env.note_dependency(str(file))
        return rewrite(file.read_text(encoding='utf-8'), file.parent)

    folder = (ROOT / 'docs' / docname).parent
    text = INCLUDE.sub(include, rewrite(source[0], folder))
    if docname.startswith('api/'):
        text += modules(ROOT / project / Path(docname).name)
    source[0] = text


def modules(folder):
    """Return the section of each module in a folder of the package."""
    text = ''
    for file in sorted(folder.rglob('*.py')):
        parts = file.relative_to(ROOT).with_suffix('').parts
        name = '.'.join(parts).removesuffix('.__init__')
        heading = name.removeprefix(f'{project}.')
        text += f'\n## {heading}\n\n```{{eval-rst}}\n.. automodule:: {name}\n```\n'
    return text


def set_breaks(app, pagename, templatename, context, doctree):
    """Set where lines may break: in long names of tables, not in options and not in values."""
    def name(match):
        return re.sub(r'(?<=[/:_])(?=\w)', '<wbr>', match[0]) if len(match[0]) > 20 else match[0]

    def cell(match):
        return re.sub(r'(?<=<span class="pre">)[^<]+', name, match[0])

    if 'body' in context:
        body = re.sub(r'<td>.*?</td>', cell, context['body'], flags=re.DOTALL)
        body = re.sub(r'<td>(?=<p>[\d.]+( \S{1,2})?</p>)', '<td class="whole">', body)
        context['body'] = body.replace('<span class="pre">--', '<span class="pre whole">--')


def setup(app):
    """Let every page pass through ``prepare``, and its HTML through ``set_breaks``."""
    app.connect('source-read', prepare)
    app.connect('html-page-context', set_breaks)
