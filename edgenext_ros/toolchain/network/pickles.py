# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read a pickle as data: nothing in it is imported or called.

``pickle`` imports and calls what a stream names. Here ``pickletools.genops`` splits the stream
into operations, which run on lists, dictionaries and records: a call becomes a ``Record`` of name
and arguments. ``checkpoint`` interprets the records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
import pickletools
from typing import Any, BinaryIO

_MAX_OPERATIONS = 20_000_000
"""Limit of a pickle's length; a training checkpoint has about 10,000 operations."""


class PickleError(ValueError):
    """A stream is damaged, or has content that no checkpoint has."""


@dataclass(frozen=True, eq=False)
class Name:
    """Name of a class or function in a stream, such as ``collections.OrderedDict``."""

    text: str


@dataclass(eq=False)
class Record:
    """The description of an object that ``pickle`` would create."""

    name: str
    """Name of the class or function that would be called."""
    arguments: tuple[Any, ...] = ()
    state: Any = None
    """State that ``__setstate__`` or ``__dict__`` would get."""
    items: dict[Any, Any] = field(default_factory=dict)
    """Items that would be set by key."""
    values: list[Any] = field(default_factory=list)
    """Values that would be appended."""


Make = Callable[[Record], Any]
"""Called for each call in the stream; returns plain data for known names, else the record."""
Load = Callable[[Any], Any]
"""Called for each persistent id, by which PyTorch refers to its storages; returns its value."""

_MARK = object()
_CONSTANTS = {
    'NONE': lambda: None, 'NEWTRUE': lambda: True, 'NEWFALSE': lambda: False,
    'EMPTY_TUPLE': tuple, 'EMPTY_LIST': list, 'EMPTY_DICT': dict, 'EMPTY_SET': list}
_LITERALS = frozenset((
    'INT', 'BININT', 'BININT1', 'BININT2', 'LONG', 'LONG1', 'LONG4', 'FLOAT', 'BINFLOAT', 'STRING',
    'BINSTRING', 'SHORT_BINSTRING', 'UNICODE', 'BINUNICODE', 'SHORT_BINUNICODE', 'BINUNICODE8',
    'BINBYTES', 'SHORT_BINBYTES', 'BINBYTES8', 'BYTEARRAY8'))


def read(stream: BinaryIO, *, make: Make, load: Load) -> Any:
    """
    Read one pickle; the stream is left at its end.

    :param stream: the stream.
    :param make: turns a call into data.
    :param load: turns a persistent id into data.
    :return: the value; sets become lists.
    :raises PickleError: the stream is damaged.
    """
    try:
        return _Machine(make, load).run(stream)
    except PickleError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError,
            MemoryError, RecursionError, LookupError) as error:
        # Raised by pickletools, or by an operation below, for a damaged stream.
        raise PickleError(f'damaged pickle ({type(error).__name__})') from error


