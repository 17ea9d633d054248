# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The choice of weights in a checkpoint: averaged ones first, any prefix, and the notes."""

from edgenext_ros.models import ModelError
from edgenext_ros.toolchain.network.choice import choose
from edgenext_ros.toolchain.network.pickles import Record
from edgenext_ros.toolchain.network.tensors import StoredTensor
import numpy as np
import pytest

NAMES = ('stem.0.weight', 'stages.0.blocks.0.gamma', 'head.fc.weight')


def weights(value, prefix='', names=NAMES):
    """Return a state dictionary whose tensors all hold ``value``."""
    return {f'{prefix}{name}': StoredTensor((1,), 'float32', lambda: np.full(1, value))
            for name in names}


def value_of(choice):
    return float(choice.tensors['stem.0.weight'].read()[0])


@pytest.mark.parametrize('found', [
    {'state_dict': weights(1), 'state_dict_ema': weights(2)},
    {'model': weights(1), 'model_ema': weights(2), 'epoch': 3},
    {'model': weights(1, 'module.'), 'model_ema': weights(2, 'module.')},
    {'state_dict': weights(1), 'ema_state_dict': weights(2)},
    {'model': weights(1), 'ema': {'decay': 0.9, 'shadow': weights(2)}},
    {'state_dict': weights(1, 'model.'), 'callbacks': {'EMA': {'weights': weights(2, 'model.')}}},
    {'state_dict': {**weights(1, 'model.'), **weights(2, 'model_ema.module.')}},
    {'state_dict': weights(1), 'modelEMA': weights(2)},
    {**weights(1, 'online_model.'), **weights(2, 'ema_model.')},
    {'state_dict': weights(1), 'swa_state_dict': weights(2)},
    {'current_model_state': weights(1, 'model.'), 'state_dict': weights(2, 'model.')},
], ids=['timm', 'torchvision', 'DDP', 'mmengine', 'nested', 'Lightning callback',
        'beside each other in one dictionary', 'camel case', 'ema-pytorch', 'SWA',
        'Lightning WeightAveraging'])
def test_choose_takes_averaged_weights_and_names_the_others(found):
    choice = choose(found)
    assert value_of(choice) == 2
    [note] = choice.notes()
    assert 'not taken: ' in note


@pytest.mark.parametrize('found,said', [
    (weights(1), []),
    (weights(1, 'module.'), ["weights taken from the file itself, prefix 'module.' taken off"]),
    (weights(1, '_orig_mod.'),
     ["weights taken from the file itself, prefix '_orig_mod.' taken off"]),
    (weights(1, 'module._orig_mod.'),
     ["weights taken from the file itself, prefix 'module._orig_mod.' taken off"]),
    (weights(1, '_orig_mod.module.'),
     ["weights taken from the file itself, prefix '_orig_mod.module.' taken off"]),
    ({'state_dict': weights(1, 'model.'), 'epoch': 1},
     ["weights taken from 'state_dict', prefix 'model.' taken off"]),
    ({'model_state_dict': weights(1, 'backbone.'), 'optimizer': {'state': {0: {}}}},
     ["weights taken from 'model_state_dict', prefix 'backbone.' taken off"]),
    ({'net': weights(1)}, ["weights taken from 'net'"]),
    ({'a': [{'b': {'params': weights(1)}}]}, ["weights taken from 'a.0.b.params'"]),
    ({'state_dict': weights(1), 'state_dict_ema': None}, ["weights taken from 'state_dict'"]),
], ids=['plain', 'DDP', 'compiled', 'DDP of compiled', 'compiled DDP', 'Lightning',
        'model_state_dict', 'net', 'deep', 'no EMA kept'])
def test_choose_finds_and_notes_key_and_prefix(found, said):
    choice = choose(found)
    assert set(choice.tensors) == set(NAMES) and value_of(choice) == 1
    assert choice.notes() == said


def test_choose_names_tensors_outside_the_network():
    choice = choose(weights(1, 'm.') | {'mean': weights(1)[NAMES[1]]})
    assert set(choice.tensors) == set(NAMES)
    assert choice.notes() == [
        "weights taken from the file itself, prefix 'm.' taken off; not taken: 'mean'"]


