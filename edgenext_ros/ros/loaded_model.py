# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A model that is open in an engine, with its labels and parameters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from edgenext_ros.choices import SIMULATOR_TAKES, SIMULATOR_TITLE
from edgenext_ros.core.classifier import Classifier
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.engines.base import Engine, EngineOptions, InferenceError, ModelInfo
from edgenext_ros.engines.deferred_close import close_or_defer
from edgenext_ros.engines.recovering import open_recovering
from edgenext_ros.engines.select import describe_choice, suffixes, survey
from edgenext_ros.models import store
from edgenext_ros.ros.settings import ClassifierSettings

Opener = Callable[..., tuple[Engine, ModelInfo]]


@dataclass(frozen=True)
class LoadedModel:
    """An open model with labels and parameters; immutable, so that each image sees one state."""

    located: store.Located
    info: ModelInfo
    labels: LabelSet
    labels_source: str
    """Path of the label file; empty if the classes have no names."""
    settings: ClassifierSettings
    """The parameters that ``classifier`` uses."""
    classifier: Classifier
    engine: Engine
    found: str
    """Name and version of the engine that ``auto`` chose; empty if ``runtime`` names one."""

    @classmethod
    def open(cls, settings: ClassifierSettings, *,
             opener: Opener = open_recovering) -> LoadedModel:
        """
        Find, load and warm up the model, and check its labels.

        :param settings: the node's parameters.
        :param opener: ``open_recovering``, or ``SharedModels.open``.
        :raises ModelNotFoundError: its file is not on this machine.
        :raises ModelError: the file is damaged, or not a classifier on NV12.
        :raises EngineUnavailableError: no engine for it works on this machine.
        :raises LabelError: the label list is missing, damaged, or of another length.
        """
        found = survey() if settings.runtime == 'auto' else ()
        located = store.locate(settings.model, suffixes=suffixes(settings.runtime, found))
        engine, info = opener(
            located.path, runtime=settings.runtime,
            options=EngineOptions(bpu_core=settings.bpu_core, priority=settings.priority))
        try:
            labels, source = store.labels_of(
                located, classes=info.classes, chosen=settings.labels)
            return cls(located, info, labels, source, settings,
                       _classifier(engine, info, settings), engine,
                       describe_choice(located.path, found) or info.engine if found else '')
        except BaseException:
            with suppress(InferenceError):  # report the first error instead
                close_or_defer(engine)
            raise

    def with_settings(self, settings: ClassifierSettings) -> LoadedModel:
        """Return the same open model with other parameters."""
        return replace(self, settings=settings,
                       classifier=_classifier(self.engine, self.info, settings))

    def with_labels(self, settings: ClassifierSettings) -> LoadedModel:
        """
        Return the same open model with the labels that ``settings`` name.

        :raises LabelError: the label list is missing, damaged, or of another length.
        """
        labels, source = store.labels_of(
            self.located, classes=self.info.classes, chosen=settings.labels)
        return replace(self.with_settings(settings), labels=labels, labels_source=source)

    def log_to(self, logger: Any) -> None:
        """
        Log the model and its engine, and warn if its classes have no names.

        :param logger: a node's logger.
        """
        info = self.info
        if self.found:
            logger.info(f'runtime auto: {self.found}; "edgenext runtimes" shows why others do not '
                        f'work')
        logger.info(f'model {info.name} ({self.located.path}), {info.classes} classes, '
                    f'{info.width}x{info.height}, on {info.engine}')
        if info.engine.startswith(SIMULATOR_TITLE):
            logger.info('the simulator computes what the BPU would, bit for bit, and takes '
                        f'{SIMULATOR_TAKES}: use it for checks, and an .onnx file for speed')
        if not self.labels_source:
            logger.warning(store.no_labels(self.located.path))

    def close(self, logger: Any, *, idle: bool = True) -> None:
        """
        Free the model; if its engine is still busy, log that the memory is not freed.

        :param logger: a node's logger.
        :param idle: whether all threads of the session have ended.
        """
        try:
            close_or_defer(self.engine)
        except InferenceError as error:
            logger.error(f'the engine was not closed, its memory stays taken and no model is '
                         f'loaded until its inference has ended: {error}')
        else:
            if not idle:
                logger.warning('a frame is still in work; its result will be dropped')


def _classifier(engine: Engine, info: ModelInfo, settings: ClassifierSettings) -> Classifier:
    return Classifier(
        slot=engine.slot, probabilities=info.probabilities,
        converter=Nv12Converter(width=info.width, height=info.height, fit=settings.fit,
                                yuv_range=settings.yuv_range))
