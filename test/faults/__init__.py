# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The deliberate faults, which ``deliberate_faults.py`` in the parent folder plants."""

from faults import (
    bindings,
    demand,
    launching,
    libdnn,
    pipeline,
    selftest,
    session,
    shared,
    slots,
    software,
)
from faults.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *libdnn.FAULTS, *bindings.FAULTS, *software.FAULTS, *slots.FAULTS, *shared.FAULTS,
    *pipeline.FAULTS, *session.FAULTS, *demand.FAULTS, *selftest.FAULTS, *launching.FAULTS)
