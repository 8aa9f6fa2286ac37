#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Backs up what the services keep, in the form of the module service_backup, which copies it to the host and puts it back.
#
#   entrypoint FOLDER KEEP     the folder of all backups, each in a folder of its own, and how many to keep
#
# /etc/service/config/services has a line for each service: its name, the form of its data (sql or tar), the path of its volume.
set -eu
umask 077

root=$1
keep=$2
name=$(date -u +%Y%m%dT%H%M%SZ)
created=$(date -u +%Y-%m-%dT%H:%M:%SZ)
# Until a backup is complete its folder has this end.
aside=$root/$name.unfinished

fail() {
    echo "backup: $*" >&2
    exit 1
}

hash_of() {
    sha256sum <"$1" | cut -d ' ' -f 1
}

# Did the stream end where it should? kubectl does not always tell a lost connection from the end.
whole() {
    case $2 in
    tar) [ "$(tail -c 1024 "$1" | tr -d '\000' | wc -c)" -eq 0 ] && [ "$(wc -c <"$1")" -ge 1024 ] ;;
    sql) tail -n 1 "$1" | grep -q '^-- Dump completed' ;;
    *) fail "$2 is no form of data" ;;
    esac
}

# Writes the data of service $1 in form $2, and its entry in the manifest.
dump() {
    raw=$1.$2
    reason=''
    if ! kubectl exec --quiet "deploy/$1" -- backup "$3" >"$raw" </dev/null; then
        reason="the container of $1 gave no backup"
    elif ! whole "$raw" "$2"; then
        reason="what came of $1 is no whole $2: it ended after $(wc -c <"$raw") bytes"
    fi
    # What is wrong with one service is no reason to have no backup of the others.
    if [ -n "$reason" ]; then
        echo "backup: $reason" >&2
        printf '%s"%s": "%s"' "$lacking" "$1" "$reason" >>missing
        lacking=', '
        rm "$raw"
        return 1
    fi
    gzip -1 -c "$raw" >"$raw.gz" || fail "$aside/$raw.gz cannot be written: is the volume full?"
    printf '%s"%s": {"file": "%s", "form": "%s", "bytes": %d, "content_sha256": "%s", "file_bytes": %d, "sha256": "%s"}' \
        "$comma" "$1" "$raw.gz" "$2" "$(wc -c <"$raw")" "$(hash_of "$raw")" "$(wc -c <"$raw.gz")" "$(hash_of "$raw.gz")"
    echo "backup: $1, $(wc -c <"$raw") bytes" >&2
    rm "$raw"
}

# One after the other, with commas between them.
entries() {
    comma=''
    lacking=''
    while read -r service form path; do
        if dump "$service" "$form" "$path"; then comma=', '; fi
    done </etc/service/config/services
}

namespace=$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)
rm -rf "$root"/*.unfinished
mkdir "$aside"
cd "$aside"
: >missing
services=$(entries)
missing=$(cat missing)
rm missing
[ -n "$services" ] || fail 'no service gave a backup'
printf '{"format": 1, "created": "%s", "namespace": "%s", "services": {%s}, "missing": {%s}, "files": {}}\n' \
    "$created" "$namespace" "$services" "$missing" >manifest.json
sync
mv "$aside" "$root/$name"

# From the first moment on, none that is removed looks finished. The newest one that lacks nothing stays.
cd "$root"
complete=$(find . -mindepth 2 -maxdepth 2 -name manifest.json ! -exec grep -q '"missing": {"' {} \; -print | sort | tail -n 1)
[ -z "$complete" ] || keep=$((keep - 1))
find . -mindepth 2 -maxdepth 2 -name manifest.json ! -path "$complete" | sort -r | tail -n "+$((keep + 1))" | while read -r manifest; do
    rm "$manifest"
    rm -rf "${manifest%/*}"
    echo "backup: ${manifest%/*} was removed" >&2
done
# The job fails: who looks at it shall see that something is missing.
[ -z "$missing" ] || fail "$root/$name is kept, but lacks: $missing"
echo "backup: $root/$name is complete" >&2
