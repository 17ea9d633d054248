# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Faults of an engine, each imitated at its input and output; ``faulty_engines`` applies them.

They show what the self-test says of such answers, not that a board with such a fault gives them.
"""

from types import MappingProxyType

from edgenext_ros.selftest import reference
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
    """Each answer is half of the right one."""

    def tell(self, scores, slot):
        return scores * 0.5


class NoScale(Healthy):
    """The output scales are not applied."""

    def tell(self, scores, slot):
        return np.rint(scores / self.steps)


class ScaleOfFirstClass(Healthy):
    """The output scale of the first class is applied to all."""

    def tell(self, scores, slot):
        return scores / self.steps * self.steps[0]


class StalePicture(Healthy):
    """
    The cache of the input is not flushed.

    Most of its lines of 64 bytes get to the memory by themselves.
    """

    def see(self, nv12, memory):
        lines = memory.reshape(-1, 64).copy()
        written = self.random.random(len(lines)) < 0.6
        lines[written] = nv12.reshape(-1, 64)[written]
        return lines.reshape(-1)


class StaleUntilAgain(StalePicture):
    """
    The cache of the input is flushed too late.

    Most of its lines get to the memory by themselves, and all by the time of the next picture.
    """

    def __init__(self, steps):
        super().__init__(steps)
        self.waiting = None

    def see(self, nv12, memory):
        seen = super().see(nv12, memory if self.waiting is None else self.waiting)
        self.waiting = nv12.copy()
        return seen


class StaleNowAndThen(Healthy):
    """The picture before is run in place of each seventh."""

    def see(self, nv12, memory):
        self.runs += 1
        return nv12 if self.runs % 7 else memory


class PictureBefore(Healthy):
    """Each answer is that for the picture before."""

    last = None

    def tell(self, scores, slot):
        before, self.last = self.last, scores
        return scores if before is None else before


class PaddedOutput(Healthy):
    """
    The padding of the output is read as values.

    Each value has 16 bytes, of which the last 12 are what was there before.
    """

    def tell(self, scores, slot):
        values = np.rint(scores / self.steps)
        memory = self.random.integers(-10 ** 5, 10 ** 5, (len(values), 4)).astype(np.float32)
        memory[:, 0] = values
        return memory.reshape(-1)[:len(values)] * self.steps


class OutputOffset(Healthy):
    """The output is read eight values too early."""

    def tell(self, scores, slot):
        return np.concatenate([np.zeros(8, np.float32), scores[:-8]])


class SwappedChroma(Healthy):
    """U and V are swapped."""

    def see(self, nv12, memory):
        chroma = nv12[LUMA:].reshape(-1, 2)[:, ::-1].reshape(-1)
        return np.concatenate([nv12[:LUMA], chroma])


class LimitedRange(Healthy):
    """
    The picture is read as limited range, without rounding.

    Only with ONNX Runtime: another matrix, without clipping.
    """

    y, c = 255 / 219, 255 / 224

    def change(self, slot):
        normalise = slot._normalise
        offset = normalise._matrix @ np.float32([-16 * self.y, 128 - 128 * self.c,
                                                 128 - 128 * self.c])
        normalise._offset = normalise._offset + offset[:, None]
        normalise._matrix = normalise._matrix * np.float32([self.y, self.c, self.c])


class LimitedTables(Healthy):
    """The picture is read as limited range, by the byte."""

    def see(self, nv12, memory):
        return reference.expand_range(nv12)


class NanNowAndThen(Healthy):
    """One answer in 37 has a value that is not finite."""

    def tell(self, scores, slot):
        self.runs += 1
        if self.runs % 37:
            return scores
        return np.where(np.arange(len(scores)) == 5, np.nan, scores).astype(np.float32)


class MixedThreads(Healthy):
    """
    Two threads get the same output.

    The slot that is used only when the other one is busy reads the other one's output.
    """

    slots = 2
    of_second = None

    def tell(self, scores, slot):
        if slot:
            self.of_second = scores
        return scores if self.of_second is None else self.of_second


class Noise(Healthy):
    """Each answer has noise."""

    def tell(self, scores, slot):
        return scores + self.random.normal(0, 0.05, len(scores)).astype(np.float32)


class Other(Healthy):
    """
    Each answer deviates a little, always in the same way.

    Another compiler might do that.
    """

    def tell(self, scores, slot):
        return scores + np.sin(50 * scores).astype(np.float32) / 10


class Nothing(Healthy):
    """All answers are 0."""

    def tell(self, scores, slot):
        return np.zeros_like(scores)


class FirstForEver(Healthy):
    """Each answer is that for the first picture."""

    first = None

    def tell(self, scores, slot):
        self.first = scores if self.first is None else self.first
        return self.first


class WorksOnlyOnce(Healthy):
    """
    All answers are 0 after a picture of a wrong size.

    The engine is broken after a picture was refused in the block of a slot.
    """

    broken = False

    def refused(self):
        self.broken = True

    def tell(self, scores, slot):
        return scores * 0 if self.broken else scores


class Failing(Healthy):
    """Each inference raises an error."""

    def tell(self, scores, slot):
        raise OSError('the vendor says 0x1234')


FAULTS = MappingProxyType({kind.__name__: kind for kind in (
    HalfScale, NoScale, ScaleOfFirstClass, StaleUntilAgain, StaleNowAndThen, PictureBefore,
    PaddedOutput, OutputOffset, SwappedChroma, LimitedRange, LimitedTables, NanNowAndThen,
    MixedThreads, Noise, Other, Nothing, FirstForEver, WorksOnlyOnce, Failing)})
