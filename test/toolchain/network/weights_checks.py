# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The checks of test_weights that need PyTorch; runs in the toolchain's Python and prints JSON.

Arguments: the package's folder, a folder to write to.
"""

import argparse
import copy
import importlib.util
import json
from pathlib import Path
import pickle
import re
import sys

package, folder = sys.argv[1:]
spec = importlib.util.spec_from_file_location(
    'edgenext_ros', f'{package}/__init__.py', submodule_search_locations=[package])
sys.modules['edgenext_ros'] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

from edgenext_ros.models import ModelError  # noqa: E402
from edgenext_ros.toolchain.bpu.recipe import RECIPES  # noqa: E402
from edgenext_ros.toolchain.bpu.write_onnx import prepare  # noqa: E402
from edgenext_ros.toolchain.network.weights import load  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402

torch.set_grad_enabled(False)
root = Path(folder)
network = load('edgenext_xx_small', random=True, classes=7).network
state = network.state_dict()
other = {name: value + 1 for name, value in state.items()}
rich = {'epoch': 3, 'lr': 1e-3, 'args': argparse.Namespace(opt='adamw'), 'best': np.float64(0.7),
        'amp': np.float32(65536.0), 'path': Path('runs'),
        'optimizer': {'state': {0: {'exp_avg': torch.zeros(3), 'step': torch.tensor(4.0)}},
                      'param_groups': [{'lr': 0.1, 'params': [0]}]}}


def under(prefix, values=None):
    """Put a prefix before every name."""
    return {f'{prefix}{name}': value for name, value in (values or state).items()}


def paper(values):
    """Rename timm's weights as in the paper's repository."""
    renamed = {}
    for name, value in values.items():
        name = re.sub(r'^stem\.', 'downsample_layers.0.', name)
        name = re.sub(r'^stages\.(\d)\.downsample\.', r'downsample_layers.\1.', name)
        name = re.sub(r'\.blocks\.', '.', name)
        name = name.replace('conv_dw', 'dwconv').replace('mlp.fc', 'pwconv')
        name = name.replace('head.norm.', 'norm.').replace('head.fc.', 'head.')
        renamed[name] = value
    return renamed


def torch_file(name, value, **options):
    torch.save(value, root / name, **options)


def taken():
    """Write weights in the formats that users have."""
    torch_file('plain.pth', state)
    torch_file('model_best.pth.tar', {**rich, 'arch': 'edgenext_xx_small', 'state_dict': other,
                                      'state_dict_ema': state})
    torch_file('torchvision.pth', {**rich, 'model': other, 'model_ema': {
        'n_averaged': torch.tensor(3), **under('module.')}})
    torch_file('ddp.pt', {**rich, 'model_state_dict': under('module.')})
    torch_file('compiled', {'model': under('_orig_mod.')})
    torch_file('lightning.ckpt', {**rich, 'state_dict': {
        **under('model.'), 'loss.weight': torch.ones(7)}, 'pytorch-lightning_version': '2.6.0',
        'hyper_parameters': rich['args']})
    torch_file('legacy.pt', {**rich, 'state_dict': state},
               _use_new_zipfile_serialization=False)
    torch_file('half.pt', {name: value.half() for name, value in state.items()})
    torch_file('bfloat16.pt', {name: value.bfloat16() for name, value in state.items()})
    torch_file('paper.pth', {**rich, 'model': paper(other), 'model_ema': paper(state)})
    torch_file('parameters.pt', dict(network.named_parameters()))
    torch_file('module.pt', network)
    torch_file('module_legacy.pt', {'model': torch.nn.DataParallel(network)},
               _use_new_zipfile_serialization=False)
    torch_file('pytorch_model.bin', {**state, 'head_dist.weight': torch.zeros(7, 168)})
    torch.jit.trace(network, torch.zeros(1, 3, 224, 224)).save(str(root / 'traced.pt'))
    save_file(under('model.'), str(root / 'weights.safetensors'))
    (root / 'pickled.pkl').write_bytes(pickle.dumps(rich | {'net': state}))
    (root / 'numpy.pkl').write_bytes(pickle.dumps(
        {name: value.numpy() for name, value in state.items()}))


def result(path):
    """Return the difference of loaded weights, notes and size; or the error."""
    try:
        loaded = load(str(path))
    except ModelError as error:
        return {'refused': str(error)}
    found = loaded.network.state_dict()
    return {'difference': max(float((found[name] - value).abs().max())
                              for name, value in state.items()),
            'notes': loaded.notes, 'size': loaded.size}


def refused():
    """Write files that are refused."""
    torch_file('rw.pt', timm.create_model('edgenext_small_rw').state_dict())
    torch_file('headless.pt', timm.create_model('edgenext_xx_small', num_classes=0).state_dict())
    torch_file('quantised.pt', state | {'head.fc.weight': torch.quantize_per_tensor(
        state['head.fc.weight'], 0.1, 0, torch.qint8)})
    torch_file('integer.pt', state | {'head.fc.weight': state['head.fc.weight'].long()})
    torch_file('shape.pt', state | {'head.norm.weight': torch.zeros(5)})
    torch_file('more.pt', state | {'stages.0.blocks.9.gamma': torch.zeros(5)})
    torch_file('nan.pt', state | {'head.fc.bias': torch.full((7,), torch.nan)})
    torch_file('batch_norm.pt', state | {'stem.1.running_mean': torch.zeros(24)})
    torch_file('two.pt', {'student': state, 'teacher': other})
    whole = (root / 'plain.pth').read_bytes()
    (root / 'half_file.pt').write_bytes(whole[:len(whole) // 2])


def modern(graph):
    """Rename a graph's nodes and constants as the exporter of torch.export does."""
    new = {}
    for index, entry in enumerate(graph.graph.initializer):
        if not entry.name.startswith(('stem', 'stages', 'head')):
            new[entry.name], entry.name = f'val_{index}', f'val_{index}'
    for index, node in enumerate(graph.graph.node):
        node.name = f'node_{node.op_type}_{index}'
        for position, name in enumerate(node.input):
            node.input[position] = new.get(name, name)
    return graph


