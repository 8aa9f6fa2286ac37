#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Unpacks the tar on the input. Fails also when it ended too early between two files, which tar takes for its end.
#
#   untar FOLDER SCRATCH [OPTION]...     SCRATCH is an empty folder, OPTIONs are tar's
set -eu
folder=$1
scratch=$2
shift 2

mkfifo "$scratch/copy"
# A whole tar ends with a block of zeros.
tail -c 1024 <"$scratch/copy" >"$scratch/end" &
tail=$!
status=0
tee "$scratch/copy" | tar -x -f - -C "$folder" "$@" || status=$?
wait "$tail"
[ "$status" -eq 0 ] || exit "$status"
if [ "$(wc -c <"$scratch/end")" -ne 1024 ] || [ -n "$(tr -d '\000' <"$scratch/end")" ]; then
    echo 'untar: the tar ended too early' >&2
    exit 1
fi
