# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node that plays pictures, a video or a webcam as a camera."""
