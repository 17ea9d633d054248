# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Catalog of models, their files on this machine, and readers of model files."""


class ModelError(ValueError):
    """A model file cannot be used; the text names the file, what was expected and found."""
