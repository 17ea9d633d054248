# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Check that NumPy and OpenCV load on this machine, and say what to do when they do not."""

from contextlib import redirect_stderr
from importlib.metadata import PackageNotFoundError, version
from io import StringIO

_REMEDY = 'install python3-numpy and python3-opencv with apt, or "pip install ' \
          'opencv-python-headless" into a virtual environment'


class MissingPartError(RuntimeError):
    """A part of the installation is missing; the text says which part and how to get it."""


def require_opencv() -> None:
    """
    Import NumPy and OpenCV.

    :raises ImportError: one is missing, or the two are incompatible; the text is one sentence
        with the remedy.
    """
    try:
        # NumPy 2 prints forty lines when an OpenCV that was compiled for NumPy 1 is imported.
        with redirect_stderr(StringIO()):
            import cv2  # noqa: F401
    except ModuleNotFoundError as error:
        raise ImportError(f'{error.name} is missing: {_REMEDY}') from error
    except Exception as error:  # A damaged or mismatched library may raise anything.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ImportError(f'OpenCV does not load: {reason}: {_mend()}') from error


def _mend() -> str:
    if _numpy_major() >= 2:
        return ('an OpenCV from apt was compiled for NumPy 1 and NumPy 2 is installed: '
                '"pip install \'numpy<2\'"')
    return _REMEDY


def install_onnxruntime() -> str:
    """Return the command that installs ONNX Runtime; see ``pip_install``."""
    return pip_install('onnxruntime')


def pip_install(*packages: str) -> str:
    """
    Return the command that installs packages without breaking OpenCV and cv_bridge.

    Without a limit, pip may also install NumPy 2. OpenCV and cv_bridge of Ubuntu 22.04 and 24.04
    are compiled for NumPy 1 and would no longer load.
    """
    limit = " 'numpy<2'" if _numpy_major() == 1 else ''
    return f'pip install {" ".join(packages)}{limit}'


def _numpy_major() -> int:
    try:
        return int(version('numpy').partition('.')[0])
    except PackageNotFoundError:
        return 0
