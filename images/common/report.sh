#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Tells telegraf what the kubelet does not know where docker runs the containers: network, volumes, uptime. Runs COMMAND meanwhile.
#
#   report NAME [STORAGE] -- COMMAND...
#
# NAME is the container's, STORAGE the path of its volume. This stands in front of the readiness probe's command: the kubelet is
# the clock, and nothing more runs in the container. The probe neither waits for the report nor fails with it; what does not
# arrive is missing in the dashboards.
set -eu

# Line protocol; the arguments are the paths of the volumes.
measure() {
    {
        timeout 5 du -s -k "$@"
        df -P -k "$@"
    } | awk -v name="$name" '
        FILENAME == "/etc/hostname" { tags = "container_name=" name ",pod_name=" $1; next }
        FILENAME == "/proc/net/dev" { sub(/:/, " "); if (FNR > 2 && $1 != "lo") { received += $2; sent += $10 }; next }
        FILENAME == "/proc/uptime" { uptime = $1; next }
        # Process 1 started so many hundredths of a second after the machine.
        FILENAME == "/proc/1/stat" { uptime -= $22 / 100; next }
        # du and df each give a line for each path, in that order.
        NF == 2 { path[++paths] = $2; used[paths] = $1; next }
        $1 != "Filesystem" { available[++disks] = $4 }
        END {
            printf "kubernetes_pod_container,%s uptime_seconds=%.0fi\n", tags, uptime
            printf "kubernetes_pod_network,%s rx_bytes=%.0fi,tx_bytes=%.0fi\n", tags, received, sent
            for (i = 1; i <= paths; i++) {
                volume = path[i] == "/run" ? "run" : path[i] == "/tmp" ? "tmp" : "storage"
                printf "kubernetes_pod_volume,%s,volume_name=%s used_bytes=%.0fi,available_bytes=%.0fi\n", \
                    tags, volume, used[i] * 1024, available[i] * 1024
            }
        }' - /etc/hostname /proc/net/dev /proc/uptime /proc/1/stat
}

name=$1
shift
storage=
if [ "$1" != -- ]; then
    storage=$1
    shift
fi
shift

# Whoever holds the output open would hold the probe up.
{
    measure /run /tmp ${storage:+"$storage"} |
        timeout 5 wget -q -T 4 -O /dev/null --post-file=/dev/stdin http://telegraf:8186/report
} >/dev/null 2>&1 &
exec "$@"
