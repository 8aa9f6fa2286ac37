#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Does telegraf measure (its own state, once in an interval), and does it take reports?
set -eu

wget -q -T 3 -O /dev/null http://127.0.0.1:8080/
wget -q -T 3 -O /dev/null --post-data '' http://127.0.0.1:8186/report
