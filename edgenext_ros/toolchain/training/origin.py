# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a training was made with: a checkpoint goes on with the same only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import json
from pathlib import Path

from edgenext_ros.models import ModelError, regular_file
from edgenext_ros.models.regular_file import shown

CHECKPOINT = 'checkpoint.safetensors'
_SHOWN = 3


@dataclass(frozen=True)
class Origin:
    """Settings and photographs of a training."""

    settings: dict[str, object]
    photographs: dict[str, int]
    """Size in bytes of each file, ``class/file``, those that do not decode too."""

    @classmethod
    def of(cls, settings: dict[str, object], folder: Path, files: Iterable[str]) -> Origin:
        """Look at the files of a folder; ``settings`` hold what JSON holds."""
        return cls(json.loads(json.dumps(settings)),
                   {file: (folder / file).stat().st_size for file in sorted(files)})

    def metadata(self) -> dict[str, str]:
        """Return what a checkpoint keeps of it."""
        return {'settings': json.dumps(self.settings),
                'photographs': json.dumps(self.photographs)}

    def check(self, output: Path) -> None:
        """
        Compare with the checkpoint in a folder, where there is one.

        :raises ModelError: it is another training's, or cannot be read; says what differs.
        """
        path = output / CHECKPOINT
        if not path.exists():
            return
        try:
            regular_file.check(path)
            from safetensors import safe_open

            with safe_open(path, 'pt') as stored:
                facts = stored.metadata()
            before = Origin(json.loads(facts['settings']), json.loads(facts['photographs']))
        except Exception as error:  # The library has an error of its own for a damaged file.
            raise ModelError(f'{path}: cannot be read ({error}); remove it to begin '
                             'again') from error
        differs = self.differences(before)
        if differs:
            raise ModelError(
                f'{path}: from a training with {differs}; give another --output, or remove this '
                'file to begin again from the first weights')

    def differences(self, before: Origin) -> str:
        """Say what is other than before; '' when nothing is."""
        parts = _other_settings(before, self), _other_pictures(before, self)
        return ' and '.join(f'other {part}' for part in parts if part)


def _other_settings(before: Origin, now: Origin) -> str:
    changed = [f'{name} {_text(before.settings.get(name))} there, {_text(value)} here'
               for name, value in now.settings.items() if before.settings.get(name) != value]
    return f'settings ({"; ".join(changed)})' if changed else ''


def _other_pictures(before: Origin, now: Origin) -> str:
    """Name the classes that differ, else the pictures."""
    classes = [sorted({file.split('/')[0] for file in origin.photographs})
               for origin in (before, now)]
    if classes[0] != classes[1]:
        return f'classes ({_some(classes[0])} there; {_some(classes[1])} here)'
    added, gone = ([file for file in one.photographs if file not in other.photographs]
                   for one, other in ((now, before), (before, now)))
    changed = [file for file, size in now.photographs.items()
               if before.photographs.get(file, size) != size]
    parts = [f'{len(files)} {word}: {_some(files)}' for word, files in (
        ('added', added), ('gone', gone), ('changed', changed)) if files]
    return f'pictures ({"; ".join(parts)})' if parts else ''


def _text(value: object) -> str:
    if isinstance(value, list):  # a schedule
        return ','.join(f'{size}x{epochs}' for size, epochs in value)
    return str(value)


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ', '.join(map(shown, names[:_SHOWN])) + (f' and {more} more' if more > 0 else '')
