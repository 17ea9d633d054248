# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Code that several test modules share; test/conftest.py puts this folder on the path."""
