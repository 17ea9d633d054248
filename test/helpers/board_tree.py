# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A made-up file system of an RDK X5: what the kernel and the vendor's system have there."""

from pathlib import Path

_POLICY = 'sys/devices/system/cpu/cpufreq/policy0'
_BPU = 'sys/devices/system/bpu/bpu0'
_DDR = 'sys/class/devfreq/soc:ddrc-freq'

BOARD = {
    'proc/device-tree/model': 'D-Robotics RDK X5 V1.0\0',
    'proc/device-tree/serial-number': 'PLANTED0SERIAL1\0',
    'sys/class/socinfo/soc_name': 'X5\n', 'sys/class/socinfo/board_id': '302\n',
    'sys/class/socinfo/soc_uid': '0x00a1b2c3d4e5f607\n',
    'etc/os-release': 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n',
    'etc/version': '3.3.3\n', 'proc/sys/kernel/osrelease': '6.1.83\n',
    'opt/tros/humble/setup.bash': '', 'opt/ros/humble/setup.bash': '',
    'var/lib/dpkg/status': (
        'Package: hobot-dnn\nStatus: install ok installed\nVersion: 3.0.4-20250101\n\n'
        'Package: hobot-gone\nStatus: deinstall ok config-files\nVersion: 1.0\n\n'
        'Package: tros-humble\nStatus: install ok installed\nVersion: 2.3.1\n\n'
        'Package: bash\nStatus: install ok installed\nVersion: 5.1\n\n'),
    'proc/cpuinfo': ''.join(f'processor\t: {core}\nCPU part\t: 0xd05\n\n' for core in range(8)),
    'proc/loadavg': '0.42 0.30 0.20 1/200 4711\n',
    'proc/meminfo': ('MemTotal: 8192000 kB\nMemAvailable: 4096000 kB\nSwapTotal: 0 kB\n'
                     'CmaTotal: 1024000 kB\nCmaFree: 512000 kB\nHugePages_Total: 0\n'),
    f'{_POLICY}/scaling_governor': 'schedutil\n', f'{_POLICY}/scaling_cur_freq': '1500000\n',
    f'{_POLICY}/scaling_min_freq': '300000\n', f'{_POLICY}/scaling_max_freq': '1500000\n',
    'sys/devices/system/cpu/cpufreq/boost': '0\n',
    f'{_BPU}/ratio': '37\n', f'{_BPU}/power_enable': '1\n', f'{_BPU}/users': '2\n',
    f'{_BPU}/devfreq/3a000000.bpu/governor': 'performance\n',
    f'{_BPU}/devfreq/3a000000.bpu/cur_freq': '1000000000\n',
    f'{_BPU}/devfreq/3a000000.bpu/min_freq': '500000000\n',
    f'{_BPU}/devfreq/3a000000.bpu/max_freq': '1000000000\n',
    f'{_DDR}/governor': 'performance\n', f'{_DDR}/cur_freq': '2133000000\n',
    f'{_DDR}/min_freq': '1066000000\n', f'{_DDR}/max_freq': '2133000000\n',
    'sys/class/hwmon/hwmon0/name': 'pvt\n', 'sys/class/hwmon/hwmon0/temp1_input': '51234\n',
    'sys/class/hwmon/hwmon0/temp2_input': 'N/A\n',  # the BPU's, while it is not powered
    'sys/class/hwmon/hwmon0/temp3_input': '53000\n', 'sys/class/hwmon/hwmon0/temp3_label': 'cpu\n',
    'sys/class/thermal/thermal_zone1/type': 'cpu-thermal\n',
    'sys/class/thermal/thermal_zone1/temp': '52000\n',
    'dev/bpu0': '', 'dev/ion': ''}
"""Path below the root -> content."""


def make_board(root: Path, **changes: str | None) -> Path:
    """
    Write the files below a folder and return it.

    :param root: the folder.
    :param changes: other contents of files; None leaves a file out. A name is a path with ``__``
        for each slash.
    """
    replaced = {name.replace('__', '/'): text for name, text in changes.items()}
    for name, text in {**BOARD, **replaced}.items():
        if text is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    return root
