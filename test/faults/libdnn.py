# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the engine on libdnn: caches, memory, tasks, error codes, layout, quantisation."""

from faults.fault import faults_in

_TESTS = ('engines/bpu/test_libdnn.py', 'engines/bpu/test_libdnn_slot.py',
          'engines/test_contract.py')

_RELEASE = """\
        finally:
            library.code('hbDNNReleaseTask', self._task)
            self._task.value = None
"""

_SLOT = faults_in(
    'engines/bpu/libdnn_slot.py', _TESTS,
    ('the cache of the input is not cleaned before the inference',
     '        self._flush(self._input, abi.CACHE_CLEAN)\n', ''),
    ('the cache of the input is invalidated instead of cleaned',
     'self._flush(self._input, abi.CACHE_CLEAN)',
     'self._flush(self._input, abi.CACHE_INVALIDATE)'),
    ('only the first memory of a picture is flushed',
     'for memory in tensor.memory:', 'for memory in tensor.memory[:1]:'),
    ('the cache of the output is not invalidated after the inference',
     '            self._flush(self._outputs[0], abi.CACHE_INVALIDATE)\n', ''),
    ('the output is read before the task has ended',
     """\
        with self._finished():
            self._flush(self._outputs[0], abi.CACHE_INVALIDATE)
            return self._dequantise(self._values)
""", """\
        self._flush(self._outputs[0], abi.CACHE_INVALIDATE)
        scores = self._dequantise(self._values)
        with self._finished():
            return scores
"""),
    ('the error code of a flush is ignored',
     "self._calls.library.call('hbSysFlushMem'", "self._calls.library.code('hbSysFlushMem'"),
    ('memory is not freed',
     "        freeing.callback(library.code, 'hbSysFreeMem', c.byref(memory))\n", ''),
    ('memory is freed twice',
     "        freeing.callback(library.code, 'hbSysFreeMem', c.byref(memory))\n",
     "        freeing.callback(library.code, 'hbSysFreeMem', c.byref(memory))\n" * 2),
    ('the error code of an allocation is ignored',
     "library.call('hbSysAllocCachedMem'", "library.code('hbSysAllocCachedMem'"),
    ('the error code of the inference is ignored',
     "calls.library.call(\n            'hbDNNInfer'",
     "calls.library.code(\n            'hbDNNInfer'"),
    ('the error code of the wait is ignored',
     "            library.check('hbDNNWaitTaskDone', code)\n", ''),
    ('a wait that ended by its timeout counts as a failed task',
     'if code == abi.TIMED_OUT:', 'if False:'),
    ('the task is not released after success', _RELEASE, """\
        except BaseException:
            library.code('hbDNNReleaseTask', self._task)
            raise
        finally:
            self._task.value = None
"""),
    ('the task is not released after a failure', _RELEASE, """\
        except BaseException:
            self._task.value = None
            raise
        library.code('hbDNNReleaseTask', self._task)
        self._task.value = None
"""),
    ('the task is released twice', _RELEASE, """\
        finally:
            library.code('hbDNNReleaseTask', self._task)
            library.code('hbDNNReleaseTask', self._task)
            self._task.value = None
"""),
    ('the handle of a released task stays', '            self._task.value = None\n', ''),
    ('a late task is not waited for before the next', """\
            self.finish_late()
            for""", '            for'),
    ('a late task is not noted', '            UNFINISHED.add(self)\n', ''),
    ('a late task counts as late for ever', '        UNFINISHED.discard(self)\n', ''),
    ('an inference begins beside a late one', 'if slot in UNFINISHED:', 'if False:'),
    ('the failure of a late task is raised for the next picture',
     'with contextlib.suppress(abi.LibDnnError), self._finished():', 'with self._finished():'),
    ('a padded picture is not copied to the BPU',
     'self._copies = not whole', 'self._copies = False'),
    ('a picture with padded rows counts as dense',
     'whole = len(planes) == 1 and picture.pitch == picture.width', 'whole = len(planes) == 1'),
    ('chroma in its own memory gets rows of luma', 'row += len(plane)', 'row += 0'),
    ('strides that the library tells are ignored',
     'strides = properties.stride[:len(shape)]', 'strides = [0] * len(shape)'),
    ('strides of 0 are taken as told', 'if min(strides) < item:', 'if False:'),
    ('the padding of an aligned shape is not left out',
     'properties.aligned_shape.sizes[axis + 1]', 'properties.valid_shape.sizes[axis + 1]'),
)

