# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Remove what identifies a person or a device from the texts of a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from ipaddress import AddressValueError, IPv6Address
import os
from pathlib import Path
import pwd
import re
import socket

from edgenext_ros.choices import ENGINES
from edgenext_ros.selftest.finding import Finding, Value

_SERIALS = (
    'proc/device-tree/serial-number', 'sys/firmware/devicetree/base/serial-number',
    'sys/class/socinfo/soc_uid', 'sys/class/boardinfo/soc_uid', 'sys/class/dmi/id/product_serial',
    'sys/class/dmi/id/product_uuid', 'sys/class/dmi/id/board_serial', 'etc/machine-id')
"""Files with a number of one device."""
_LEAST_SERIAL = 6
"""Shorter values of these files are words such as "none"."""
_PUBLIC_NAMES = frozenset(('root', 'localhost', *ENGINES))
"""Names that say nothing about a person, and that sentences of the report need."""
_BEFORE, _AFTER = r'(?<![^\W_])', r'(?![^\W_])'
"""No letter and no digit stands there."""
_HOMES = re.compile(r'/(?:home|Users)/[^/\s:;,"\')]+')
_PATH = re.compile(
    r'(?<![\w/])(?!/(?:bin|boot|dev|etc|lib\w*|opt|proc|run/user|sbin|sys|usr)(?![\w.-]))'
    r'~?/[^\s:;,"\')]+')
"""A path outside the folders of the system."""
_DOMAIN = r'(?:\.[A-Za-z][\w-]*)*'
_MAIL = re.compile(r'[\w.+-]+@[\w-]+(?:\.[\w-]+)+')
_MAC = re.compile(r'(?<![\w:-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![\w:-])')
_INTERFACE = re.compile(rf'{_BEFORE}(?:en|wl|ww)x[0-9a-f]{{12}}{_AFTER}')
"""A network interface that is named after its MAC address."""
_IPV6 = re.compile(r'(?<![\w:])(?=[0-9A-Fa-f.]*:)[0-9A-Fa-f:.]{3,}(?:%\w+)?(?![\w:])')
_OCTET = r'(?:25[0-5]|2[0-4]\d|1?\d?\d)'
_IPV4 = re.compile(rf'(?<![\w.]){_OCTET}(?:\.{_OCTET}){{3}}(?!\w|\.\d)')

_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]
"""A pattern, and what stands in its place."""


class Redactor:
    """
    Replace private parts of texts: homes, names, addresses, serial numbers.

    :param homes: home folders of the user.
    :param users: names of the user.
    :param hosts: names of the machine.
    :param serials: numbers of the machine.
    """

    def __init__(self, *, homes: Iterable[str] = (), users: Iterable[str] = (),
                 hosts: Iterable[str] = (), serials: Iterable[str] = ()) -> None:
        self._rules: list[_Rule] = [
            (_any_of(serials, before=f'(?i){_BEFORE}', after=_AFTER), '<serial number>'),
            (_any_of((home.rstrip('/') for home in homes), before=_BEFORE, after=_AFTER), '~'),
            (_HOMES, '~'), (_MAIL, '<mail>'), (_MAC, '<MAC>'), (_INTERFACE, '<interface>'),
            (_IPV4, '<address>'),
            *_host_rules(name for host in hosts for name in (host, host.lower())),
            *_user_rules(users)]

    @classmethod
    def of_this_machine(cls, root: Path = Path('/')) -> Redactor:
        """Return one for this user and machine; ``root`` has the files with serial numbers."""
        users = {os.environ.get(name, '') for name in ('USER', 'LOGNAME', 'SUDO_USER')}
        homes = {os.environ.get('HOME', '')}
        for number in {os.getuid(), int(os.environ.get('SUDO_UID', '') or os.getuid())}:
            with suppress(KeyError):
                entry = pwd.getpwuid(number)
                users.add(entry.pw_name)
                homes.add(entry.pw_dir)
        homes |= {str(Path(home).resolve()) for home in homes if home}
        host = socket.gethostname()
        return cls(homes=homes, users=users, hosts={host, host.partition('.')[0]},
                   serials=_serials(root))

    def __call__(self, text: str) -> str:
        """Return a text without them."""
        text = _IPV6.sub(_if_ipv6, text)
        for pattern, word in self._rules:
            text = pattern.sub(word, text)
        return text

    def finding(self, finding: Finding) -> Finding:
        """Return a finding whose texts are without them."""
        return replace(finding, name=self(finding.name), text=self(finding.text), figures={
            self(key): self._value(value) for key, value in finding.figures.items()})

    def _value(self, value: Value) -> Value:
        return self(value) if isinstance(value, str) else value


