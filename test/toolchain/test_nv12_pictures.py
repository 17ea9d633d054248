# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Conversions of NV12 pictures for hb_mapper and its quantised graph."""

import cv2
from edgenext_ros.toolchain import nv12_pictures
import numpy as np
import pytest

# 4x2 pixels: eight luma values, then U and V of two blocks.
NV12 = np.array([1, 2, 3, 4, 5, 6, 7, 8, 100, 200, 128, 255], np.uint8)


def test_yuv444_repeats_chroma_of_each_block():
    found = nv12_pictures.yuv444(NV12, width=4, height=2)
    assert found.dtype == np.uint8
    assert found[..., 0].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert found[..., 1].tolist() == 2 * [[100, 100, 128, 128]]
    assert found[..., 2].tolist() == 2 * [[200, 200, 255, 255]]


@pytest.mark.parametrize('yuv,rgb', [
    ((0, 128, 128), (0, 0, 0)), ((255, 128, 128), (255, 255, 255)),
    ((76, 85, 255), (254, 0, 0)), ((150, 44, 21), (0, 255, 1)), ((29, 255, 107), (0, 0, 254))],
    ids=['black', 'white', 'red', 'green', 'blue'])
def test_rgb_converts_full_range(yuv, rgb):
    luma, *chroma = yuv
    found = nv12_pictures.rgb(np.array([luma] * 4 + chroma, np.uint8), width=2, height=2)
    assert found.dtype == np.float32 and found.shape == (3, 2, 2)
    np.testing.assert_allclose(found, np.broadcast_to(np.array(rgb)[:, None, None], (3, 2, 2)),
                               atol=1.5)


def test_read_pictures_yields_an_own_array_or_the_reason(tmp_path):
    for name, value in (('a.png', 0), ('c.png', 255)):
        cv2.imwrite(str(tmp_path / name), np.full((8, 8, 3), value, np.uint8))
    (tmp_path / 'd.jpg').touch()
    (tmp_path / 'e.PNG').write_bytes((tmp_path / 'a.png').read_bytes()[:40])
    files = [tmp_path / name for name in ('a.png', 'c.png', 'd.jpg', 'e.PNG')]
    pairs = list(nv12_pictures.read_pictures(files, width=4, height=2, fit='stretch'))
    assert [file for file, _ in pairs] == files
    found = [kept for _, kept in pairs]
    for kept, luma in ((found[0], 0), (found[1], 255)):
        np.testing.assert_array_equal(kept, np.array([luma] * 8 + [128] * 4, np.uint8))
    assert [error.reason for error in found[2:]] == ['empty', 'damaged']
    assert all(str(error) and '\n' not in str(error) for error in found[2:])


@pytest.mark.parametrize('limit,chosen', [(2, [0, 2]), (4, [0, 1, 2, 3]), (9, [0, 1, 2, 3])])
def test_read_folder_chooses_evenly_from_all_folders(tmp_path, limit, chosen):
    names = ['a/1.jpg', 'a/b/2.PNG', 'c/3.jpeg', 'd.bmp']
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / 'c' / 'notes.txt').touch()
    found = nv12_pictures.read_folder(tmp_path, limit=limit, width=4, height=2, fit='stretch')
    assert found.files == tuple(tmp_path / names[i] for i in chosen)


@pytest.mark.parametrize('name,reason', [
    ('none', 'found nothing there'), ('file', 'found a file'), ('empty', 'found none')])
def test_read_folder_refuses_folders_without_pictures(tmp_path, name, reason):
    (tmp_path / 'file').touch()
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match=reason):
        nv12_pictures.read_folder(tmp_path / name, limit=1, width=4, height=2, fit='stretch')
