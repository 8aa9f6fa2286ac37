#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Shows what the service account may read, and tells the status page how the services are.
# The token is read anew for each request: the kubelet renews it.
# By the address in the environment, not by name: then the dashboard needs no name resolution.
set -eu

exec supervise \
    TERM "kube-web-view \
        --port 8080 \
        --clusters '$(cat /etc/service/config/cluster)=https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT' \
        --cluster-auth-token-path /etc/service/kubernetes/token \
        --show-container-logs \
        --sidebar-resource-types 'Cluster=namespaces,nodes,persistentvolumes;Controllers=deployments,daemonsets,cronjobs,jobs;Pods=services,pods,persistentvolumeclaims,configmaps,networkpolicies'" \
    TERM state
