# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults in the presets of cameras, and in the profiles of the middleware."""

from faults.fault import faults_in

_PRESETS = faults_in(
    'ros/camera_presets.py', tuple(f'ros/test_camera_presets.py::test_{name}' for name in (
        'presets_are_the_topics_of_the_drivers', 'first_stream_of_a_camera_is_its_default')),
    ('a preset has the topic of another driver', "'/camera/camera/color/image_raw', _OF",
     "'/camera/color/image_raw', _OF"),
    ('the first topic of a camera is not its default', "if input_type in ('', stream.input_type):",
     "if input_type in ('', stream.input_type) and stream is known[-1]:"),
)

_PROFILES = faults_in(
    'ros/dds_profiles.py', ('ros/test_dds_profiles.py',),
    ('Fast DDS 2 is said to read the variable of Fast DDS 3',
     'FAST_DDS_VARIABLES[:1 + is_3][::-1]', 'FAST_DDS_VARIABLES[::-1]'),
    ('a profile in the working folder is not named',
     "if os.environ.get('SKIP_DEFAULT_XML_FILE') != '1' and local.is_file():", 'if False:'),
    ('zero copy is not named', "    if os.environ.get(ZERO_COPY_VARIABLE) == '1':\n",
     '    if False:\n'),
    ('a node with zero copy is told to have it',
     "which = 'the camera' if os.environ.get(ZERO_COPY_VARIABLE) == '1' else 'this node'",
     "which = 'this node'"),
)

_WARNINGS = faults_in(
    'ros/loss_log.py', ('ros/test_loss_log.py::test_warning_of_frames_in_shared_memory_names_'
                        'their_profile',),
    ('lost frames of shared memory get the remedy of images',
     'shared_memory_remedy() if shared_memory else', 'shared_memory_remedy() if False else'),
)

FAULTS = _PRESETS + _PROFILES + _WARNINGS
