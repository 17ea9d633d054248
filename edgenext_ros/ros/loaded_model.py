# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a configured node holds: the model, its labels, and the classifier around it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgenext_ros.core.classifier import Classifier
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.engines.base import Engine, EngineOptions, InferenceError, ModelInfo
from edgenext_ros.engines.kept import close_or_keep
from edgenext_ros.engines.recovering import open_recovering
from edgenext_ros.engines.select import suffixes, survey, taken
from edgenext_ros.models import store
from edgenext_ros.ros.settings import ClassifierSettings

Opener = Callable[..., tuple[Engine, ModelInfo]]
"""Opens a model whose engine may be closed while a thread is inside, as ``Recovering`` may."""


@dataclass(frozen=True)
class LoadedModel:
    """An open model with all that belongs to it."""

    path: Path
    info: ModelInfo
    labels: LabelSet
    labels_source: str
    """Path of the label file; empty when the classes are only numbered."""
    settings: ClassifierSettings
    """The parameters that ``classifier`` was made by."""
    classifier: Classifier
    runtime: Engine
    found: str
    """What ``auto`` took on this machine, in words; empty when an engine was named."""

    @classmethod
    def open(cls, settings: ClassifierSettings, *,
             opener: Opener = open_recovering) -> LoadedModel:
        """
        Find, load and warm up the model, and check its labels.

        :param opener: ``open_recovering``, or the same of ``SharedModels``.
        :raises ModelNotFoundError: its file is not here.
        :raises ModelError: damaged, or not a classifier on NV12.
        :raises EngineUnavailableError: no engine for it works here.
        :raises LabelError: the label list is missing, damaged, or of another length.
        """
        found = survey() if settings.runtime == 'auto' else ()
        located = store.locate(settings.model, suffixes=suffixes(settings.runtime, found))
        runtime, info = opener(
            located.path, runtime=settings.runtime,
            options=EngineOptions(bpu_core=settings.bpu_core, priority=settings.priority))
        try:
            labels_path = store.user_path(settings.labels) if settings.labels else located.labels
            if labels_path is None:
                labels, source = LabelSet.numbered(info.classes), ''
            else:
                source = str(labels_path)
                labels = store.read_labels(labels_path).check_count(info.classes, source=source)
        except Exception:
            with suppress(InferenceError):  # the first error says more
                close_or_keep(runtime)
            raise
        return cls(located.path, info, labels, source, settings,
                   _classifier(runtime, info, settings), runtime,
                   taken(located.path, found) or info.engine if found else '')

    def changed(self, settings: ClassifierSettings) -> LoadedModel:
        """Return the same model with other parameters, for the images that come from now on."""
        return replace(self, settings=settings,
                       classifier=_classifier(self.runtime, self.info, settings))

    def tell(self, log: Any) -> None:
        """
        Say in a log which model runs on what, and when its classes have no names.

        :param log: a node's logger.
        """
        info = self.info
        if self.found:
            log.info(f'runtime auto: {self.found}; "edgenext runtimes" says why not the others')
        log.info(f'model {info.name} ({self.path}), {info.classes} classes, '
                 f'{info.width}x{info.height}, on {info.engine}')
        if not self.labels_source:
            log.warning(store.no_labels(self.path))

    def close(self, log: Any, *, idle: bool) -> None:
        """
        Free the model, or keep it until its inference has ended and say so in a log.

        :param log: a node's logger.
        :param idle: no thread of the node works on a frame any more.
        """
        try:
            close_or_keep(self.runtime)
        except InferenceError as error:
            log.error(f'the engine was not closed, its memory stays taken and no model is loaded '
                      f'until its inference has ended: {error}')
        else:
            if not idle:
                log.warning('a frame is still in work; its result will be dropped')


def _classifier(runtime: Engine, info: ModelInfo, settings: ClassifierSettings) -> Classifier:
    return Classifier(
        slot=runtime.slot, probabilities=info.probabilities,
        converter=Nv12Converter(width=info.width, height=info.height, fit=settings.fit,
                                yuv_range=settings.yuv_range))
