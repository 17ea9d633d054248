# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The checks of test_graph that need PyTorch; runs in the toolchain's Python and prints JSON.

Arguments: the package's folder, a folder to write to, the demo's ONNX file.
"""

import importlib.util
import json
from pathlib import Path
import sys

package, folder, demo = sys.argv[1:]
spec = importlib.util.spec_from_file_location(
    'edgenext_ros', f'{package}/__init__.py', submodule_search_locations=[package])
sys.modules['edgenext_ros'] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

from edgenext_ros.models import ModelError  # noqa: E402
from edgenext_ros.toolchain.bpu import graph as bpu_graph, layer_norm  # noqa: E402
from edgenext_ros.toolchain.bpu.attention import CrossCovarianceAttention  # noqa: E402
from edgenext_ros.toolchain.bpu.recipe import RECIPES  # noqa: E402
from edgenext_ros.toolchain.bpu.write_onnx import prepare  # noqa: E402
from edgenext_ros.toolchain.network.weights import load  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from timm.models.edgenext import CrossCovarianceAttn, SplitTransposeBlock  # noqa: E402
import torch  # noqa: E402

torch.manual_seed(1)
torch.set_grad_enabled(False)


def largest(a, b):
    """Return the largest difference, relative to the largest value."""
    return float((a - b).abs().max() / a.abs().max())


def network(name, classes):
    """Compare with timm's network on a random picture; all weights are random."""
    ours = load(name, random=True, classes=classes).network
    graph = bpu_graph.BpuEdgeNeXt(ours).eval()
    picture = torch.randn(1, 3, 224, 224)
    expected, got = ours(picture), graph(picture)
    branches = [key for key, value in ours.named_parameters()
                if 'gamma' in key and value.abs().mean() < 0.1]
    return {'difference': largest(expected, got.flatten(1)), 'shape': list(got.shape[1:]),
            'dead branches': branches}


def norm(form, channels, mean, spread):
    """Compare a LayerNorm and the layer after it, on maps with this mean and deviation."""
    layer = torch.nn.LayerNorm(channels, eps=1e-6)
    layer.weight.normal_(1, 0.3)
    layer.bias.normal_()
    form = form(layer)
    weight, bias = torch.randn(7, channels), torch.randn(7)
    x = spread * torch.randn(1, channels, 5, 6) + mean
    exact = layer.double()(x.double().permute(0, 2, 3, 1)) @ weight.double().T + bias
    got = layer_norm.pointwise(*form.fold(weight, bias))(form(x))
    return largest(exact.permute(0, 3, 1, 2), got)


def attention(channels, side, groups, sign):
    """Compare the attention block with timm's layers; return where q and k are divided, too."""
    theirs, layer = CrossCovarianceAttn(channels, num_heads=4, qkv_bias=True), \
        torch.nn.LayerNorm(channels, eps=1e-6)
    for value in (*theirs.parameters(), *layer.parameters()):
        value.normal_(0, 0.5)
    theirs.temperature[:, 0, 0] = torch.tensor([0.7, 1.1, sign * 1.4, 2])
    gamma, x = torch.randn(channels), torch.randn(1, channels, side, side)
    ours = CrossCovarianceAttention(layer_norm.Norm(layer), theirs, gamma, pixels=(side, side),
                                    groups=groups)
    added = gamma * theirs(layer(x.flatten(2).mT))
    return {'difference': largest(added.mT.reshape(x.shape), ours(x) - x),
            'scales pixels': ours.groups[0].scales_pixels, 'groups': len(ours.groups)}


def scales(channels, parts):
    """Compare the split of a block with the input of the attention in timm's block."""
    block = SplitTransposeBlock(channels, num_scales=parts, num_heads=1, use_pos_emb=False)
    seen, x = [], torch.randn(1, channels, 6, 5)
    block.norm_xca.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    block(x)
    return largest(seen[0].mT.reshape(x.shape), bpu_graph.Scales(block, channels)(x))


