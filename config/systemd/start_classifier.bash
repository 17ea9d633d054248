#!/usr/bin/env bash
# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# start_classifier.bash [ROS ARGUMENT ...]: set up ROS, TROS and the workspace that this file is
# installed in, and become classifier_node. edgenext_classifier.service.in calls it.

share=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
prefix=${share%/share/edgenext_ros}

# colcon installs each package into a folder of its own, or with --merge-install all into one.
for folder in /opt/ros/humble /opt/tros/humble "${prefix%/*}" "$prefix"; do
    if [ -r "$folder/setup.bash" ]; then
        # shellcheck disable=SC1091
        source "$folder/setup.bash"
    fi
done

# The profile for large images that the launch files also set; one that is set already stays.
if [ -z "$FASTRTPS_DEFAULT_PROFILES_FILE$FASTDDS_DEFAULT_PROFILES_FILE$CYCLONEDDS_URI" ]; then
    profile=$(python3 -c 'from edgenext_ros.ros.dds_profiles import profile_assignment as profile
print(profile())' 2> /dev/null) && export "$profile"
    # TROS' zero copy for images in shared memory; without the profile it would end the node.
    if [ -n "$profile" ] && [[ " $* " == *hbmem* ]]; then
        export RMW_FASTRTPS_USE_QOS_FROM_XML="${RMW_FASTRTPS_USE_QOS_FROM_XML-1}"
    fi
fi

# The journal keeps the lines. Log files in ROS_LOG_DIR would accumulate, one for each start.
exec "$prefix/lib/edgenext_ros/classifier_node" --ros-args --disable-external-lib-logs "$@"