def _any_of(words: Iterable[str], *, before: str, after: str) -> re.Pattern[str]:
    """Return a pattern for any of these words, longest first; without words it never matches."""
    ordered = sorted({word for word in words if word}, key=len, reverse=True)
    return re.compile(f'{before}(?:{"|".join(map(re.escape, ordered))}){after}'
                      if ordered else '(?!)')


def _host_rules(hosts: Iterable[str]) -> Iterator[_Rule]:
    names, words = _private(hosts)
    yield _any_of(names, before=_BEFORE, after=f'{_DOMAIN}{_AFTER}'), '<host>'
    yield _any_of(words, before='(?:(?<=@)|(?<=//)|(?<=(?i:hostname=)))',
                  after=f'{_DOMAIN}{_AFTER}'), '<host>'
    yield _any_of(words, before=_BEFORE, after=r'\.(?:home|lan|local)\b'), '<host>'


def _user_rules(users: Iterable[str]) -> Iterator[_Rule]:
    names, words = _private(users)
    yield _any_of(names, before=_BEFORE, after=_AFTER), '<user>'
    yield _any_of(words, before=_BEFORE, after=r'(?=@\w)'), '<user>'
    yield _any_of(words, before='(?:(?<=(?i:user=))|(?<=(?i:logname=)))', after=_AFTER), '<user>'
    in_path = _any_of(words, before=f'(?<!<){_BEFORE}', after=_AFTER)  # not "<user>" itself
    yield _PATH, lambda path: in_path.sub('<user>', path[0])


def _private(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """
    Return the names that stand for a person or a machine everywhere, and the other ones.

    Sentences of the report have the others as words. They are private where a name stands: before
    or after ``@``, after ``USER=`` or ``http://``, and in paths outside the system.
    """
    everywhere: list[str] = []
    words: list[str] = []
    for name in names:
        # A name of one letter would be found in every sentence.
        if len(name) > 1 and name not in _PUBLIC_NAMES:
            (words if name.lower() in _own_words() else everywhere).append(name)
    return everywhere, words


@cache
def _own_words() -> frozenset[str]:
    """Return the words in the sources of this package, which its sentences come from."""
    return frozenset(word for path in Path(__file__).parents[1].rglob('*.py')
                     for word in re.findall(r'[^\W_]+', path.read_text(
                         encoding='utf-8', errors='replace').lower()))


def _if_ipv6(found: re.Match[str]) -> str:
    """Return a replacement for an IPv6 address, and anything else, such as a time, as it is."""
    text = found[0].rstrip('.')
    if text.endswith(':') and not text.endswith('::'):
        text = text[:-1]
    try:
        IPv6Address(text.partition('%')[0])
    except AddressValueError:
        return found[0]
    return found[0] if text == '::' else f'<address>{found[0][len(text):]}'


def _serials(root: Path) -> set[str]:
    """Read the serial numbers of a machine; what cannot be read cannot come into a report."""
    found = set()
    for name in _SERIALS:
        with suppress(OSError):
            found.add((root / name).read_text(errors='replace').strip('\0 \n'))
    with suppress(OSError):
        found.update(re.findall(r'^Serial\s*: *(\S+)', (root / 'proc/cpuinfo').read_text(
            errors='replace'), re.MULTILINE))
    return {form for serial in found if len(serial) >= _LEAST_SERIAL and set(serial) - {*'0x.- '}
            for form in (serial, serial.removeprefix('0x').lstrip('0'))
            if len(form) >= _LEAST_SERIAL}