_MODEL = faults_in(
    'engines/bpu/libdnn.py', _TESTS,
    ('the model is not released',
     "        freeing.callback(self._library.code, 'hbDNNRelease', packed)\n", ''),
    ('an open that fails frees nothing',
     'with contextlib.ExitStack() as freeing:',
     'if freeing := contextlib.ExitStack():  # an object, so true'),
    ('memory is freed at the end of open',
     'self._freeing = freeing.pop_all()', 'self._freeing = contextlib.ExitStack()'),
    ('close does not wait for a late task', '            slot.finish_late()\n',
     '            del slot\n'),
    ('close frees the model while a slot is lent', """\
        super().close()
        if""", '        if'),
    ('open does not close the model before', """\
        self.close()
        library = abi.load()""", '        library = abi.load()'),
    ('a failed load of the file is ignored',
     "self._library.call(\n            'hbDNNInitializeFromFiles'",
     "self._library.code(\n            'hbDNNInitializeFromFiles'"),
    ('a failed list of names is ignored', "self._library.call('hbDNNGetModelNameList'",
     "self._library.code('hbDNNGetModelNameList'"),
    ('a failed handle is ignored', "self._library.call('hbDNNGetModelHandle'",
     "self._library.code('hbDNNGetModelHandle'"),
    ('a failed count of tensors is ignored', "self._library.call(f'hbDNNGet{which}Count'",
     "self._library.code(f'hbDNNGet{which}Count'"),
    ('failed properties of a tensor are ignored',
     "self._library.call(\n                f'hbDNNGet{which}TensorProperties'",
     "self._library.code(\n                f'hbDNNGet{which}TensorProperties'"),
    ('a file without a model is opened', 'if count.value < 1:', 'if False:'),
    ('the priority is ignored', ', priority=options.priority', ''),
    ('the core is ignored', 'bpu_core=options.bpu_core, ', ''),
    ('rows are not aligned to 16 bytes', 'pitch = -(-width // 16) * 16', 'pitch = width'),
    ('an input that is too small is taken', 'if size < pitch * height * 3 // 2:', 'if False:'),
    ('the aligned shape of the input stays',
     '    properties.aligned_shape = properties.valid_shape\n', ''),
    ('separate planes get the size of each other',
     '((height, size * 2 // 3), (height // 2, size // 3))',
     '((height, size // 3), (height // 2, size * 2 // 3))'),
    ('the axis of the scales is wrong', 'axis=first.quantize_axis', 'axis=0'),
    ('the scales are ignored', 'scale=scale.scale_data[:scale.scale_length]', 'scale=()'),
    ('the zero points are ignored', 'zero=scale.zero_data[:scale.zero_length]', 'zero=()'),
    ('any kind of quantisation is taken for scales',
     'elif first.quanti_type == abi.QUANTI_SCALE:', 'elif True:'),
    ('a slot with a late task is not lent first', 'first=UNFINISHED.__contains__', 'first=None'),
    ('one picture at a time', 'SLOTS = 2', 'SLOTS = 1'),
)

_ABI = faults_in(
    'engines/bpu/libdnn_abi.py', (*_TESTS, 'engines/bpu/test_libdnn_abi.py'),
    ('negative codes are no errors', '        if code:\n', '        if code > 0:\n'),
    ('the code of a timeout is another', 'TIMED_OUT = -6000008', 'TIMED_OUT = -6000009'),
    ('invalidate and clean are swapped', 'CACHE_INVALIDATE, CACHE_CLEAN = 1, 2',
     'CACHE_INVALIDATE, CACHE_CLEAN = 2, 1'),
)

FAULTS = _SLOT + _MODEL + _ABI
