# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the session of a node, and in the live change of its model."""

from faults.fault import faults_in

_IN_WORK = tuple(f'ros/test_interrupted.py::test_{name}' for name in (
    'late_result_is_not_published_after_reactivation',
    'replaced_image_is_not_read', 'image_in_work_keeps_its_parameters',
    'pause_does_not_wait_for_the_image_in_work',
    'pause_waits_for_the_result_that_is_being_published',
    'destroyed_node_leaves_neither_model_nor_threads'))

_LIVE_TESTS = ('ros/test_live_model.py', 'ros/test_live_model_loading.py',
               'ros/test_live_model_stream.py')

_SESSION = faults_in(
    'ros/session.py', (*_IN_WORK, 'ros/test_session.py', 'ros/test_hung_engines.py'),
    ('a result for an old subscription is published',
     'if outcome.image.subscription is not self.receiver.subscription:', 'if False:'),
    ('publishing does not wait for the end of a pause', """\
        with self._publishing:
            # Paused""", """\
        if True:
            # Paused"""),
    ('a result that waited for a hung image is published',
     'if monotonic() - outcome.ready > outcome.model.info.hang_timeout_s:', 'if False:'),
    ('the image that waited behind a hang is classified',
     'if outcome.error is not None and self.pipeline.busy_seconds > timeout:', 'if False:'),
    ('the image behind any failure is dropped', ' and self.pipeline.busy_seconds > timeout:',
     ':'),
    ('a pause leaves the waiting image', """\
        self._subscription.end()
        self.pipeline.clear()
""", '        self._subscription.end()\n'),
    ('close does not free the model', '            steps.callback(free)\n', ''),
    ('close that fails does not free the model', """\
            steps.callback(stop)
            self.listen(False)
""", """\
            self.listen(False)
            steps.callback(stop)
"""),
    ('close does not end the threads', 'idle = self.pipeline.stop(STOP_SECONDS)', 'idle = True'),
)

_IMAGES = faults_in(
    'ros/session.py', (*_IN_WORK, 'ros/test_session.py', *_LIVE_TESTS),
    ('an image in work gets new parameters',
     'Outcome(image, model, monotonic(), picture, frame, result)',
     'Outcome(image, self.model, monotonic(), picture, frame, result)'),
    ('labels of a new model are not published', """\
        with self._logged('the labels of the new model are not published'):
            self.publishers.publish_labels(model, version=self._version)
""", ''),
    ('labels of a new model keep their version',
     '        self._version = next(self._versions)\n        with', '        with'),
    ('a new model has the threads of the old one',
     '            self.pipeline.set_at_once(model.info.slots)\n', '            pass\n'),
)

_LIVE = faults_in(
    'ros/live_model.py', _LIVE_TESTS,
    ('the model is swapped under an image in work',
     'if not session.pipeline.hold(timeout):', 'if False:'),
    ('the old engine is not closed', 'for model in (before, candidate.model):',
     'for model in (candidate.model,):'),
    ('a new model that is not swapped in is not closed',
     'for model in (before, candidate.model):', 'for model in (before,):'),
    ('the engine of a refused model is not closed',
     '            self._close_later(candidate.model)\n', '            pass\n'),
    ('the engine of a model that waits in vain is not closed', """\
                if not only_labels:
                    model.close(self._node.get_logger())
""", ''),
    ('a change of labels closes the engine',
     'if model.engine is not session.model.engine:', 'if True:'),
    ('no image is classified after a swap', """\
        finally:
            session.pipeline.release()
""", '        finally:\n'),
    ('no image is classified after a refusal',
     '        candidate.session.pipeline.release()\n', ''),
    ('a second change is taken while a model loads', """\
        if loading is not None:
            raise""", """\
        if False:
            raise"""),
    ('a model of an earlier session is taken', 'candidate.session is not session or ', ''),
    ('a change of labels loads the model again', 'only_labels = (', 'only_labels = False and ('),
    ('a refusal does not say that the old model stays',
     "f'{text}; model {before.settings.model!r} stays in use'", 'text'),
)

_LOADED = faults_in(
    'ros/loaded_model.py', ('ros/test_loaded_model.py',),
    ('an engine whose labels do not fit is not closed', """\
            close_or_defer(engine)
            raise
""", '            raise\n'),
)

_SHARED_MEMORY = (
    *faults_in(
        'ros/serialised_images.py', ('ros/test_hbm_images.py',),
        ('the step of a shared-memory image is trusted',
         'step=step_of(encoding, width=width, height=height, size=size))', 'step=width)'),
        ('all data of a shared-memory image is taken',
         "data = fields.bytes_of(size, 'data (data_size)')",
         'data = np.frombuffer(message, np.uint8)[44:]'),
        ('an encoding without a NUL is taken', "if b'\\0' not in text:", 'if False:')),
    *faults_in(
        'ros/topic_type.py', ('ros/test_topic_type.py',),
        ('a killed publisher keeps its type', ' and not silent', ''),
        ('another type is not followed', 'if not found or (current in found',
         'if not found or (current')),
)

FAULTS = _SESSION + _IMAGES + _LIVE + _LOADED + _SHARED_MEMORY
