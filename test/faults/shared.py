# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the recovery, the keeping and the sharing of engines."""

from faults.fault import faults_in

_RECOVERING = faults_in(
    'engines/recovering.py',
    ('engines/test_recovering.py', 'engines/test_deferred_close.py',
     'engines/test_reopening.py'),
    ('a failure is not counted', '            self._backoff.fail()\n', ''),
    ('a success does not end a row of failures', """\
            self._backoff.succeed()
            self._dead = False""", '            self._dead = False'),
    ('the rest is not kept', '        if rest:\n', '        if False:\n'),
    ('an engine is reopened more than once',
     'return self._engine is not None and self._reopened_at is None and (',
     'return self._engine is not None and ('),
    ('an engine is reopened one failure later', '>= REOPEN_AFTER)', '> REOPEN_AFTER)'),
    ('a dead engine is not reopened immediately',
     'self._dead or self._backoff.failures', 'self._backoff.failures'),
    ('an engine is reopened for every failure', 'False, self._dead or dead', 'False, True'),
    ('a reopened engine still counts as dead', """\
            self._dead = False
            if self._reopened_at""", '            if self._reopened_at'),
    ('an engine that works again is never reopened again', """\
                self._reopened_at = None
            self._healthy""", """\
                pass
            self._healthy"""),
    ('a late result is taken', 'if took > timeout:', 'if False:'),
    ('a thread that enters is not counted', '            self._inside += 1\n', ''),
    ('a thread that leaves is not counted', '            self._inside -= 1\n', ''),
    ('the last thread does not close the engine', '        if is_last:\n', '        if False:\n'),
    ('a thread that leaves wakes no waiter', """\
            if self._waiting:
                self._changed.notify_all()
            is_last""", '            is_last'),
    ('close of an engine that hangs is not deferred', '                defer_close(self)\n',
     ''),
    ('close does not wait for lent slots',
     'self._changed.wait_for(lambda: not self._inside, CLOSE_WAIT_S)', 'not self._inside'),
    ('close does not free the engine', """\
        if engine is not None:
            close_or_defer(engine)

    def _enter""", """\
    def _enter"""),
    ('the engine that failed stays open beside the new one', """\
            defer_close(engine)
        engine = self""", """\
            pass
        engine = self"""),
    ('a request to retry ends no delay', '                self._backoff.succeed()\n', ''),
    ('a request to retry reopens nothing',
     '                self._dead, self._reopened_at = True, None\n', ''),
    ('a request to retry reopens an engine that works', 'if self._backoff.failures:', 'if True:'),
    ('reopening does not wait for lent slots',
     'self._inside and (self._opening or self._is_due())', 'self._inside and self._opening'),
    ('two threads open at once', 'self._inside and (self._opening or self._is_due())',
     'self._inside and self._is_due()'),
    ('a closed engine is reopened', """\
        if self._closed:
            raise InferenceError('no model""", """\
        if False:
            raise InferenceError('no model"""),
    ('a failed loan leaves its thread counted', """\
            failure = watched._failure(error)
            watched._leave()
""", '            failure = watched._failure(error)\n'),
    ('a failed loan does not count as a failure', """\
            failure = watched._failure(error)
            watched._leave()
            raise failure from error
        except""", """\
            watched._leave()
            raise
        except"""),
    ('results do not mark the engine as healthy', '        if not watched._healthy:\n',
     '        if False:\n'),
    ('an exception of any kind passes through', """\
        except (Exception, SystemExit) as error:
            raise watched._failure(error) from error""", """\
        except InferenceError as error:
            raise watched._failure(error) from error"""),
)

_REOPENING = faults_in(
    'engines/reopening.py', ('engines/test_reopening.py', 'engines/test_recovering.py'),
    ('another model in the file is taken', 'if info != expected:', 'if False:'),
    ('another model in the file stays open', """\
            with suppress(InferenceError):
                close_or_defer(engine)
""", ''),
    ('another model in the file is loaded at each attempt',
     '            self._refused = version, text\n', ''),
    ('a file that has changed once more is not loaded',
     'if self._refused is not None and self._refused[0] == version:',
     'if self._refused is not None:'),
    ('a file of another size is the same', 'state.st_size, ', ''),
    ('a file that was written is the same', ', state.st_mtime_ns', ''),
    ('another file of the same size and time is the same', 'state.st_ino, ', ''),
)

