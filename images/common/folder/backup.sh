#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes what is in a folder to the output, as a tar.
#
#   backup FOLDER
set -eu
cd "$1"

content=$(find . -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .restore)
if [ -z "$content" ]; then
    # A tar of nothing, which tar itself refuses to write.
    head -c 1024 /dev/zero
else
    printf '%s\n' "$content" | tar -cf - -T -
fi
