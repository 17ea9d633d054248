# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Decoding of picture files and of CompressedImage: end markers, orientation, formats."""


import cv2
from edgenext_ros.core.encode import encode, to_bgr
from edgenext_ros.core.frame import Frame
from helpers.coded_pictures import coded, decoded, refusal, segment, stored, tiff, with_exif
import numpy as np
import pytest


# Where a JPEG ends --------------------------------------------------------------------------


PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
RESTARTS = (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)
KINDS = pytest.mark.parametrize('options', [(), PROGRESSIVE, RESTARTS],
                                ids=['baseline', 'progressive', 'restarts'])


@KINDS
@pytest.mark.parametrize('behind', [
    b'', b'\0' * 50_001, b'\7' * 4095, b'\7' * 100_000 + b'\0' * 100_000,
    b'\xff\xd8\xff\xe1 another picture', b'\0\0\0\x18ftypmp42' + bytes(range(256)) * 400],
    ids=['nothing', 'zeros', '4095', 'both', 'jpeg', 'motion photo'])
def test_jpeg_with_bytes_after_its_end_is_read(behind, options, photograph):
    data = coded('.jpg', photograph, *options)
    assert (decoded(data + behind)[1] == decoded(data)[1]).all()


@KINDS
@pytest.mark.parametrize('behind', [
    b'', b'\0' * 5000, b'\7' * 5000, b'\xff\xd8\xff\xe1' + b'\7' * 99 + b'\xff\xd9', 'whole'],
    ids=['nothing', 'zeros', 'sevens', 'start', 'another'])
@pytest.mark.parametrize('share', [0.3, 0.9, 1.0])
def test_jpeg_without_end_marker_is_refused_whatever_follows(share, behind, options, photograph):
    data = coded('.jpg', photograph, *options)
    cut = data[:int((len(data) - 2) * share)].rstrip(b'\xff')
    reason = refusal(cut + (data if behind == 'whole' else behind))
    assert reason.endswith('is truncated: no end marker')


