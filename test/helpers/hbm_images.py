# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serialised images of ``hbm_img_msgs``, built from the vendor's field list; needs no ROS."""

import struct

ROOM = {'1080P': 6220800, '540P': 1555200, '480P': 921600}
"""Bytes of the field ``data`` of HbmMsg1080P, HbmMsg540P and HbmMsg480P."""
NEEDS_HBM = ('needs hbm_img_msgs: TROS has it, ./dev compiles a stand-in; on a Humble without '
             'headers it cannot be compiled')


def hbm_image(data, encoding, width, height, *, sec=5, nanosec=6, index=1, room=None, size=None,
              step=None, order='<'):
    """
    Serialise an image as TROS' publishers do, with the width as ``step``.

    :param data: bytes of the picture.
    :param encoding: text, or the 12 bytes of the field.
    :param width: width in pixels.
    :param height: height in pixels.
    :param room: bytes of the field ``data``; as many as the picture has by default.
    :param size: ``data_size``; as many bytes as the picture has by default.
    """
    name = encoding if isinstance(encoding, bytes) else encoding.encode().ljust(12, b'\0')
    head = struct.pack(f'{order}iiI4I', index, sec, nanosec, height, width,
                       len(data) if size is None else size, width if step is None else step)
    return b''.join((b'\0\1\0\0' if order == '<' else b'\0\0\0\0', head, name, bytes(data),
                     bytes(max(0, (room or 0) - len(data)))))


def of_frame(frame, **fields):
    """Serialise a frame; its rows must have no padding."""
    return hbm_image(frame.data.tobytes(), frame.encoding, frame.width, frame.height, **fields)


CAMERA = """
import struct, sys, time
import hbm_img_msgs.msg as messages
import rclpy
from rclpy.qos import qos_profile_sensor_data
size, file, topic = sys.argv[1:]
kind = getattr(messages, f'HbmMsg{size}')
rclpy.init()
publisher = rclpy.create_node('mipi_cam').create_publisher(
    kind, topic, qos_profile_sensor_data)
message = bytearray(open(file, 'rb').read())
message += bytes(44 + kind.MAX_SIZE - len(message))
for index in range(1_000_000):
    # Seconds since boot, as from the clock of a sensor.
    struct.pack_into('<iiI', message, 4, index, *divmod(time.monotonic_ns(), 10 ** 9))
    publisher.publish(bytes(message))
    time.sleep(0.1)
"""
"""Program: publish the message of a file as HbmMsgSIZE at 10 Hz, like TROS' mipi_cam."""
