# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A toolchain whose hb_mapper and Python answer immediately, with success or failure."""

import sys

from edgenext_ros.cli import main
from edgenext_ros.models.store import locate, resource_folder

PICTURES = resource_folder() / 'pictures'
BIN, ONNX = (locate('demo', suffixes=(suffix,)).path for suffix in ('.bin', '.onnx'))
# Replaces hb_mapper if it must fail in a certain way, or must be quick.
MAPPER = """#!{python}
import json, os, pathlib, shutil, sys
say = {say!r}
print('2026-11-24 10:00:00,000 INFO Start to calibrate the model.')
print('node/Conv   BPU  id(0)  HzConv  0.998  1.5  int8  ')
print('other/Conv  CPU  --     HzConv  0.987  1.5  float ')
print('logits      0.999  0.1  0.1  0.1')
sys.stdout.flush()
if say == 'nothing any more':
    sys.stdin = open({tools!r} + '/never')
    sys.stdin.read()
if say:
    print(say)
    sys.exit(1)
out = pathlib.Path('out')
(out / 'bias_correction').mkdir(parents=True)
shutil.copyfile({result!r}, out / 'x.bin')
(out / 'x_subgraph_0.json').write_text(json.dumps({{'summary': {{
    'latency (us)': 2000, 'DDR bytes per frame': 3000000}}}}))
"""
# Replaces the tools' Python: makes the ONNX file, whose path ends the JSON argument.
PYTHON = r"""#!/bin/sh
for last; do :; done
file=${last##*\"onnx\": \"}
: > "${file%\"*}"
echo '{"size": "edgenext_xx_small", "classes": 100, "notes": ["the average"],' \
    '"weights": ["the average"], "picture": [256, 320], "int16": ["a/Softmax"], "level": "O2"}'
"""


def write_tools(folder, *, say='', result=BIN):
    """Write an environment whose hb_mapper prints ``say`` and fails, or gives ``result``."""
    package = folder / 'lib/python3.10/site-packages/hbdk'
    (package / 'lib64/x86').mkdir(parents=True)
    (package / 'lib64/x86/libhbdk_sim_x86.so').touch()
    (package / '__init__.py').write_text("__version__ = '3.49.15'")
    (folder / 'bin').mkdir()
    for name, text in (('python3', PYTHON),
                       ('hb_mapper', MAPPER.format(python=sys.executable, say=say,
                                                   result=str(result), tools=str(folder)))):
        (folder / 'bin' / name).write_text(text)
        (folder / 'bin' / name).chmod(0o755)


def compile_demo(output, *more, model=ONNX, pictures=PICTURES):
    """Run ``edgenext compile`` on the bundled model, or another one."""
    return main(['compile', str(model), '--output', str(output), '--calibration', str(pictures),
                 *map(str, more)])
