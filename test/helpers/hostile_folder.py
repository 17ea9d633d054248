# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Class folders as users have them: pictures, other formats, hidden copies, damage, traps."""

import os
from pathlib import Path
import socket

import cv2
from edgenext_ros.models.store import resource_folder
import numpy as np

HEIC = b'\0\0\0\x18ftypheic\0\0\0\0mif1heic' + bytes(200)
GIF = b'GIF89a\x02\0\x02\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x02\0\x02\0\0\x02\x02\x84Q\0;'
TAKEN = ('cup/a.JPG', 'cup/b.jfif', 'cup/c.tif', 'cup/d.ppm', 'cup/night/e.webp', 'cup/f.png',
         'plant/bare', 'plant/g.jpg')
LINE = ('left out 10 of 18: 3 .heic, 2 damaged (cup/cut.jpg, plant/text.jpg), '
        '2 in a hidden folder, 1 .gif, 1 empty (cup/empty.png), 1 hidden')
"""The line about left-out files that every verb prints."""
REASONS = {'.heic': 3, 'damaged': 2, 'in a hidden folder': 2, '.gif': 1, 'empty': 1, 'hidden': 1}


def photograph():
    """Return a small photograph: BGR, uint8, 120 x 160."""
    image = cv2.imread(str(resource_folder() / 'pictures' / 'coffee.jpg'))
    return cv2.resize(image, (160, 120), interpolation=cv2.INTER_AREA)


def encoded(suffix):
    """Return the photograph as a file of this suffix."""
    return cv2.imencode(suffix, photograph())[1].tobytes()


def make(folder: Path) -> Path:
    """Make two class folders with 8 pictures, 10 files that are left out, and 3 annotations."""
    jpeg = encoded('.jpg')
    files = {
        'cup/a.JPG': jpeg, 'cup/b.jfif': jpeg, 'cup/c.tif': encoded('.tif'),
        'cup/d.ppm': encoded('.ppm'), 'cup/night/e.webp': encoded('.webp'),
        'cup/f.png': encoded('.png'), 'plant/bare': jpeg, 'plant/g.jpg': jpeg,
        'cup/1.heic': HEIC, 'cup/2.HEIC': HEIC, 'plant/3.heic': HEIC, 'plant/move.gif': GIF,
        'cup/cut.jpg': jpeg[:len(jpeg) // 2], 'plant/text.jpg': b'no picture',
        'cup/empty.png': b'', 'cup/.ipynb_checkpoints/a-checkpoint.jpg': jpeg,
        'plant/@eaDir/g.jpg': jpeg, 'plant/._g.jpg': jpeg,
        'cup/a.txt': b'0 0.5 0.5 1 1\n', 'cup/README': b'of cups', 'Thumbs.db': bytes(99)}
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def set_traps(folder: Path) -> Path:
    """Add files on which a careless reader blocks, and links that form cycles."""
    os.mkfifo(folder / 'pipe.jpg')
    (folder / 'device.png').symlink_to('/dev/zero')
    (folder / 'gone.jpg').symlink_to(folder / 'nowhere.jpg')
    (folder / 'round').symlink_to(folder)
    (folder / 'itself.jpg').symlink_to(folder / 'itself.jpg')
    bind_socket(folder, 'socket.jpg')
    return folder


def bind_socket(folder: Path, name: str) -> None:
    """Make a socket in a folder."""
    inside = os.open(folder, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(f'/proc/self/fd/{inside}/{name}')  # an address has 107 bytes at most
    finally:
        os.close(inside)


def noise(seed, shape=(48, 64, 3)):
    """Return a random picture, uint8."""
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