def graphs():
    """Write ONNX files of several kinds."""
    for side in (224, 256):
        torch.onnx.export(network, (torch.zeros(1, 3, side, side),), str(root / f'{side}.onnx'),
                          opset_version=13)
    for name, one in (
            ('rw', timm.create_model('edgenext_small_rw')),
            ('headless', timm.create_model('edgenext_xx_small', num_classes=0)),
            ('softmax', torch.nn.Sequential(network, torch.nn.Softmax(1)))):
        torch.onnx.export(one.eval(), (torch.zeros(1, 3, 224, 224),), str(root / f'{name}.onnx'),
                          opset_version=13)
    half = onnx.load(str(root / '224.onnx'))
    for entry in half.graph.initializer:
        if entry.data_type == onnx.TensorProto.FLOAT:
            entry.CopyFrom(onnx.numpy_helper.from_array(
                onnx.numpy_helper.to_array(entry).astype(np.float16), entry.name))
    for entry in (*half.graph.input, *half.graph.output):
        entry.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    onnx.save(half, str(root / 'half.onnx'))
    graph = onnx.load(str(root / '256.onnx'))
    onnx.save(modern(graph), str(root / 'modern.onnx'), save_as_external_data=True,
              location='modern.onnx.data', size_threshold=0)
    nameless = modern(onnx.load(str(root / '224.onnx')))
    new = {entry.name: f'w{index}' for index, entry in enumerate(nameless.graph.initializer)}
    for entry in nameless.graph.initializer:
        entry.name = new[entry.name]
    for node in nameless.graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
    onnx.save(nameless, str(root / 'nameless.onnx'))
    swapped = onnx.load(str(root / '224.onnx'))
    gammas = [entry for entry in swapped.graph.initializer if entry.name.endswith('.gamma')]
    node = next(node for node in swapped.graph.node if gammas[0].name in node.input)
    node.op_type, node.name = 'Sub', 'other'
    onnx.save(swapped, str(root / 'other_network.onnx'))
    other_norm = copy.deepcopy(network)
    for module in other_norm.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = 0.01
    torch.onnx.export(other_norm, (torch.zeros(1, 3, 224, 224),), str(root / 'other_norm.onnx'),
                      opset_version=13)
    import onnxsim
    onnx.save(onnxsim.simplify(onnx.load(str(root / '224.onnx')))[0], str(root / 'simple.onnx'))
    lost = onnx.load(str(root / 'modern.onnx'), load_external_data=False)
    for name, place in (('lost', 'gone.data'), ('outside', '../modern.onnx.data'),
                        ('absolute', str(root / 'modern.onnx.data')), ('passwd', '/etc/passwd')):
        for entry in lost.graph.initializer:
            for fact in entry.external_data:
                if fact.key == 'location':
                    fact.value = place
        (root / f'{name}.onnx').write_bytes(lost.SerializeToString())
    (root / 'short.onnx').write_bytes(
        (root / 'modern.onnx').read_bytes().replace(b'modern.onnx.data', b'modern.onnx.part'))
    (root / 'modern.onnx.part').write_bytes((root / 'modern.onnx.data').read_bytes()[:-9])


def compiled(name, picture=None):
    """Return size and notes of the graph that would be compiled; or the error."""
    try:
        answer = prepare(str(root / name), RECIPES['fast'], root / 'out.onnx', random=False,
                         classes=2, picture=picture)
    except ModelError as error:
        return {'refused': str(error)}
    entry = onnx.load(str(root / 'out.onnx')).graph.input[0].type.tensor_type
    return {'picture': answer['picture'], 'notes': answer['notes'],
            'graph': [side.dim_value for side in entry.shape.dim][2:]}


taken()
refused()
graphs()
print(json.dumps({
    'files': {path.name: result(path) for path in sorted(root.iterdir())
              if path.suffix not in ('.data', '.part')},
    'names': {name: result(name) for name in ('edgenext_small_rw', 'resnet18')},
    'sizes': {f'{name} {picture}': compiled(name, picture) for name, picture in (
        ('256.onnx', None), ('256.onnx', (224, 320)), ('224.onnx', None), ('plain.pth', None),
        ('plain.pth', (256, 256)), ('plain.pth', (250, 250)))},
}))
