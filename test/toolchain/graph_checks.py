# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What test_bpu_graph asks of PyTorch; runs in the toolchain's Python and prints JSON.

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
from edgenext_ros.toolchain import bpu_graph, bpu_norm  # noqa: E402
from edgenext_ros.toolchain.weights import load_network  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402

torch.manual_seed(1)
torch.set_grad_enabled(False)


def largest(a, b):
    """Return the largest difference relative to the largest value."""
    return float((a - b).abs().max() / a.abs().max())


def network(name, classes):
    """Compare with timm's on random pictures; every weight is random, every branch matters."""
    ours = load_network(name, random=True, classes=classes)
    graph = bpu_graph.BpuEdgeNeXt(ours).eval()
    pictures = torch.randn(2, 3, 224, 224)
    expected = ours(pictures)
    branches = [key for key, value in ours.named_parameters()
                if 'gamma' in key and value.abs().mean() < 0.1]
    got = torch.cat([graph(picture[None]) for picture in pictures])
    return {'difference': largest(expected, got.flatten(1)), 'shape': list(got.shape[1:]),
            'dead branches': branches}


def norm(form, mean):
    """Compare a LayerNorm, with a layer behind it, on maps with a large common mean."""
    layer = torch.nn.LayerNorm(160, eps=1e-6)
    layer.weight.normal_(1, 0.3)
    layer.bias.normal_()
    form = form(layer)
    weight, bias = torch.randn(7, 160), torch.randn(7)
    x = torch.randn(1, 160, 5, 6) + mean
    expected = layer(x.permute(0, 2, 3, 1)) @ weight.T + bias
    got = bpu_norm.pointwise(*form.fold(weight, bias))(form(x))
    return largest(expected.permute(0, 3, 1, 2), got)


def refusal(model):
    """Return what is said of a model that cannot be loaded."""
    try:
        load_network(str(model))
    except ModelError as error:
        return str(error)
    return 'loaded'


def same_logits(path):
    """Compare a network that was loaded from a file with ONNX Runtime on the demo."""
    picture = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    session = onnxruntime.InferenceSession(demo, providers=['CPUExecutionProvider'])
    expected = torch.from_numpy(session.run(None, {'image': picture})[0])
    return largest(expected, load_network(str(path))(torch.from_numpy(picture)))


def files():
    """Write a checkpoint in each format."""
    state = load_network(demo).state_dict()
    folder_ = Path(folder)
    torch.save(state, folder_ / 'plain.pt')
    torch.save({'average': {f'module.network.{k}': v for k, v in state.items()}},
               folder_ / 'trained.pt')
    from safetensors.torch import save_file
    save_file(state, str(folder_ / 'weights.safetensors'))
    del state['head.fc.bias']
    torch.save(state, folder_ / 'incomplete.pt')
    (folder_ / 'garbage.onnx').write_bytes(b'not a model')
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
    'norms': {f'{form.__name__} {mean}': norm(form, mean)
              for form in (bpu_norm.Norm, bpu_norm.WideNorm) for mean in (0, 30)},
    'files': {name: same_logits(path) for name, path in (
        ('demo.onnx', demo), ('plain.pt', at / 'plain.pt'), ('trained.pt', at / 'trained.pt'),
        ('weights.safetensors', at / 'weights.safetensors'))},
    'refusals': {name: refusal(path) for name, path in (
        ('garbage', at / 'garbage.onnx'), ('other', at / 'other.onnx'),
        ('incomplete', at / 'incomplete.pt'), ('name', 'resnet18'))},
}))