def int16():
    """Count the operators that the recipe 'precise' chooses in a real graph, and the norms."""
    name, file = 'edgenext_xx_small', Path(folder) / 'precise.onnx'
    chosen = prepare(name, RECIPES['precise'], file, random=True, classes=2)['int16']
    kinds = [node.op_type for node in onnx.load(str(file)).graph.node if node.name in chosen]
    graph = bpu_graph.BpuEdgeNeXt(load(name, random=True).network)
    norms = [part for part in graph.modules() if isinstance(part, (layer_norm.Norm,
                                                                   layer_norm.WideNorm))]
    return {'kinds': {kind: kinds.count(kind) for kind in kinds}, 'norms': len(norms)}


def hot():
    """Return the notes on a network with a large temperature, and on one without."""
    network = load('edgenext_xx_small', random=True, classes=2).network
    file, found = Path(folder) / 'hot.pt', []
    for temperature in (-9.5, 1.0):
        network.stages[1].blocks[1].xca.temperature[0] = temperature
        torch.save(network.state_dict(), file)
        found.append(prepare(str(file), RECIPES['fast'], Path(folder) / 'hot.onnx', random=False,
                             classes=2)['notes'])
    return found


def refusal(model):
    """Return the error of a model that cannot be loaded."""
    try:
        load(str(model))
    except ModelError as error:
        return str(error)
    return 'loaded'


def same_logits(path):
    """Compare a network loaded from a file with ONNX Runtime on the demo."""
    picture = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    session = onnxruntime.InferenceSession(demo, providers=['CPUExecutionProvider'])
    expected = torch.from_numpy(session.run(None, {'image': picture})[0])
    return largest(expected, load(str(path)).network(torch.from_numpy(picture)))


def files():
    """Write a checkpoint in each format."""
    state = load(demo).network.state_dict()
    folder_ = Path(folder)
    torch.save(state, folder_ / 'plain.pt')
    torch.save({'state_dict': state}, folder_ / 'trained.pt')
    from safetensors.torch import save_file
    save_file(state, str(folder_ / 'weights.safetensors'))
    torch.save(state | {'stem.0.weight': torch.zeros(40, 3, 4, 4)}, folder_ / 'width.pt')
    del state['head.fc.bias']
    torch.save(state, folder_ / 'incomplete.pt')
    (folder_ / 'garbage.onnx').write_bytes(b'not a model')
    (folder_ / 'garbage.pt').write_bytes(b'not a model')
    value = onnx.helper.make_tensor_value_info('x', onnx.TensorProto.FLOAT, [1])
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(
        [onnx.helper.make_node('Identity', ['x'], ['y'])], 'g', [value],
        [onnx.helper.make_tensor_value_info('y', onnx.TensorProto.FLOAT, [1])])),
        str(folder_ / 'other.onnx'))
    return folder_


at = files()
print(json.dumps({
    'networks': {f'{name} {classes}': network(name, classes) for name, classes in (
        ('edgenext_xx_small', 1000), ('edgenext_x_small', 2), ('edgenext_small', 1000),
        ('edgenext_base', 1000))},
    'norms': {f'{form.__name__} {channels} {mean} {spread}': norm(form, channels, mean, spread)
              for form in (layer_norm.Norm, layer_norm.WideNorm)
              for channels, mean, spread in ((160, 0, 1), (168, 30, 1), (168, 0, 0.001))},
    'attention': {' '.join(map(str, case)): attention(*case) for case in (
        (32, 7, 1, 1), (32, 7, 2, 1), (32, 12, 1, 1), (32, 12, 2, 1), (32, 10, 1, 1),
        (8, 6, 2, 1), (32, 7, 1, -1), (32, 12, 1, -1))},
    'scales': {f'{channels} {parts}': scales(channels, parts)
               for channels, parts in ((48, 2), (88, 3), (160, 4), (168, 5))},
    'int16': int16(),
    'hot': hot(),
    'files': {name: same_logits(path) for name, path in (
        ('demo.onnx', demo), ('plain.pt', at / 'plain.pt'), ('trained.pt', at / 'trained.pt'),
        ('weights.safetensors', at / 'weights.safetensors'))},
    'refusals': {name: refusal(path) for name, path in (
        ('garbage', at / 'garbage.onnx'), ('checkpoint', at / 'garbage.pt'),
        ('other', at / 'other.onnx'),
        ('incomplete', at / 'incomplete.pt'), ('width', at / 'width.pt'), ('name', 'resnet18'),
        ('offline', 'edgenext_small'), ('tag', 'edgenext_small.usi_in1k'))},
}))
