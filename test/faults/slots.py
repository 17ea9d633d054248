# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the slot pool, in the checks of scores, and in the choice of an engine."""

from faults.fault import faults_in

_POOL = faults_in(
    'engines/slot_pool.py',
    ('engines/test_slot_pool.py', 'engines/test_contract.py',
     'engines/bpu/test_libdnn_slot.py'),
    ('scores are not checked', 'return check_scores(self._slot.run(), info)',
     'return self._slot.run()'),
    ('a returned slot wakes no waiter', '            self._returned.notify()\n', ''),
    ('close wakes no waiter', '            self._returned.notify_all()\n', ''),
    ('slots are lent after close', """\
            self._closed = True
            self._returned""", '            self._returned'),
    ('slots are lent without a model', """\
            if self._closed:
                raise""", """\
            if False:
                raise"""),
    ('close does not check for lent slots', 'if len(self._free) < len(self._slots):',
     'if False:'),
    ('a slot is returned twice', 'self._free.append(slot)', 'self._free.extend((slot, slot))'),
    ('a slot is not returned after an exception', 'if slot is not None:',
     'if slot is not None and error[0] is None:'),
    ('a slot is not returned', '            self._pool.give_back(slot)\n', '            pass\n'),
    ('a slot runs after its block', 'slot, self._slot = self._slot, None', 'slot = self._slot'),
    ('a slot is lent to two threads', 'return self._free.pop()  #', 'return self._free[-1]  #'),
    ('close frees the model while a slot is lent', """\
        self._pool.close()
        self._pool = SlotPool()""", '        self._pool = SlotPool()'),
    ('the preferred slot is not lent first', 'if self._first is not None:', 'if False:'),
    ('the preferred slot is lent to two threads',
     '                    self._free.remove(slot)\n', ''),
)

_BASE = faults_in(
    'engines/base.py', ('engines/test_contract.py', 'engines/test_recovering.py'),
    ('another number of scores than classes is taken', 'if scores.size != info.classes:',
     'if False:'),
    ('scores that are not finite are taken', 'if not isfinite(scores.dot(scores)) and',
     'if False and'),
    ('large scores count as not finite',
     'and not (finite := np.isfinite(scores)).all():',
     'and (finite := np.isfinite(scores)) is not None:'),
    ('scores stay in their shape', 'scores = np.asarray(scores).reshape(-1)',
     'scores = np.asarray(scores)'),
    ('a picture of another type is taken', 'nv12.dtype != np.uint8 or ', ''),
    ('a picture of another size is taken', 'nv12.size != picture.size or ', ''),
    ('a picture of another layout is taken', ' or not nv12.flags.c_contiguous:', ':'),
    ('the picture is not copied', '        np.copyto(slot.picture, nv12.reshape(-1))\n', ''),
)

_SELECT = faults_in(
    'engines/select.py', ('engines/test_select.py', 'engines/test_deferred_close.py'),
    ('an engine whose first pictures fail is not closed', """\
        with suppress(InferenceError):  # the first error says more
            close_or_defer(instance)
""", ''),
    ('the error of close hides that of the first pictures',
     'with suppress(InferenceError):  # the first error says more', 'if True:'),
    ('a model is loaded beside a deferred engine', """\
    close_deferred()
    if not model""", '    if not model'),
    ('the hang timeout is not doubled', '2 * (monotonic() - begin)',
     '(monotonic() - begin)'),
    ('the file is not checked before an engine opens it', """\
    if model.suffix.lower() == '.bin':
""", '    if False:\n'),
    ('the model does not run before the first frame',
     'for picture in (ramp, ramp[::-1].copy())]', 'for picture in ()]'),
    ('one picture is enough to detect probabilities',
     'all(map(are_probabilities, outputs))', 'any(map(are_probabilities, outputs))'),
    ('an engine that does not read the file is taken', 'if runtime not in candidates:',
     'if False:'),
)

FAULTS = _POOL + _BASE + _SELECT
