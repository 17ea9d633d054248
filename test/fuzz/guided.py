# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Fuzz one reader, guided by the code that its bytes reach (atheris, which is libFuzzer).

    python test/fuzz/guided.py TARGET [libFuzzer's options] [FOLDER of bytes kept for next time]

Whatever is raised beyond the documented errors ends it with a traceback, exit code 77, and the
bytes in a file ``crash-*``. It begins with the undamaged examples of the other fuzz tests.
"""

from pathlib import Path
import sys
from tempfile import TemporaryDirectory

TARGETS = ('bin', 'labels', 'wire', 'compressed_file', 'jpeg_header', 'raw', 'compressed')


def targets():
    """Return the targets by name: a function that reads bytes, and good examples."""
    from helpers import fuzz_files as files, fuzz_messages as messages, fuzz_pictures as pictures

    labels = files.LABELS
    return dict(zip(TARGETS, (
        (files.read_bin, files.MODELS),
        (lambda data: files.read_labels(data.decode('utf-8', 'replace')), labels),
        (files.read_wire, files.MODELS),
        (pictures.read_file, pictures.JPEGS + pictures.OTHERS),
        (pictures.read_jpeg_header, pictures.JPEGS),
        (lambda data: messages.work('raw', data), messages.MESSAGES['raw']),
        (lambda data: messages.work('compressed', data), messages.MESSAGES['compressed']),
    ), strict=True))


def main():
    """Fuzz until the limits in libFuzzer's options."""
    import atheris

    tests = Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(tests.parent), str(tests)]
    with atheris.instrument_imports(include=['edgenext_ros']):
        read, originals = targets()[sys.argv[1]]
    with TemporaryDirectory() as folder:
        for index, original in enumerate(originals):
            Path(folder, f'{index:03}').write_bytes(original)
        # libFuzzer writes its corpus into the first folder, and ends the process.
        own = [word for word in sys.argv[2:] if not word.startswith('-')]
        options = [word for word in sys.argv[2:] if word.startswith('-')]
        atheris.Setup([sys.argv[0], *options, *own, folder], read)
        atheris.Fuzz()


if __name__ == '__main__':
    main()