@pytest.mark.parametrize('end', [0, 1000])
def test_the_end_of_a_thumbnail_is_not_that_of_the_picture(end, photograph):
    thumbnail = coded('.jpg', cv2.resize(photograph, (32, 24)))
    data = coded('.jpg', photograph)
    data = data[:2] + segment(0xE1, b'Exif\0\0' + thumbnail) + data[2:]
    assert decoded(data)[0].width == photograph.shape[1]
    assert 'no end marker' in refusal(data[:len(data) // 2] + bytes(end))


def test_markers_inside_segments_between_scans_are_ignored(photograph):
    data = coded('.jpg', photograph, *PROGRESSIVE)
    second = data.index(b'\xff\xda', data.index(b'\xff\xda') + 2)
    comment = segment(0xFE, b'\xff\xd9\xff\xd8\xff\x7a')
    assert (decoded(data[:second] + comment + data[second:])[1] == decoded(data)[1]).all()
    assert 'no end marker' in refusal(data[:second] + comment)


@pytest.mark.parametrize('enough', [None, lambda width, height: min(width, height) >= 30],
                         ids=['whole', 'reduced'])
@pytest.mark.parametrize('options', [(), RESTARTS], ids=['baseline', 'restarts'])
def test_a_jpeg_whose_data_breaks_off_before_its_end_has_a_note(options, enough, photograph):
    data = coded('.jpg', photograph, *options)
    begin = data.index(b'\xff\xda') + 14
    notes = {decoded(data[:begin + size].rstrip(b'\xff') + b'\xff\xd9', enough=enough)[0].note
             for size in (100, 1000, (len(data) - begin) // 2)}
    (note,) = notes  # the same note for a whole stream
    assert note.startswith('a JPEG has an end marker, but its last rows are plain grey')
    assert not decoded(data, enough=enough)[0].note


# Kinds that OpenCV does not decode ------------------------------------------------------------


@pytest.mark.parametrize('marker,bits,kind', [
    (0xC1, 12, 'JPEG with 12 bits a sample'), (0xC3, 16, 'lossless JPEG'),
    (0xC5, 8, 'hierarchical JPEG'), (0xCB, 8, 'arithmetic-coded JPEG'), (0xF7, 8, 'JPEG-LS')])
def test_a_rare_jpeg_is_named(marker, bits, kind, photograph):
    data = bytearray(coded('.jpg', photograph))
    at = data.index(b'\xff\xc0')
    data[at + 1], data[at + 4] = marker, bits
    reason = refusal(bytes(data))
    assert reason.endswith(f'does not decode: {kind}, which OpenCV does not decode: expected 8 '
                           f'bits, baseline or progressive')


@pytest.mark.parametrize('data,found', [
    (b'\0\0\0\x18ftypheic' + bytes(99), 'a HEIC file'), (b'%PDF-1.4' + bytes(99), 'a PDF file'),
    (b'\0\0\0\x01\x67' + bytes(99), 'a H.264 or H.265 file'),
    (b'hello, world', 'bytes 68 65 6c 6c')])
def test_kind_of_file_that_is_no_picture_is_named(data, found):
    assert refusal(data).endswith(f'does not decode: expected JPEG or PNG, found {found}')


@pytest.mark.parametrize('suffix,kind', [('.png', 'PNG'), ('.webp', 'WebP')])
def test_a_damaged_file_is_named(suffix, kind, photograph):
    data = bytearray(coded(suffix, photograph))
    data[30:200] = bytes(170)
    assert kind in refusal(bytes(data)) or 'no end marker' in refusal(bytes(data))


# Orientation ----------------------------------------------------------------------------------


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('suffix,late,order', [
    ('.jpg', False, '>'), ('.jpg', False, '<'), ('.png', False, '>'), ('.png', True, '<'),
    ('.webp', False, '<'), ('.webp', True, '>')])
def test_exif_turns_every_kind_of_file(suffix, late, order, orientation, photograph):
    upright = cv2.resize(photograph, (64, 40))
    data = with_exif(suffix, stored(upright, orientation), tiff(orientation, order), late)
    found = decoded(data)[1]
    assert found.shape == upright.shape
    assert np.abs(found.astype(int) - upright).mean() < (5 if suffix == '.jpg' else 1e-9)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_a_reduced_jpeg_is_turned_too(orientation, photograph):
    data = with_exif('.jpg', stored(photograph, orientation), tiff(orientation))
    height, width = (side // 4 for side in photograph.shape[:2])
    frame, found = decoded(data, enough=lambda w, h: min(w, h) >= min(width, height))
    assert (frame.width, frame.height) == (width, height)
    expected = cv2.resize(photograph, (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(found.astype(int) - expected).mean() < 6


@pytest.mark.parametrize('exif', [
    b'', b'MM\0*', b'MM\0*' + bytes(4), tiff(0), tiff(9), tiff(6)[:20], b'XX' + tiff(6)[2:],
    b'II*\0' + b'\xff' * 30], ids=len)
@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp'])
def test_damaged_exif_turns_nothing(suffix, exif, photograph):
    upright = cv2.resize(photograph, (64, 40))
    assert decoded(with_exif(suffix, upright, exif))[1].shape == upright.shape


# The field format of a CompressedImage --------------------------------------------------------


@pytest.mark.parametrize('picture_format', [
    '16UC1; png compressed ', '16UC1; compressedDepth', '16UC1; compressedDepth png',
    '16UC1; compressedDepth rvl', '32FC1; compressedDepth png', '32FC1; png compressed ', '16UC1',
    '32FC1', '16SC1; png compressed ', '16UC1; jpeg compressed ', '16uc1; PNG compressed'])
def test_depth_is_refused_by_its_format(picture_format):
    data = coded('.png', np.full((8, 8), 900, np.uint16))
    reason = refusal(data, picture_format)
    assert reason.startswith(f'format {picture_format!r} is ')
    assert 'depth' in reason
    assert reason.endswith('not a picture: give the topic of the colour camera')


@pytest.mark.parametrize('picture_format', ['', 'png', '16UC1; compressedDepth'])
def test_compressed_depth_is_detected_by_its_bytes(picture_format):
    data = bytes(12) + coded('.png', np.full((8, 8), 900, np.uint16))
    assert 'is depth of the transport compressedDepth' in refusal(data, picture_format)


@pytest.mark.parametrize('picture_format', [
    '', 'jpeg', 'mjpeg', 'png', 'jpg', 'bgr8; jpeg compressed bgr8', 'rgb8; jpeg compressed bgr8',
    'rgba8; png compressed bgr8', 'mono8; jpeg compressed ', '8UC3; jpeg compressed ', 'nv12',
    'yuv422_yuy2; jpeg compressed bgr8', 'junk \xff', 'bgr16; png compressed bgr16', 'h264',
    'x' * 100_000])
@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_other_formats_are_read_by_their_bytes(suffix, picture_format, photograph):
    data = coded(suffix, photograph)
    frame, found = decoded(data, picture_format)
    assert (found == decoded(data)[1]).all()
    assert not frame.note


@pytest.mark.parametrize('picture_format', [
    'rgb8; png compressed rgb8', 'rgb8; jpeg compressed rgb8', 'bgr8; jpeg compressed rgb8'])
def test_a_format_that_says_rgb_is_read_by_its_bytes_with_a_note(picture_format, photograph):
    frame, found = decoded(coded('.png', photograph), picture_format)
    assert (found == photograph).all()
    assert frame.note == (
        f'format {picture_format!r}: the colours are taken as the file has them; image_transport '
        f'would swap red and blue, as its first releases did')


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('suffix,bits,picture_format', [
    ('.jpg', 8, 'bayer_{}8; jpeg compressed '), ('.png', 8, 'bayer_{}8; png compressed '),
    ('.png', 16, 'bayer_{}16; png compressed '), ('.png', 8, 'bayer_{}8'),
    ('.png', 8, ' BAYER_{}8; png compressed')])
def test_a_mosaic_is_demosaiced(pattern, suffix, bits, picture_format, photograph):
    frame = encode(photograph, f'bayer_{pattern}8')
    mosaic = frame.data.reshape(frame.height, frame.width)
    data = coded(suffix, mosaic if bits == 8 else mosaic.astype(np.uint16) << 8,
                 *((cv2.IMWRITE_JPEG_QUALITY, 100) if suffix == '.jpg' else ()))
    found = decoded(data, picture_format.format(pattern), enough=lambda width, height: True)[1]
    assert np.abs(found.astype(int) - to_bgr(frame)).max() <= (8 if suffix == '.jpg' else 0)


def test_a_mosaic_whose_file_has_colours_is_taken_as_it_is(photograph):
    frame, found = decoded(coded('.png', photograph), 'bayer_rggb8; png compressed bgr8')
    assert (found == photograph).all()
    assert 'is a mosaic, but its file has colours already' in frame.note


@pytest.mark.parametrize('shape', [(5, 6), (6, 5), (2, 4)], ids=str)
def test_a_mosaic_of_half_patterns_is_refused(shape):
    data = coded('.png', np.zeros(shape, np.uint8))
    assert 'width and height must be even, and at least 4' in refusal(
        data, 'bayer_rggb8; png compressed ')


@pytest.mark.parametrize('picture_format,hint', [
    ('nv12', 'a CompressedImage has no width and height: let the driver send raw pictures'),
    ('NV12', 'sensor_msgs/Image, or JPEG'), ('bgr8', "its format is 'bgr8', but"),
    ('h264', "its format is 'h264', a video stream: let a decoder send"), ('H265', 'a video')])
def test_raw_or_video_data_in_a_compressed_image_names_the_remedy(picture_format, hint):
    assert hint in refusal(b'\x10\x80' * 3000, picture_format)


@pytest.mark.parametrize('encoding', ['mono16', 'bayer_rggb16'])
@pytest.mark.parametrize('highest,bits', [(255, 8), (1023, 10), (4095, 12), (16383, 14)])
def test_a_16_bit_png_with_low_values_has_a_note(highest, bits, encoding):
    picture = np.linspace(0, highest, 64 * 64).astype(np.uint16).reshape(64, 64)
    note = decoded(coded('.png', picture), f'{encoding}; png compressed ')[0].note
    assert note.startswith(f'16-bit values stay below {1 << bits} of 65535, as those of a {bits}-'
                           f'bit camera do: the picture is nearly black; let the driver send')
    picture_format = f'{encoding}; png compressed '
    assert not decoded(coded('.png', picture << 16 - bits), picture_format)[0].note


def test_a_mono16_png_is_scaled_as_raw_mono16_is():
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    raw = Frame('mono16', 256, 256, 512, values.view(np.uint8).reshape(-1))
    found = decoded(coded('.png', values), 'mono16; png compressed ')[1]
    assert (found == to_bgr(raw)).all()
