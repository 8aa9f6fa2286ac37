#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does Grafana answer, with its own database? InfluxDB may be away; the panels then say so.
# The certificate is not judged here: 127.0.0.1 is not in it.
set -eu

wget -q -T 3 -O - --no-check-certificate https://127.0.0.1:3000/api/health | grep -q '"database": *"ok"'

# The store is made; see the entrypoint.
written_by finish /data/grafana
[ -f /data/grafana/complete ] || touch /data/grafana/complete
