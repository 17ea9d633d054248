# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Build the site into build/docs with warnings as errors, and check its links (``./dev docs``).

Links to pages, anchors, pictures and downloads are followed in the finished HTML. Links to other
sites are listed in build/docs-links.txt and not followed.
"""

from html.parser import HTMLParser
from pathlib import Path
import sys
from urllib.parse import unquote, urlsplit

DOCS = Path(__file__).resolve().parent
SITE = DOCS.parent / 'build' / 'docs'


class Page(HTMLParser):
    """The anchors of a page, and what it links to or shows."""

    def __init__(self, file):
        super().__init__()
        self.anchors, self.links = set(), set()
        self.feed(file.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attributes):
        """Take what a tag has of interest."""
        found = dict(attributes)
        self.anchors.update(found[name] for name in ('id', 'name') if found.get(name))
        self.links.update(found[name] for name in ('href', 'src') if found.get(name))


def check_links(site):
    """
    Look for links of a site that lead nowhere.

    :return: the broken links as sentences, and {link to another site: pages that have it}.
    """
    pages = {file: Page(file) for file in sorted(site.rglob('*.html'))}
    broken, others = [], {}
    for file, page in pages.items():
        name = str(file.relative_to(site))
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                others.setdefault(link, []).append(name)
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not target.is_file():
                broken.append(f'{name}: {link} does not exist')
            elif parts.fragment and target in pages \
                    and unquote(parts.fragment) not in pages[target].anchors:
                broken.append(f'{name}: {link}: the page has no such anchor')
    return broken, others


def main(arguments):
    """Build, check, and print where the site is; return the exit code."""
    from sphinx.cmd.build import main as sphinx

    # All pages afresh (-E, -a): the menu of an unchanged page may have changed.
    code = sphinx(['-q', '-E', '-a', '-W', '--keep-going', '-n', '-d', f'{SITE}-doctrees',
                   *arguments, str(DOCS), str(SITE)])
    if code:
        return code
    broken, others = check_links(SITE)
    listed = SITE.with_name('docs-links.txt')
    listed.write_text(''.join(f'{link}  in {", ".join(pages)}\n'
                              for link, pages in sorted(others.items())), encoding='utf-8')
    print(*broken, sep='\n', end='\n' if broken else '')
    print(f'{len(others)} links to other sites, not followed: {listed}')
    print(f'the site: {SITE / "index.html"}')
    return int(bool(broken))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
