#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does nginx answer? InfluxDB may be away; the page then says so.
# The certificate is not judged here: 127.0.0.1 is not in it.
set -eu

wget -q -T 3 -O /dev/null --no-check-certificate https://127.0.0.1:3000/healthz
