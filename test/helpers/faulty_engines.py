# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Engines with one deliberate fault each, to test the self-test, which imports none of this.

The inference itself is ONNX Runtime's, or for ``demo.bin`` a look-up of the stored outputs.
"""

from functools import cached_property

from edgenext_ros.engines.base import EngineOptions, infer, ModelInfo
from edgenext_ros.engines.onnx import Onnx
from edgenext_ros.engines.slot_pool import LentSlot, PooledEngine, SlotPool
from edgenext_ros.selftest import reference
from helpers.engine_faults import LUMA
import numpy as np


class FaultySlot:
    """A slot of a ``FaultyEngine``."""

    def __init__(self, number, fault, run):
        self.picture = np.zeros(LUMA * 3 // 2, np.uint8)
        self._number, self._fault, self._run = number, fault, run
        self._memory = self.picture.copy()

    def run(self):
        self._memory = self._fault.see(self.picture.copy(), self._memory)
        return self._fault.tell(self._run(self._memory), self._number)


class NoticingPool(SlotPool):
    """Tell the fault of errors in the block of a slot."""

    fault = None

    def slot(self):
        return NoticingSlot(self)


class NoticingSlot(LentSlot):

    def __exit__(self, kind=None, *error):
        if kind is not None and hasattr(self._pool.fault, 'refused'):
            self._pool.fault.refused()
        super().__exit__(kind, *error)


class FaultyEngine(PooledEngine):
    """
    The bundled model with a fault.

    :param fault: a class of this module.
    """

    def __init__(self, fault):
        super().__init__()
        self._fault = fault

    def open(self, model, options):
        self.close()
        stored = reference.load(model)
        fault = self._fault(stored.steps)
        runs = [Lookup(stored) if model.suffix == '.bin' else Inference(model, fault)
                for _ in range(fault.slots)]
        info = ModelInfo('demo', f'with the fault {self._fault.__name__}', width=224, height=224,
                         classes=100, slots=fault.slots)
        self._pool = NoticingPool(info, [
            FaultySlot(number, fault, run) for number, run in enumerate(runs)])
        self._pool.fault = fault
        return info


class Inference:
    """Run ``demo.onnx``."""

    def __init__(self, model, fault):
        self._engine = Onnx()
        self._engine.open(model, EngineOptions())
        if hasattr(fault, 'change'):
            with self._engine.slot() as lent:
                fault.change(lent._slot)

    def __call__(self, nv12):
        return infer(self._engine, nv12)


class Lookup:
    """Look the stored output of a stored picture up, also as misread; 0 for other pictures."""

    def __init__(self, stored):
        self._stored = stored

    @cached_property
    def _outputs(self):
        stored = self._stored
        found = {nv12.tobytes(): scores for nv12, scores in zip(
            stored.pictures, stored.outputs, strict=True)}
        for name, misread in reference.MISREADINGS.items():
            for nv12, scores in zip(stored.pictures, stored.misread_outputs[name], strict=True):
                found.setdefault(misread(nv12).tobytes(), scores)
        return found

    def __call__(self, nv12):
        return self._outputs.get(nv12.tobytes(), np.zeros(100, np.float32)).copy()


def opener(fault):
    """Return a function to use in place of ``open_model``, which opens the model with a fault."""
    def open_model(model, **_):
        engine = FaultyEngine(fault)
        return engine, engine.open(model, EngineOptions())

    return open_model
