# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The SROS2 policy allows the running node's topics and services, and nothing else."""

from pathlib import Path
from xml.etree import ElementTree

from helpers.tros import HAS_AI_MSGS

POLICY = Path(__file__).parents[2] / 'config' / 'sros2' / 'policy.xml'
NODE = 'classifier'
# Only with use_sim_time; only since Jazzy; only with ai_msgs.
SOMETIMES = {('subscribe', '/clock'), ('reply', f'/{NODE}/get_type_description'),
             *([] if HAS_AI_MSGS else [('publish', f'/{NODE}/targets')])}


def allowed():
    """Return (verb, absolute name) of all topics and services that the policy allows."""
    (profile,) = ElementTree.parse(POLICY).iter('profile')
    assert (profile.get('ns'), profile.get('node')) == ('/', NODE)
    result = set()
    for rules in profile:
        (verb,), values = rules.keys(), set(rules.attrib.values())
        assert values == {'ALLOW'}
        for name in rules:
            result.add((verb, '/' + name.text.replace('~', NODE, 1).lstrip('/')))
    return result


def in_the_graph(node):
    """Return (verb, absolute name) of all topics and services of the running node."""
    return {(verb, name) for verb, ask in (
        ('subscribe', node.get_subscriber_names_and_types_by_node),
        ('publish', node.get_publisher_names_and_types_by_node),
        ('reply', node.get_service_names_and_types_by_node),
    ) for name, _ in ask(NODE, '/')}


def test_sros2_policy_allows_names_of_node_and_no_others(ros, classifier, make_image):
    _, results, camera = classifier()
    ros.ask(camera, make_image(), results)
    expected = allowed() - SOMETIMES
    ros.wait(lambda: expected == in_the_graph(ros.node) - SOMETIMES,
             what=f'a graph of {sorted(expected)}, rather than {sorted(in_the_graph(ros.node))}')
