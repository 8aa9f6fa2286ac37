#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does the dashboard answer? With "ready": does the API server let it read?
set -eu

wget -q -T 3 -O /dev/null http://127.0.0.1:8080/health
[ "${1:-}" != ready ] || wget -q -T 5 -O /dev/null "http://127.0.0.1:8080/clusters/$(cat /etc/service/config/cluster)/namespaces"
