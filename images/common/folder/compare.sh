#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Is all that a backup holds in the folder, byte for byte? Modes, owners and times may differ.
#
#   compare_backup FOLDER FILE     FILE is what "backup" wrote
set -eu
umask 077
export LC_ALL=C

status=0
said=$(tar --compare --file="$2" --directory="$1" --exclude=./.written_by 2>&1) || status=$?
# 1: something differs.
if [ "$status" -gt 1 ]; then
    echo "compare_backup: the backup cannot be read: $(echo "$said" | tail -n 1 | cut -c 1-300)" >&2
    exit 1
fi
# Links are left out by a restore.
wrong=$(echo "$said" | grep -a -e 'Contents differ' -e 'Size differs' -e 'File type differs' -e 'Cannot stat' -e 'Cannot open' || :)
if [ -n "$wrong" ]; then
    echo "compare_backup: $(echo "$wrong" | wc -l) differ from the backup: $(echo "$wrong" | head -n 3 | sed 's/^tar: //' | tr '\n' ';' | cut -c 1-300)" >&2
    exit 1
fi
echo "$(tar --list --verbose --file="$2" --exclude=./.written_by | grep -a -c '^[-h]') files"
