# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One process with a classifier node for each camera; the nodes share one model on the BPU."""

from __future__ import annotations

import sys

from edgenext_ros.engines.shared_model import SharedModels
from edgenext_ros.ros.node import ClassifierNode
from edgenext_ros.ros.process import run_all
from edgenext_ros.ros.settings import ParameterError
from rclpy.exceptions import InvalidNamespaceException
from rclpy.utilities import remove_ros_args
from rclpy.validate_namespace import validate_namespace


_EXPECTED = 'expected the names of the cameras, each once, such as "front rear"'


def nodes(cameras: list[str]) -> list[ClassifierNode]:
    """
    Make the node ``/CAMERA/classifier`` for each camera.

    :raises ParameterError: there is no name, one is not a namespace, or two nodes have one name.
    """
    if not cameras:
        raise ParameterError(f'{_EXPECTED}, found none')
    for name in cameras:
        try:
            validate_namespace(name if name.startswith('/') else f'/{name}')
        except InvalidNamespaceException as error:
            raise ParameterError(f'camera {name!r}: not a namespace: '
                                 f'{" ".join(str(error).split())}') from error
    models = SharedModels()
    made = [ClassifierNode(namespace=name, opener=models.open) for name in cameras]
    names = [node.get_fully_qualified_name() for node in made]
    if len(set(names)) < len(names):
        raise ParameterError(f'{_EXPECTED}, and no remapping of __ns, found {" ".join(names)}')
    return made


def main(args: list[str] | None = None) -> int:
    """Run a node for each camera in the arguments; the exit code is 1 if one cannot start."""
    arguments = sys.argv if args is None else args
    return run_all(lambda finish: nodes(remove_ros_args(arguments)[1:]), args,
                   start=ClassifierNode.autostart)


if __name__ == '__main__':
    sys.exit(main())