class _Machine:
    """The stack machine of pickle (PEP 3154), on data alone."""

    def __init__(self, make: Make, load: Load) -> None:
        self._make, self._load = make, load
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, stream: BinaryIO) -> Any:
        """Run the operations up to STOP, and return the value."""
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count > _MAX_OPERATIONS:
                raise PickleError(f'a pickle of more than {_MAX_OPERATIONS} operations')
            name = opcode.name
            if name in _LITERALS:
                self._stack.append(argument)
            elif name in _CONSTANTS:
                self._stack.append(_CONSTANTS[name]())
            elif name == 'STOP':
                return self._take()
            elif name not in ('PROTO', 'FRAME'):
                operation = getattr(self, f'_{name.lower()}', None)
                if operation is None:
                    raise PickleError(f'a pickle with the operation {name}')
                operation(argument)
        raise PickleError('a pickle without an end')

    def _take(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise PickleError('damaged pickle (mark)')
        return value

    def _pop_to_mark(self) -> list[Any]:
        values = []
        while (value := self._stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def _top(self) -> Any:
        value = self._take()
        self._stack.append(value)
        return value

    def _mark(self, _: object) -> None:
        self._stack.append(_MARK)

    def _pop(self, _: object) -> None:
        self._stack.pop()

    def _pop_mark(self, _: object) -> None:
        self._pop_to_mark()

    def _dup(self, _: object) -> None:
        self._stack.append(self._top())

    # ---- memo ----------------------------------------------------------------------------------

    def _put(self, key: int) -> None:
        self._memo[key] = self._top()

    _binput = _long_binput = _put

    def _memoize(self, _: object) -> None:
        self._memo[len(self._memo)] = self._top()

    def _get(self, key: int) -> None:
        self._stack.append(self._memo[key])

    _binget = _long_binget = _get

    # ---- containers ----------------------------------------------------------------------------

    def _tuple(self, _: object) -> None:
        self._stack.append(tuple(self._pop_to_mark()))

    def _make_tuple(self, count: int) -> None:
        values = [self._take() for _ in range(count)]
        self._stack.append(tuple(values[::-1]))

    def _tuple1(self, _: object) -> None:
        self._make_tuple(1)

    def _tuple2(self, _: object) -> None:
        self._make_tuple(2)

    def _tuple3(self, _: object) -> None:
        self._make_tuple(3)

    def _list(self, _: object) -> None:
        self._stack.append(self._pop_to_mark())

    _frozenset = _list

    def _dict(self, _: object) -> None:
        values = self._pop_to_mark()
        self._stack.append({})
        self._set(values)

    def _append(self, _: object) -> None:
        self._extend([self._take()])

    def _appends(self, _: object) -> None:
        self._extend(self._pop_to_mark())

    _additems = _appends

    def _extend(self, values: list[Any]) -> None:
        target = self._top()
        if isinstance(target, Record):
            target = target.values
        if not isinstance(target, list):
            raise PickleError('damaged pickle (append)')
        target.extend(values)

    def _setitem(self, _: object) -> None:
        value, key = self._take(), self._take()
        self._set([key, value])

    def _setitems(self, _: object) -> None:
        self._set(self._pop_to_mark())

    def _set(self, values: list[Any]) -> None:
        target = self._top()
        if isinstance(target, Record):
            target = target.items
        if not isinstance(target, dict) or len(values) % 2:
            raise PickleError('damaged pickle (items)')
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[_key(key)] = value

    # ---- objects -------------------------------------------------------------------------------

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(' ')
        self._stack.append(Name(f'{module}.{name}'))

    def _stack_global(self, _: object) -> None:
        name, module = self._take(), self._take()
        if not isinstance(name, str) or not isinstance(module, str):
            raise PickleError('damaged pickle (name)')
        self._stack.append(Name(f'{module}.{name}'))

    def _call(self, callee: Any, arguments: Any) -> None:
        if not isinstance(arguments, tuple):
            raise PickleError('damaged pickle (arguments)')
        name = callee.text if isinstance(callee, Name) else 'something that is no name'
        self._stack.append(self._make(Record(name, arguments)))

    def _reduce(self, _: object) -> None:
        arguments, callee = self._take(), self._take()
        self._call(callee, arguments)

    _newobj = _reduce

    def _newobj_ex(self, _: object) -> None:
        self._take()  # keyword arguments, which no known call has
        self._reduce(None)

    def _inst(self, argument: str) -> None:
        arguments = tuple(self._pop_to_mark())
        self._global(argument)
        self._call(self._take(), arguments)

    def _obj(self, _: object) -> None:
        callee, *arguments = self._pop_to_mark()
        self._call(callee, tuple(arguments))

    def _build(self, _: object) -> None:
        state, target = self._take(), self._top()
        if isinstance(target, Record):  # a dictionary's attributes (_metadata) are dropped
            target.state = state

    def _persid(self, key: str) -> None:
        self._stack.append(self._load(key))

    def _binpersid(self, _: object) -> None:
        self._stack.append(self._load(self._take()))


def _key(key: Any) -> Any:
    """Return a dictionary key; refuse nested ones, which would take very long to hash."""
    if isinstance(key, tuple) and all(isinstance(part, (str, int, float)) for part in key):
        return key
    if key is None or isinstance(key, (str, bytes, int, float, Name, Record)):
        return key
    raise PickleError(f'a pickle with a key of type {type(key).__name__}')