_DEFERRED = faults_in(
    'engines/deferred_close.py',
    ('engines/test_deferred_close.py', 'engines/test_recovering.py',
     'engines/test_shared_model.py'),
    ('an engine that does not close is not deferred', """\
    defer_close(engine)
    with _exclusive():""", '    with _exclusive():'),
    ('deferred engines are not closed before a load', '    if not _list_deferred():\n',
     '    if True:\n'),
    ('an engine that does not close keeps the others open',
     '                problem = problem or error\n', '                raise\n'),
    ('a model is loaded although an engine does not close', '    if problem is not None:\n',
     '    if False:\n'),
    ('an exception of close passes through',
     'except (Exception, SystemExit) as error:  # Every further',
     'except ZeroDivisionError as error:  # Every further'),
    ('a closed engine stays deferred',
     '_deferred[:] = [listed for listed in _deferred if listed is not engine]', 'pass'),
    ('an engine is deferred twice', 'if not any(listed is engine for listed in _deferred):',
     'if True:'),
    ('a close that hangs blocks every load', '_closing.acquire(timeout=CLOSE_LIMIT_S)',
     '_closing.acquire()'),
    ('a load does not wait for a close', """\
    with _exclusive():
        for""", """\
    if True:
        for"""),
    ('an engine cannot close another in its close', '_closing = RLock()', '_closing = Lock()'),
)

_SHARED = faults_in(
    'engines/shared_model.py',
    ('engines/test_shared_loading.py', 'engines/test_shared_model.py',
     'engines/test_shared_failures.py'),
    ('a model is loaded again for each user', 'opened = self._open.get(key)', 'opened = None'),
    ('a file that has changed is the same model', ', file_version(model)', ', None'),
    ('an engine that fails is shared as it is', """\
                opened[0].retry()  # not under ``_lock``, because it takes the engine's lock
""", ''),
    ('a user that joins holds the lock for the engine', """\
                shared = self._share(key) if opened else None
            if""", """\
                shared = self._share(key) if opened else None
                if opened:
                    opened[0].retry()
            if"""),
    ('two simultaneous users load it twice', 'with self._loading:', 'if True:'),
    ('users with other options share a model', 'runtime, options or EngineOptions()',
     'runtime, EngineOptions()'),
    ('users of another engine share a model', 'key = model.resolve(), runtime, options',
     "key = model.resolve(), 'auto', options"),
    ('one close closes the model for all users', """\
            if users:
                return
""", ''),
    ('a second close counts again', 'if share not in users:\n                return',
     'if share not in users:\n                users.pop()'),
    ('a closed model stays listed', '            del self._open[key]\n', ''),
    ('a model is loaded beside one that is being closed',
     '            defer_close(instance)', '            pass'),
    ('users do not wait for their turn', 'lambda: ticket < self._served + self._at_once',
     'lambda: True'),
    ('turns are not in the order of the requests',
     'lambda: ticket < self._served + self._at_once',
     'lambda: self._next - self._served == self._at_once or ticket + self._at_once == self._next'),
    ('one turn at a time, whatever the number of slots', 'ticket < self._served + self._at_once',
     'ticket < self._served + 1'),
    ('an error keeps the turn', """\
        try:
            yield
        finally:
            with self._changed:
                self._served += 1
                self._changed.notify_all()""", """\
        yield
        with self._changed:
            self._served += 1
            self._changed.notify_all()"""),
    ('the end of a turn wakes no waiter', """\
                self._served += 1
                self._changed.notify_all()""", '                self._served += 1'),
    ('the picture is not copied into the engine',
     '                np.copyto(slot.picture, picture)\n', ''),
    ('two slots of a share have the same memory', 'return self._pictures.pop()',
     'return self._pictures[-1]'),
    ('a closed share lends memory', """\
        if self._instance is None:
            raise _closed()
        try""", '        try'),
    ('a share closed during its turn runs', 'if instance is None:', 'if False:'),
)

FAULTS = _RECOVERING + _REOPENING + _DEFERRED + _SHARED