@pytest.mark.parametrize('prefix,layer', [('backbone.', 'head.weight'), ('0.', '1.weight')])
def test_choose_refuses_a_layer_after_the_head(prefix, layer):
    def of(*shape):
        return StoredTensor(shape, 'float32', lambda: np.zeros(shape))

    found = weights(1, prefix) | {f'{prefix}head.fc.weight': of(7, 168), layer: of(3, 7)}
    with pytest.raises(ModelError, match=rf"'{layer}' \(3, 7\) takes the 7 outputs of head.fc"):
        choose(found)


def test_choose_removes_wrappers_inside_names():
    found = weights(1) | {'stages.0._orig_mod.blocks.0.gamma': weights(1)[NAMES[1]]}
    assert set(choose(found).tensors) == set(NAMES)


def test_choose_ignores_counters_of_profilers():
    beside = weights(1, names=('stem.total_ops', 'head.num_batches_tracked', 'n_averaged'))
    assert set(choose(weights(1) | beside).tensors) == set(NAMES)


def test_choose_accepts_one_dictionary_under_two_keys():
    state = weights(1)
    assert value_of(choose({'model': state, 'state_dict': dict(state)})) == 1


def test_choose_refuses_two_networks_and_names_them():
    with pytest.raises(ModelError, match="'student'; 'teacher'; save the one"):
        choose({'student': weights(1), 'teacher': weights(2)})


@pytest.mark.parametrize('found,words', [
    ({}, 'found an empty dictionary'), (3, 'found a int'),
    ({'epoch': 1}, 'found no tensor under epoch'),
    ({'conv1.weight': weights(1)['stem.0.weight']}, r'found conv1.weight, ... \(1 tensors\)'),
    (Record('my.Trainer'), 'found an object of my.Trainer, whose code is not run'),
], ids=['empty', 'number', 'no tensors', 'another network', 'an object'])
def test_choose_without_weights_describes_the_content(found, words):
    with pytest.raises(ModelError, match=words) as caught:
        choose(found)
    assert 'downsample_layers.0.0.weight' in str(caught.value)


def module(**parts):
    """Return the record of an nn.Module."""
    tensors = {key: part for key, part in parts.items() if isinstance(part, StoredTensor)}
    return Record('torch.nn.Module', state={
        'training': False, '_parameters': tensors, '_buffers': {},
        '_modules': {key: part for key, part in parts.items() if key not in tensors}})


@pytest.mark.parametrize('wrap,note', [
    (lambda net: net, []),
    (lambda net: {'model': net, 'epoch': 2}, ["weights taken from 'model'"]),
    (lambda net: {'model': module(module=net)},
     ["weights taken from 'model', prefix 'module.' taken off"]),
    (lambda net: {'ema': net, 'model': None}, ["weights taken from 'ema': the average (EMA)"]),
], ids=['itself', 'in a dictionary', 'DataParallel', 'EMA'])
def test_choose_reads_a_pickled_module_as_data(wrap, note):
    tensor = weights(1)['stem.0.weight']
    net = module(stem=module(**{'0': module(weight=tensor)}),
                 head=module(fc=module(weight=tensor, bias=tensor)))
    choice = choose(wrap(net))
    assert set(choice.tensors) == {'stem.0.weight', 'head.fc.weight', 'head.fc.bias'}
    assert choice.notes() == note


def test_choose_reads_a_torchscript_module_as_data():
    tensor = weights(1)['stem.0.weight']
    part = Record('__torch__.Conv2d', state={'training': False, 'weight': tensor})
    net = Record('__torch__.EdgeNeXt', state={
        'stem': Record('__torch__.Sequential', state={'0': part})})
    assert set(choose(net).tensors) == {'stem.0.weight'}


@pytest.mark.parametrize('name,known', [
    ('torch.nn.modules.activation.GELU', True), ('timm.layers.activations.GELUTanh', True),
    ('torch.nn.modules.activation.ReLU', False), ('__torch__.___torch_mangle_3.SiLU', False)])
def test_choose_refuses_a_module_with_another_activation(name, known):
    tensor = weights(1)['stem.0.weight']
    act = Record(name, state={'training': False})
    net = module(stem=module(**{'0': module(weight=tensor)}), mlp=module(act=act))
    if known:
        assert set(choose(net).tensors) == {'stem.0.weight'}
        return
    with pytest.raises(ModelError, match=rf'mlp.act is {name.rpartition(".")[2]}: expected GELU'):
        choose(net)
