# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which models exist, where their files are, and what a file holds."""


class ModelError(ValueError):
    """A model file cannot be used; the text says which, what was expected and found."""
