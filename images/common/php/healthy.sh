#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The liveness probe's question, put to both daemons: nginx asks php-fpm. Whether the database answers does not count.
set -eu

wget -q -T 5 -O /dev/null http://127.0.0.1:8081/ping
