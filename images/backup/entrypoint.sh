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
    kubectl exec --quiet "deploy/$1" -- backup "$3" >"$raw" </dev/null || fail "the container of $1 gave no backup"
    whole "$raw" "$2" || fail "what came of $1 is no whole $2: it ended after $(wc -c <"$raw") bytes"
    gzip -1 -c "$raw" >"$raw.gz"
    printf '"%s": {"file": "%s", "form": "%s", "bytes": %d, "content_sha256": "%s", "file_bytes": %d, "sha256": "%s"}' \
        "$1" "$raw.gz" "$2" "$(wc -c <"$raw")" "$(hash_of "$raw")" "$(wc -c <"$raw.gz")" "$(hash_of "$raw.gz")"
    echo "backup: $1, $(wc -c <"$raw") bytes" >&2
    rm "$raw"
}

# One after the other, with commas between them.
entries() {
    comma=''
    while read -r service form path; do
        printf '%s' "$comma"
        dump "$service" "$form" "$path"
        comma=', '
    done </etc/service/config/services
}

namespace=$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)
rm -rf "$root"/*.unfinished
mkdir "$aside"
cd "$aside"
services=$(entries)
printf '{"format": 1, "created": "%s", "namespace": "%s", "services": {%s}, "files": {}}\n' "$created" "$namespace" "$services" >manifest.json
sync
mv "$aside" "$root/$name"

# From the first moment on, none that is removed looks finished.
cd "$root"
find . -mindepth 2 -maxdepth 2 -name manifest.json | sort -r | tail -n "+$((keep + 1))" | while read -r manifest; do
    rm "$manifest"
    rm -rf "${manifest%/*}"
    echo "backup: ${manifest%/*} was removed" >&2
done
echo "backup: $root/$name is complete" >&2
