# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compare the outputs of a .bin with those of the network that it was compiled from."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgenext_ros.choices import DEFAULT_FIT, FITS

HELP = ('Compare the outputs of a .bin, in the simulator, with those of the network that it was '
        'compiled from.')
_EXACT = 1e-6
"""Largest difference of two float32 roundings of the same integers."""
_USUAL_COSINE = 0.99
"""Least mean cosine of the logits in float and int8, of all forms in docs/accuracy.md, rounded."""
_LEAST_COSINE = 0.9
"""Below this mean cosine the weights probably differ: int8 alone gives ``_USUAL_COSINE``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('model', type=Path, metavar='MODEL.bin', help='the compiled model')
    parser.add_argument('--against', type=Path, required=True, metavar='FILE',
                        help='the .onnx that it was compiled from, or another .bin')
    parser.add_argument('--pictures', type=Path, required=True, metavar='FOLDER',
                        help='folder of pictures; both networks get the same NV12 bytes')
    parser.add_argument('--count', type=int, default=200, metavar='N',
                        help='maximum number of pictures (default: 200)')
    parser.add_argument('--quantised', type=Path, metavar='FILE.onnx',
                        help="hb_mapper's quantised graph (from edgenext compile --keep); its "
                             'outputs must equal those of the .bin')
    parser.add_argument('--fit', default=DEFAULT_FIT, choices=FITS,
                        help='how pictures of another shape are fitted (default: %(default)s)')
    parser.add_argument('--exact', action='store_true',
                        help='exit with 1 if an output differs')
    parser.add_argument('--least', type=float, default=0.0, metavar='PER_CENT',
                        help='exit with 1 if fewer pictures have the same best class')


def run(arguments: argparse.Namespace) -> int:
    """Print the agreement; return 1 if it is too low, or not exact where it must be."""
    from dataclasses import asdict
    import sys

    from edgenext_ros.cli import write_json
    from edgenext_ros.cli.progress import PictureMeter
    from edgenext_ros.models.regular_file import shown
    from edgenext_ros.toolchain.evaluation.verify import verify

    if arguments.count < 1:
        print(f'edgenext verify: --count must be at least 1, got {arguments.count}',
              file=sys.stderr)
        return 2
    rows = verify(
        arguments.model, arguments.against, arguments.pictures, count=arguments.count,
        fit=arguments.fit, quantised=arguments.quantised, progress=PictureMeter('simulator'))
    account = rows[0].account
    if account:
        print(account)
    for row in rows:
        print(f'{row.first} and {row.second}, {row.pictures} pictures:\n'
              f'  same best class {row.top1:.2f} %, cosine {row.cosine:.5f} (least '
              f'{row.worst_cosine:.5f}), largest difference {row.difference:.3g}')
        for file in row.disagreements[:5]:
            print(f'  another best class: {shown(file)}')
    if rows[0].cosine < _LEAST_COSINE:
        print(f'edgenext verify: warning: mean cosine {rows[0].cosine:.3f}, usual is '
              f'{_USUAL_COSINE} or more: {shown(arguments.model)} and {shown(arguments.against)} '
              'probably do not have the same weights', file=sys.stderr)
    figures = [{**asdict(row), 'left_out': account.as_json()} for row in rows]
    for row in figures:
        del row['account']
    write_json(arguments.json, figures)
    if rows[0].top1 < arguments.least:
        print(f'edgenext verify: {rows[0].top1:.2f} % is less than --least {arguments.least} %',
              file=sys.stderr)
        return 1
    if arguments.exact and rows[0].difference > _EXACT:
        print(f'edgenext verify: {rows[0].second} differs from {rows[0].first}', file=sys.stderr)
        return 1
    if arguments.quantised and rows[-1].difference > _EXACT:
        print('edgenext verify: the simulated .bin differs from its quantised graph',
              file=sys.stderr)
        return 1
    return 0
