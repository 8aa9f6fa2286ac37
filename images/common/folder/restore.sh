#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts what "backup" wrote, on the input, in the place of all that is in a folder. A broken tar changes nothing.
#
#   restore FOLDER
set -eu
umask 077
cd "$1"

rm -rf .restore
mkdir .restore
tar -xf - -C .restore
find . -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .restore -exec rm -rf {} +
find .restore -mindepth 1 -maxdepth 1 -exec mv {} . \;
rmdir .restore
