# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the pipeline, and in the classifier that runs in its threads."""

from faults.fault import faults_in

_NEWEST = faults_in(
    'core/newest_frame.py', ('core/test_newest_frame.py', 'core/test_newest_frame_failures.py'),
    ('outcomes come in the order in which the work ends', """\
            while self._finished != number:
                self._turn.wait()
""", '            pass\n'),
    ('the oldest waiting item wins', '            self._waiting = [item]\n',
     '            self._waiting = self._waiting or [item]\n'),
    ('waiting items form a queue', '            self._waiting = [item]\n',
     '            self._waiting = [item, *self._waiting]\n'),
    ('replaced items are not counted', """\
            self._dropped += len(self._waiting)
            self._waiting = [item]""", '            self._waiting = [item]'),
    ('cleared items are not counted', """\
            self._dropped += len(self._waiting)
            self._waiting = []""", '            self._waiting = []'),
    ('clear does not forget the item', """\
            self._dropped += len(self._waiting)
            self._waiting = []""", '            self._dropped += len(self._waiting)'),
    ('hold does not wait for the work in progress',
     'if self._wait_until_idle(lambda: not self._begun, timeout):', 'if True:'),
    ('a held pipeline begins work', 'not self._held and ', ''),
    ('a hold that fails still holds', """\
        self.release()
        return False
""", '        return False\n'),
    ('release does not resume work', '            self._held = False\n', '            pass\n'),
    ('drain does not wait for the work in progress',
     'lambda: not self._waiting and not self._begun', 'lambda: not self._waiting'),
    ('an exception in finish leaves its work in progress', """\
        finally:
            with self._lock:
                self._finished += 1""", """\
        else:
            with self._lock:
                self._finished += 1"""),
    ('an exception in work ends the thread', 'except BaseException:  # SystemExit too',
     'except ZeroDivisionError:  # SystemExit too'),
    ('an exit in work ends the thread', 'except BaseException:  # SystemExit too',
     'except Exception:  # SystemExit too'),
    ('an outcome follows work that failed', '            if worked:\n', '            if True:\n'),
    ('busy seconds are those of the newest work', 'min(self._begun.values())',
     'max(self._begun.values())'),
    ('the end of work does not pass the turn', """\
                if self._begun:
                    self._turn.notify_all()
                elif""", '                if'),
    ('the end of work does not wake its waiters',
     '                    self._idle.notify_all()\n', '                    pass\n'),
    ('a second thread receives during work', '                        self._exclusive.add(me)\n',
     '                        pass\n'),
    ('no thread receives after a handover',
     """\
                self._exclusive.discard(get_ident())
                self._job.notify()
""", '                pass\n'),
    ('no thread receives during slow work', '>= SLOW_S for thread', '>= 1e9 for thread'),
    ('stop does not wake the source', '            source.wake()\n', '            pass\n'),
    ('stop claims that all threads have ended',
     'return not any(thread.is_alive() for thread in threads)', 'return True'),
    ('no other thread receives when one has taken an item',
     '            self._leader = None\n', '            pass\n'),
    ('more threads are not added later', 'missing = at_once + (self._source is not None)',
     'missing = (1 if self._threads else at_once) + (self._source is not None)'),
    ('the limiter bursts after a pause',
     'self._due + period if now - self._due < period else now + period',
     'self._due + period if now > self._due > 0 else now + period'),
    ('the limiter loses its rhythm',
     'self._due + period if now - self._due < period else now + period', 'now + period'),
    ('a rate of 0 lets nothing through', 'if self.rate <= 0:\n            return True',
     'if self.rate <= 0:\n            return False'),
)

_CLASSIFIER = faults_in(
    'core/classifier.py', ('core/test_classifier.py',),
    ('two threads convert at once', 'with self._converting:', 'if True:'),
    ('the picture is not written into the slot', 'convert(frame, out=slot.picture)',
     'convert(frame)'),
)

FAULTS = _NEWEST + _CLASSIFIER
