# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the engines on the vendor's Python bindings, and in what all of the board share."""

from faults.fault import faults_in

_HBM = faults_in(
    'engines/bpu/hbm_runtime.py',
    ('engines/bpu/test_hbm_runtime.py', 'engines/test_contract.py'),
    ('a file of another name is handed on', "if model.suffix != '.bin':", 'if False:'),
    ('an exception of load passes through', """\
        except Exception as error:
            raise ModelError(""", """\
        except ZeroDivisionError as error:
            raise ModelError("""),
    ('an input in two memories is taken', "kind if kind == 'NV12' else f'({kind})'", 'kind'),
    ('every input counts as NCHW', "'NCHW' if 3 in shape[1:2] else 'NHWC'", "'NCHW'"),
    ('the number of inputs is not checked', 'model, count=count, kind=', 'model, count=1, kind='),
    ('an exception of run passes through', """\
        except Exception as error:
            raise InferenceError(""", """\
        except ZeroDivisionError as error:
            raise InferenceError("""),
    ('memory that was never written counts as a result',
     'if 1 < scores.size == info.classes and np.ptp(scores) == 0:', 'if False:'),
    ('the value of a single class is refused',
     'if 1 < scores.size == info.classes', 'if scores.size == info.classes'),
    ('the quantisation is ignored', "if quants.quant_type.name != 'NONE':", 'if False:'),
    ('the scales are ignored', 'scale=quants.scale, ', ''),
    ('the zero points are ignored', 'zero=quants.zero_point,', ''),
    ('the axis of the scales is wrong', 'axis=quants.axis', 'axis=0'),
    ('open does not close the model before', """\
        self.close()
        vendor""", '        vendor'),
)

_PYEASY = faults_in(
    'engines/bpu/hobot_dnn.py',
    ('engines/bpu/test_hobot_dnn.py', 'engines/test_contract.py'),
    ('an exception of load passes through', """\
        except Exception as error:
            raise ModelError(""", """\
        except ZeroDivisionError as error:
            raise ModelError("""),
    ('a model without input or output is not refused', 'if not inputs or not outputs:',
     'if False:'),
    ('the number of inputs is not checked', 'count=len(inputs)', 'count=1'),
    ('the type of the output is not checked',
     'count=len(outputs), dtype=dtype,', "count=len(outputs), dtype='int32',"),
    ('float scores are scaled', "() if dtype == 'float32' else result.scale_data",
     'result.scale_data'),
    ('the scales are ignored', "() if dtype == 'float32' else result.scale_data", '()'),
    ('an exception of forward passes through', """\
        except Exception as error:
            raise InferenceError(""", """\
        except ZeroDivisionError as error:
            raise InferenceError("""),
    ('the priority is ignored', ', priority=self._options.priority', ''),
    ('the core is ignored', 'core_id=self._options.bpu_core, ', ''),
    ('the picture is handed over in a list', '                self.picture, core_id',
     '                [self.picture], core_id'),
    ('the cause of an error is not told', 'error.__cause__ or error', 'error'),
    ('the package of PyPI is not tried', "_PACKAGES = ('hobot_dnn', 'hobot_dnn_rdkx5')",
     "_PACKAGES = ('hobot_dnn',)"),
)

_TENSORS = faults_in(
    'engines/bpu/tensors.py',
    ('engines/bpu/test_tensors.py', 'engines/bpu/test_libdnn.py',
     'engines/bpu/test_hbm_runtime.py', 'engines/bpu/test_hobot_dnn.py'),
    ('the zero point is not subtracted', ' - self.zero) * self.scale', ') * self.scale'),
    ('the scale is not multiplied', ' - self.zero) * self.scale', ' - self.zero)'),
    ('large integers lose their last digits', '.astype(np.float64) - self.zero',
     '.astype(np.float32) - self.zero'),
    ('an output of another size is read', 'if values.size != prod(self.shape):', 'if False:'),
    ('too few scales are spread', ' or 1 < flat.size < prod(lanes)', ''),
    ('scales that are not finite are taken', 'not np.isfinite(flat).all() or ', ''),
    ('scales of the padding are not left out', 'flat[:prod(lanes)].reshape', 'flat.reshape'),
    ('more than one input is taken', 'if count == 1 and kind', 'if kind'),
    ('an input of any type is taken', "kind in ('NV12', 'NV12_SEPARATE') and ", ''),
    ('a batch is taken', 'shape[0] == 1 and channels', 'channels'),
    ('any number of channels is taken', 'channels == 3 and even', 'even'),
    ('odd sizes are taken', ' and height % 2 == 0 and width % 2 == 0', ''),
    ('width and height are swapped in NHWC', "'NHWC': (3, 1, 2)", "'NHWC': (3, 2, 1)"),
    ('an output of any type is taken', 'if dtype not in OUTPUT_DTYPES or min', 'if min'),
    ('an output without values is taken', ' or min(shape, default=0) < 1', ''),
)

FAULTS = _HBM + _PYEASY + _TENSORS
