# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The self-test: what a machine is, whether its engines are right, and how fast they are."""
