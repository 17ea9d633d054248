# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""First week, behaviours 14 and 15: wrong models and labels."""

import json

from edgenext_ros.models import checksum
from edgenext_ros.ros import messages
from helpers.bin_writer import container
from helpers.lifecycle import change, CLEANUP, CONFIGURE, state
from helpers.parameters import set_parameters
from helpers.ros_graph import LATCHED
from helpers.wrong_models import empty_bin, WRONG_MODELS
from vision_msgs.msg import VisionInfo


def wrong_chip(folder):
    """Write a model for another BPU."""
    path = folder / 'wrong_chip.bin'
    path.write_bytes(container(tag=b'B25'))
    return path


def unreadable(folder):
    """Make a file that not even root can read: /proc/self/mem fails at position 0."""
    path = folder / 'unreadable.onnx'
    path.symlink_to('/proc/self/mem')
    return path


def changed(folder):
    """Put a model into the cache as if fetched, then change the file."""
    path = folder / 'edgenext_ros' / 'EdgeNeXt_xx_small_224x224_nv12.bin'
    path.parent.mkdir()
    path.write_bytes(container())
    checksum.write_record(path, checksum.digest(path))
    path.write_bytes(container(instructions=b'other'))
    return 'xx_small'


MODELS = {
    **WRONG_MODELS, 'a bin without a board': (empty_bin, 'found no bytes'),
    'a model for another chip': (wrong_chip, "found one for 'bayes'"),
    'an unreadable file': (unreadable, 'not a readable ONNX model'),
    'a file that has changed': (changed, 'has changed since its SHA-256 was recorded: expected ')}


def test_14_wrong_models(ros, tmp_path, libdnn_path):
    """A missing, damaged or changed model, or one for another chip, is refused with the reason."""
    ros.environment.update(XDG_CACHE_HOME=str(tmp_path), EDGENEXT_LIBDNN=str(libdnn_path))
    process = ros.start('node', autostart=False)
    ros.wait(lambda: 'autostart is false' in process.output)
    for name, (make, sentence) in MODELS.items():
        before = len(process.output)
        assert set_parameters(ros, model=str(make(tmp_path)))[0].successful
        assert not change(ros, CONFIGURE), name
        assert state(ros) == 'unconfigured'
        (line,) = process.output[before:].splitlines()
        assert 'configure failed: ' in line and sentence in line
    assert 'Traceback' not in process.output


NAMES = [f'class, {i} \u00e4\u6444' for i in range(99)] + ['class, 0 \u00e4\u6444']
GOOD_LABELS = {
    'lf.txt': '\n'.join(NAMES), 'crlf.txt': '\r\n'.join(NAMES) + '\r\n',
    'list.json': json.dumps(NAMES), 'object.json': json.dumps(dict(enumerate(NAMES)))}
BAD_LABELS = {
    'short.txt': ('\n'.join(NAMES[1:]), 'expected 100 names'),
    'long.txt': ('\n'.join([*NAMES, 'one']), 'expected 100 names'),
    'gap.txt': ('\n'.join(['a', '', *NAMES[2:]]), 'the name of class 1 is empty'),
    'latin_1.txt': ('\n'.join(['\udce4', *NAMES[1:]]), 'cannot be read as UTF-8'),
    'broken.json': ('["a"', 'not valid JSON'), 'missing.txt': (None, 'cannot be read')}


def test_15_labels(ros, tmp_path):
    """Names from text or JSON are published unchanged; a wrong number of names is refused."""
    process = ros.start('node', autostart=False)
    for name, (text, sentence) in BAD_LABELS.items():
        if text is not None:
            (tmp_path / name).write_text(text, encoding='utf-8', errors='surrogateescape')
        assert set_parameters(ros, labels=str(tmp_path / name))[0].successful
        assert not change(ros, CONFIGURE), name
        assert f'configure failed: {tmp_path / name}: {sentence}' in process.output
    for name, text in GOOD_LABELS.items():
        (tmp_path / name).write_text(text, encoding='utf-8', newline='')
        assert set_parameters(ros, labels=str(tmp_path / name))[0].successful
        assert change(ros, CONFIGURE), name
        heard = ros.collect(messages.LabelInfo, '/classifier/label_info', LATCHED)
        source = ros.collect(VisionInfo, '/classifier/vision_info', LATCHED)
        ros.wait(lambda n=name, h=heard, s=source: h and s
                 and s[-1].database_location.endswith(n))
        assert [entry.class_name for entry in heard[-1].class_map] == NAMES
        assert change(ros, CLEANUP)
    assert 'Traceback' not in process.output
