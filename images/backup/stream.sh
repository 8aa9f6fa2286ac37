#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes the data of a service to its output, and fails when they are not whole.
#
#   stream SERVICE FORM PATH FOLDER     the form is sql or tar; sha256, bytes and, on failure, reason are written to the folder
set -eu

service=$1 form=$2 path=$3 folder=$4

fail() {
    echo "$*" >"$folder/reason"
    exit 1
}

# Did the stream end where it should? kubectl does not always tell a lost connection from the end.
whole() {
    case $form in
    tar) [ "$(tr -d '\000' <"$folder/tail" | wc -c)" -eq 0 ] && [ "$(wc -c <"$folder/tail")" -eq 1024 ] ;;
    sql) tail -n 1 "$folder/tail" | grep -q '^-- Dump completed' ;;
    *) fail "$form is no form of data" ;;
    esac
}

mkfifo "$folder/to_hash" "$folder/to_count" "$folder/to_tail"
sha256sum <"$folder/to_hash" >"$folder/sha256" &
wc -c <"$folder/to_count" >"$folder/bytes" &
tail -c 1024 <"$folder/to_tail" >"$folder/tail" &
{ kubectl exec --quiet "deploy/$service" -- backup "$path" </dev/null || : >"$folder/failed"; } |
    tee "$folder/to_hash" "$folder/to_count" "$folder/to_tail" || : >"$folder/failed"
wait
[ ! -e "$folder/failed" ] || fail "the container of $service gave no backup"
whole || fail "what came of $service is no whole $form: it ended after $(cat "$folder/bytes") bytes"
