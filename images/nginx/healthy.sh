#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The probes' question, put to both daemons: does https answer, and does ssh? It counts when sshd says that it has too many
# clients: a restart would not bring fewer.
# The certificate is not judged here: 127.0.0.1 is not in it.
set -eu

wget -q -T 3 -O /dev/null --no-check-certificate https://127.0.0.1:8443/healthz
printf 'SSH-2.0-probe\r\n' | nc -w 2 127.0.0.1 2222 | grep -qE '^(SSH-2\.0-|Exceeded MaxStartups|Not allowed)'
