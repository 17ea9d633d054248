# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The deliberate faults, and what the self-test says of each, for its tests and docs/selftest.md.

A fault is named as in its module; the words are part of the finding's sentence.
"""

from helpers.engine_faults import FAULTS

BIN, ONNX = 'libdnn', 'onnx'  # names of engines, which decide the model file
STORED, ROW, THREADS, SIZES = (
    'stored pictures', 'pictures in a row', 'two threads', 'wrong sizes')

OF_ANSWERS = (
    ('HalfScale', BIN, STORED, 'times 0.5; likely cause: a wrong output scale'),
    ('HalfScale', ONNX, STORED, 'times 0.5; likely cause: a wrong output scale'),
    ('NoScale', BIN, STORED, 'the scale of each class is not applied'),
    ('ScaleOfFirstClass', BIN, STORED, 'the scale of each class is not applied'),
    ('StaleUntilAgain', ONNX, STORED, 'a stale picture: the cache of the input is not flushed'),
    ('StaleUntilAgain', BIN, STORED, 'a stale picture: the cache of the input is not flushed'),
    ('StaleNowAndThen', ONNX, ROW, 'a stale picture: the cache of the input is not flushed'),
    ('StaleNowAndThen', BIN, ROW, 'a stale picture: the cache of the input is not flushed'),
    ('StaleNowAndThen', BIN, THREADS, 'pictures in a row of one thread do too'),
    ('PictureBefore', BIN, STORED, 'the engine answers from the picture before'),
    ('PictureBefore', ONNX, STORED, 'the engine answers from the picture before'),
    ('PictureBefore', BIN, ROW, 'the engine answers from the picture before'),
    ('PaddedOutput', BIN, STORED, 'the padding of the output tensor (its stride) is not skipped'),
    ('PaddedOutput', ONNX, STORED, 'the padding of the output tensor (its stride) is not skipped'),
    ('PaddedOutput', BIN, ROW, 'the padding of the output tensor (its stride) is not skipped'),
    ('OutputOffset', BIN, STORED, 'padding or offset of the output tensor is not skipped'),
    ('SwappedChroma', BIN, STORED, 'the engine reads the picture as NV21, V before U'),
    ('SwappedChroma', ONNX, STORED, 'the engine reads the picture as NV21, V before U'),
    ('LimitedTables', BIN, STORED, 'the engine reads the picture as limited range (16..235)'),
    ('LimitedRange', ONNX, STORED, 'the engine reads the picture as limited range (16..235)'),
    ('NanNowAndThen', BIN, ROW, 'outputs that are not finite now and then'),
    ('NanNowAndThen', ONNX, ROW, 'outputs that are not finite now and then'),
    ('MixedThreads', ONNX, THREADS, 'the engine mixes up its threads'),
    ('Noise', BIN, STORED, '12 of 12 pictures got another answer when they came again; likely '
     'cause: the result is read before the inference has ended, or memory is damaged'),
    ('Other', BIN, STORED, 'no fault that the self-test knows explains them, the cosine '
     'similarity is at least'),
    ('FirstForEver', BIN, STORED, 'all pictures get the same answer; likely cause: a stale '
     'picture'),
    ('Nothing', BIN, STORED, 'all values are 0; likely cause: the output is not written'),
    ('WorksOnlyOnce', BIN, SIZES, 'after pictures of wrong sizes were refused, expected the '
     'answers of before, found another answer'),
    ('Failing', BIN, STORED, 'no picture of 24 got an answer; the first error: OSError: the '
     'vendor says'))
"""Faults of ``engine_faults``: name, engine, check, words."""

OF_LIBDNN = {
    'libdnn: the input is not flushed before the inference': 'a stale picture',
    'libdnn: the input is not flushed before each third inference': 'a stale picture',
    'libdnn: the output is not invalidated after the inference':
        'or that of the output not invalidated after it',
    'libdnn: neither is flushed': 'all pictures get the same answer',
    "libdnn: the output's padding is read as values":
        'the padding of the output tensor (its stride) is not skipped',
    'libdnn: the scales are not applied': 'a wrong output scale',
    'libdnn: the scale of the first class is applied to all': 'a wrong output scale'}
"""Faults in the package's engine on libdnn, of ``test_right_on_libdnn``: title, words."""

OF_SPEED = {
    'slow core': ('The BPU takes ten times as long', 'latency', 'slow core or clock'),
    'shared BPU': ('A detector keeps the BPU busy for 20 ms of each 30 ms', 'latency',
                   'BPU shared with another user'),
    'jitter': ('The times vary', 'latency', 'jitter'),
    'held GIL': ('The GIL is held during an inference', 'GIL',
                 'The GIL is held during an inference')}
"""Faults of ``slow_engines``: name, title, check, words."""


def table() -> str:
    """Return the table of docs/selftest.md."""
    rows = {(FAULTS[fault].__doc__.strip().splitlines()[0].rstrip('.'), check): words
            for fault, _, check, words in OF_ANSWERS}
    rows |= {(title, STORED): words for title, words in OF_LIBDNN.items()}
    rows |= {(title, check): words for title, check, words in OF_SPEED.values()}
    return '\n'.join((
        '| fault | check | part of the sentence in the report |', '|---|---|---|',
        *(f'| {title} | {check} | {words} |' for (title, check), words in rows.items())))
