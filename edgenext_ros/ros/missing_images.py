# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find the reason for missing images in the ROS graph."""

from __future__ import annotations

import os

from edgenext_ros.ros.dds_profiles import shared_memory_remedy
from edgenext_ros.ros.messages import INPUT_TYPES
from edgenext_ros.ros.snapshot import Snapshot
from rclpy.node import Node
from rclpy.qos import qos_check_compatible, QoSCompatibility

_UNKNOWN = '_NODE_NAME_UNKNOWN_'  # rmw's name for an undiscovered node, or one outside ROS
_MOST_TOPICS = 3


def why_no_image(node: Node, now: Snapshot) -> str:
    """
    Return a sentence with the reason why a classifier receives no images.

    :param node: the classifier's node, for the ROS graph.
    :param now: the classifier's state.
    """
    topic = node.resolve_topic_name('image')
    wanted = INPUT_TYPES[now.settings.input_type].types
    cameras = node.get_publishers_info_by_topic(topic)
    for camera in cameras:
        name = 'a node' if camera.node_name == _UNKNOWN else camera.node_name
        if camera.topic_type not in wanted:
            return (f'{name} publishes {camera.topic_type} on {topic}, expected '
                    f'{" or ".join(wanted)}; see '
                    f"parameter 'input_type'")
        if now.subscription is None:
            continue
        result, reason = qos_check_compatible(camera.qos_profile, now.subscription.qos_profile)
        if result == QoSCompatibility.ERROR:
            reason = reason.replace('ERROR: ', '').strip().rstrip(';')
            return (f'the quality of service of {name} does not fit on {topic} ({reason}); see '
                    f"the parameters 'qos_overrides'")
    if cameras and now.subscription is None:
        return f'{topic} is published, and is subscribed to in a moment'
    if cameras:
        remedy = shared_memory_remedy() if now.settings.input_type == 'hbmem' else \
            'large ones need a profile'
        return (f'{topic} is published but brings none: its camera sends nothing, or DDS loses '
                f'its frames; {remedy}, see "Large frames" in docs/robot.md; '
                f'after a crash of any node that listens to it, restart the camera')
    images = _image_topics(node, wanted)
    more = f' and {len(images) - _MOST_TOPICS} more' if len(images) > _MOST_TOPICS else ''
    found = f'; images are on {", ".join(images[:_MOST_TOPICS])}{more}' if images else ''
    return f'nobody publishes {topic}{found or _hint_at_the_domain(node)}'


def _hint_at_the_domain(node: Node) -> str:
    """Return a part of a sentence if no node of another process is in the graph, else ''."""
    own = {(member.get_name(), member.get_namespace())
           for member in (node.executor.get_nodes() if node.executor else (node,))}
    # The names of ROS' own command line tools begin with an underscore.
    if any(other not in own and not other[0].startswith('_')
           for other in node.get_node_names_and_namespaces()):
        return ''
    names, is_humble = ['ROS_DOMAIN_ID'], os.environ.get('ROS_DISTRO') == 'humble'
    if is_humble or os.environ.get('ROS_LOCALHOST_ONLY'):  # later distributions still obey it
        names.append('ROS_LOCALHOST_ONLY')
    if not is_humble:
        names.append('ROS_AUTOMATIC_DISCOVERY_RANGE')
    *first, last = (f'{name} (here {os.environ.get(name) or "not set"})' for name in names)
    return (f'; no other node is visible: the camera needs the same {", ".join(first)} and '
            f'{last}')


def _image_topics(node: Node, wanted: tuple[str, ...]) -> list[str]:
    """Return the topics with an image publisher, those of the wanted types first."""
    kinds = {kind for source in INPUT_TYPES.values() for kind in source.types}
    own = node.resolve_topic_name('~/annotated_image')
    found = [(kind not in wanted, topic, kind) for topic, types in node.get_topic_names_and_types()
             for kind in types if kind in kinds and topic != own
             # Annotated images of other classifiers are no cameras either.
             and not topic.endswith('/annotated_image') and node.count_publishers(topic)]
    return [f'{topic} ({kind})' for _, topic, kind in sorted(found)]
