#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The readiness probe's question: can the application serve people now? If not, wget's complaint has the reason in it.
set -eu

wget -q -T 7 -O /dev/null http://127.0.0.1:8081/ready
