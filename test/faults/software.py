# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the engines that need no board: ONNX Runtime and the vendor's simulator."""

from faults.fault import faults_in

_SIMULATOR_TESTS = ('engines/simulator/test_process.py', 'engines/simulator/test_simulator.py')

_ONNX = faults_in(
    'engines/onnx.py', ('engines/test_onnx.py', 'engines/test_contract.py'),
    ('red is that of another standard', '1, 0, 1.402', '1, 0, 1.5748'),
    ('blue is that of another standard', '1, 1.772, 0', '1, 1.8556, 0'),
    ('U and V are swapped', 'np.moveaxis(chroma, 4, 0)', 'np.moveaxis(chroma, 4, 0)[::-1]'),
    ('the middle of chroma is another', '[0.0, -128.0, -128.0]', '[0.0, -127.0, -127.0]'),
    ('the mean is not subtracted', ' - np.multiply(MEAN, SCALE)', ''),
    ('the offset is left out', '        self._rgb += self._offset\n', ''),
    ('the number of threads is ignored',
     '        settings.intra_op_num_threads = INFERENCE_THREADS\n', ''),
    ('threads spin between frames', "'session.intra_op.allow_spinning', '0'",
     "'session.intra_op.allow_spinning', '1'"),
    ('a file that is no model passes an exception through', """\
            raise ModelError(f'{model}: not a readable ONNX model: {text}') from error
""", '            raise\n'),
    ('an exception of run passes through', """\
        except Exception as error:  # onnxruntime has no common base class for its errors
            raise InferenceError(""", """\
        except ZeroDivisionError as error:
            raise InferenceError("""),
    ('any number of channels is taken', 'shape[1] != 3 or ', ''),
    ('a second input is taken', 'len(inputs) != 1 or ', ''),
    ('odd sizes are taken', ' or sizes[0] % 2 or sizes[1] % 2', ''),
    ('any shape of the output is taken', 'not is_class_vector(output.shape) or ', ''),
    ('a single value is taken', ' or output.size < 2', ''),
    ('text as first output is taken',
     'if names[:1] != [entry.name for entry in session.get_outputs()[:1]]:', 'if False:'),
)

_NORMALISATION = faults_in(
    'core/normalisation.py', ('core/test_normalisation.py', 'engines/test_onnx.py'),
    ('the mean is that of BGR', '(123.675, 116.28, 103.53)', '(103.53, 116.28, 123.675)'),
    ('the deviation is that of BGR', '(58.395, 57.12, 57.375)', '(57.375, 57.12, 58.395)'),
)

_SIMULATOR = faults_in(
    'engines/simulator/engine.py', _SIMULATOR_TESTS,
    ('a process that has died is not replaced', """\
            self.drop_worker()
            raise InferenceError(""", '            raise InferenceError('),
    ('the answer to an interrupted picture is taken for the next', """\
            self.drop_worker()
            raise
""", '            raise\n'),
    ('the limit of a picture is ignored', 'time.monotonic() + self._limit_s,',
     'time.monotonic() + 1e6,'),
    ('the picture is not handed over', '        np.copyto(self._picture, nv12)\n', ''),
    ('an error in an answer is ignored', "if 'error' in answer:", 'if False:'),
    ('the output is read before the answer',
     """\
        self._answer()
        return self._values
""", '        return self._values\n'),
    ('a program of another size is taken', 'if found != expected:', 'if False:'),
    ('close leaves the process', """\
            self._slot.drop_worker()
            self._slot = None
""", '            self._slot = None\n'),
    ('close frees the model while a slot is lent', """\
        super().close()
        if""", '        if'),
    ('Ctrl-C reaches the process', 'start_new_session=True', 'start_new_session=False'),
    ('the scales are ignored', ' * self._model.scales', ''),
    ('a network with operators of the CPU is taken',
     "if first != 'BPU' or not _BEHIND.issuperset(behind):", 'if False:'),
    ('any number of scales is taken', 'len(content.scales) not in (1, classes) or ', ''),
    ('a failed load leaves the process', """\
        except BaseException:
            self.close()
            raise
""", """\
        except BaseException:
            raise
"""),
    markers='not slow',
)

_WORKER = faults_in(
    'engines/simulator/worker.py', _SIMULATOR_TESTS,
    ('what the library prints joins the answers', '    os.dup2(2, 1)\n', ''),
    ('a run is not ended', '            self._dll.hbrtRiDestroy(_RUN)\n', ''),
    ('rows are not moved to their stride', 'self._picture + row * self._stride',
     'self._picture + row * 1'),
    ('chroma begins at another row', 'self._picture + self._stride * self.height, height',
     'self._picture, height'),
    markers='not slow',
)

FAULTS = _ONNX + _NORMALISATION + _SIMULATOR + _WORKER
