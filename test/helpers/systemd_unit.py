# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read a systemd unit, and start its process with the environment that systemd gives it."""

from collections import defaultdict
from pathlib import Path
import re
import shlex

FOLDER = Path(__file__).parents[2] / 'config' / 'systemd'
TEMPLATE = FOLDER / 'edgenext_classifier.service.in'
PLACEHOLDERS = ('@USER@', '@SHARE@')
SYSTEMD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin'


def rendered(*, user, share, overrides='/etc/default/edgenext_classifier'):
    """Return the unit's text as the command in docs/robot.md writes it, with another file."""
    text = TEMPLATE.read_text(encoding='utf-8')
    for placeholder, value in zip(PLACEHOLDERS, (user, share), strict=True):
        text = text.replace(placeholder, str(value))
    return text.replace('/etc/default/edgenext_classifier', str(overrides))


class Unit:
    """
    The settings of a unit, without systemd's escapes, specifiers and line continuations.

    :param text: content of the unit file.
    """

    def __init__(self, text):
        assert not re.search(r'\\$|%', text, re.MULTILINE), 'not read here'
        self._sections = defaultdict(lambda: defaultdict(list))
        section = None
        for line in text.splitlines():
            if line.startswith('['):
                section = self._sections[line.strip('[]')]
            elif line and line[0] not in '#;':
                name, _, value = line.partition('=')
                section[name].append(value)

    def all(self, section, name):
        """Return all values of a setting."""
        return self._sections[section][name]

    def one(self, section, name):
        """Return the value of a setting that occurs once."""
        (value,) = self.all(section, name)
        return value

    def environment(self, home):
        """
        Return all variables of the process.

        :param home: home of the unit's user; systemd sets it only if the unit names a user.
        """
        found = {'PATH': SYSTEMD_PATH, 'INVOCATION_ID': '0' * 32, 'JOURNAL_STREAM': '9:1'}
        if self.all('Service', 'User'):
            user = self.one('Service', 'User')
            found |= {'HOME': str(home), 'USER': user, 'LOGNAME': user, 'SHELL': '/bin/bash'}
        pairs = [pair for value in self.all('Service', 'Environment')
                 for pair in shlex.split(value)]
        for file in self.all('Service', 'EnvironmentFile'):
            path = Path(file.removeprefix('-'))
            if path.exists() or not file.startswith('-'):
                pairs += path.read_text(encoding='utf-8').splitlines()
        return found | dict(pair.split('=', 1) for pair in pairs)

    def command(self, environment):
        """Return the words of ExecStart; a word ``$NAME`` becomes the words of that variable."""
        return [part for word in shlex.split(self.one('Service', 'ExecStart'))
                for part in (shlex.split(environment.get(word[1:], '')) if word[0] == '$'
                             else [word])]
