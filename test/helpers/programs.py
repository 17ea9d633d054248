# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Programs for separate processes: nodes whose engine hangs, or loads for a long time."""

HANGS_IN_A_PROCESS = """
import importlib, sys, threading
from edgenext_ros.core.classifier import Classifier
from edgenext_ros.engines.onnx import OnnxSlot
begun, classify, run = [], Classifier.classify, OnnxSlot.run
def begin(*arguments, **options):
    begun.append(1)
    print('begins', flush=True)
    return classify(*arguments, **options)
def hang(*arguments):
    if begun:
        threading.Event().wait()
    return run(*arguments)
Classifier.classify, OnnxSlot.run = begin, hang
module = importlib.import_module('edgenext_ros.ros.' + sys.argv[1])
sys.exit(module.main([*sys.argv[1:], '--ros-args', '-p', 'runtime:=onnx']))
"""
"""The node of a module, whose inference never returns after the warm-up."""

LOADS_FOR_LONG = """
import sys, time
from edgenext_ros.ros import node
def load(*arguments, **options):
    print('loading', flush=True)
    time.sleep(60)
node.LoadedModel.open = load
sys.exit(node.main(['--ros-args', '-p', 'autostart:={autostart}']))
"""
