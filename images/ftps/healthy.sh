#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The probes' question: does the daemon greet, and change to TLS when it is asked to?
# The certificate is not judged here: one that has expired is not mended by a restart.
set -eu

timeout 6 openssl s_client -connect 127.0.0.1:2121 -starttls ftp -brief </dev/null
