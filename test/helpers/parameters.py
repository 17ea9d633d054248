# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Set parameters through services."""

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

KINDS = {int: ('integer_value', ParameterType.PARAMETER_INTEGER),
         float: ('double_value', ParameterType.PARAMETER_DOUBLE),
         str: ('string_value', ParameterType.PARAMETER_STRING),
         bool: ('bool_value', ParameterType.PARAMETER_BOOL)}


def message(name, value):
    """Make a parameter message with the type of its value."""
    field, kind = KINDS[type(value)]
    return Parameter(name=name, value=ParameterValue(type=kind, **{field: value}))


def set_parameters(ros, **values):
    """Set parameters of the classifier; return the answer to each."""
    return ros.call(SetParameters, '/classifier/set_parameters',
                    parameters=[message(name, value) for name, value in values.items()]).results
