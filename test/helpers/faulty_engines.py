# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Engines with one deliberate fault each, to test the self-test, which imports none of this.

The inference itself is ONNX Runtime's, or for ``demo.bin`` a look-up of the stored outputs. The
faults are therefore imitated at the input and output of an engine: they show what the self-test
says of such answers, not that a board with such a fault gives them.
"""

from functools import cached_property
from types import MappingProxyType

from edgenext_ros.engines.base import EngineOptions, infer, ModelInfo
from edgenext_ros.engines.onnx import Onnx
from edgenext_ros.engines.slot_pool import LentSlot, PooledEngine, SlotPool
from edgenext_ros.selftest import reference, under_test
import numpy as np

LUMA = 224 * 224


class Healthy:
    """What a fault changes: nothing. A fault overrides some of these."""

    slots = 1

    def __init__(self, steps):
        self.steps = steps
        self.random = np.random.default_rng(1)
        self.runs = 0

    def see(self, nv12, memory):
        """Return what the network reads; ``memory`` is what it read before, in this slot."""
        return nv12

    def tell(self, scores, slot):
        """Return what the engine answers for the scores of a slot."""
        return scores


class HalfScale(Healthy):

    def tell(self, scores, slot):
        return scores * 0.5


class NoScale(Healthy):

    def tell(self, scores, slot):
        return np.rint(scores / self.steps)


class ScaleOfFirstClass(Healthy):

    def tell(self, scores, slot):
        return scores / self.steps * self.steps[0]


class StalePicture(Healthy):
    """The cache is not cleaned: most of its lines of 64 bytes got to the memory by themselves."""

    def see(self, nv12, memory):
        lines = memory.reshape(-1, 64).copy()
        written = self.random.random(len(lines)) < 0.6
        lines[written] = nv12.reshape(-1, 64)[written]
        return lines.reshape(-1)


class StaleUntilAgain(StalePicture):
    """As before, but all lines are written by the time of the next picture."""

    def __init__(self, steps):
        super().__init__(steps)
        self.waiting = None

    def see(self, nv12, memory):
        seen = super().see(nv12, memory if self.waiting is None else self.waiting)
        self.waiting = nv12.copy()
        return seen


class StaleNowAndThen(Healthy):

    def see(self, nv12, memory):
        self.runs += 1
        return nv12 if self.runs % 7 else memory


class PictureBefore(Healthy):

    last = None

    def tell(self, scores, slot):
        before, self.last = self.last, scores
        return scores if before is None else before


class PaddedOutput(Healthy):
    """Each value has 16 bytes, of which the last 12 are what was there before."""

    def tell(self, scores, slot):
        values = np.rint(scores / self.steps)
        memory = self.random.integers(-10 ** 5, 10 ** 5, (len(values), 4)).astype(np.float32)
        memory[:, 0] = values
        return memory.reshape(-1)[:len(values)] * self.steps


class OutputOffset(Healthy):

    def tell(self, scores, slot):
        return np.concatenate([np.zeros(8, np.float32), scores[:-8]])


class SwappedChroma(Healthy):

    def see(self, nv12, memory):
        chroma = nv12[LUMA:].reshape(-1, 2)[:, ::-1].reshape(-1)
        return np.concatenate([nv12[:LUMA], chroma])


class LimitedRange(Healthy):
    """Only with ONNX Runtime: another matrix, without rounding or clipping."""

    y, c = 255 / 219, 255 / 224

    def change(self, slot):
        normalise = slot._normalise
        offset = normalise._matrix @ np.float32([-16 * self.y, 128 - 128 * self.c,
                                                 128 - 128 * self.c])
        normalise._offset = normalise._offset + offset[:, None]
        normalise._matrix = normalise._matrix * np.float32([self.y, self.c, self.c])


class LimitedTables(Healthy):

    def see(self, nv12, memory):
        return reference.expand_range(nv12)


class NanNowAndThen(Healthy):

    def tell(self, scores, slot):
        self.runs += 1
        if self.runs % 37:
            return scores
        return np.where(np.arange(len(scores)) == 5, np.nan, scores).astype(np.float32)


class MixedThreads(Healthy):
    """The slot that is used only when the other one is busy reads the other one's output."""

    slots = 2
    of_second = None

    def tell(self, scores, slot):
        if slot:
            self.of_second = scores
        return scores if self.of_second is None else self.of_second


class Noise(Healthy):

    def tell(self, scores, slot):
        return scores + self.random.normal(0, 0.05, len(scores)).astype(np.float32)


class Other(Healthy):
    """A deviation that is the same each time, such as that of another compiler."""

    def tell(self, scores, slot):
        return scores + np.sin(50 * scores).astype(np.float32) / 10


class Nothing(Healthy):

    def tell(self, scores, slot):
        return np.zeros_like(scores)


class FirstForEver(Healthy):
    first = None

    def tell(self, scores, slot):
        self.first = scores if self.first is None else self.first
        return self.first


class WorksOnlyOnce(Healthy):
    """It is broken after a picture was refused in the block of a slot."""

    broken = False

    def refused(self):
        self.broken = True

    def tell(self, scores, slot):
        return scores * 0 if self.broken else scores


class Failing(Healthy):

    def tell(self, scores, slot):
        raise OSError('the vendor says 0x1234')


FAULTS = MappingProxyType({kind.__name__: kind for kind in (
    HalfScale, NoScale, ScaleOfFirstClass, StaleUntilAgain, StaleNowAndThen, PictureBefore,
    PaddedOutput, OutputOffset, SwappedChroma, LimitedRange, LimitedTables, NanNowAndThen,
    MixedThreads, Noise, Other, Nothing, FirstForEver, WorksOnlyOnce, Failing)})


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
            for nv12, scores in zip(stored.pictures, stored.seen_otherwise[name], strict=True):
                found.setdefault(misread(nv12).tobytes(), scores)
        return found

    def __call__(self, nv12):
        return self._outputs.get(nv12.tobytes(), np.zeros(100, np.float32)).copy()


def install(name):
    """Let every engine of this process have a fault in place of its own code, for the report."""
    under_test.open_model = opener(FAULTS[name])


def opener(fault):
    """Return a function to use in place of ``open_model``, which opens the model with a fault."""
    def open_model(model, **_):
        engine = FaultyEngine(fault)
        return engine, engine.open(model, EngineOptions())

    return open_model
