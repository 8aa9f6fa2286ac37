#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Backs up what the services keep into a restic repository, in the form of the module service_backup: a snapshot for each service, and one of the
# manifest, which makes them a backup. The module copies it to the host and puts it back.
#
#   entrypoint FOLDER LAST HOURLY DAILY WEEKLY     the folder of the repository; how many of the newest, hours, days and weeks are kept
#
# /etc/service/config/services has a line for each service: its name, the form of its data (sql or tar), the path of its volume.
set -eu
umask 077

root=$1
keep="--keep-last $2 --keep-hourly $3 --keep-daily $4 --keep-weekly $5"
export RESTIC_REPOSITORY="$root/repository" RESTIC_PASSWORD_FILE=/etc/service/secrets/repository_key
host=ft-services
name=$(date -u +%Y%m%dT%H%M%SZ)
created=$(date -u +%Y-%m-%dT%H:%M:%SZ)
moment=$(date -u '+%Y-%m-%d %H:%M:%S')
scratch=${TMPDIR:-/tmp}
work=$scratch/work

fail() {
    echo "backup: $*" >&2
    exit 1
}

repository() {
    restic --no-cache --quiet "$@"
}

# Becomes restic, which stores its input as file $2, part $1 of the backup.
store() {
    part=$1 file=$2
    shift 2
    exec restic --no-cache --quiet backup --host "$host" --time "$moment" --tag "name=$name" --tag "part=$part" "$@" --stdin --stdin-filename "$file"
}

# Writes the data of service $1 in form $2 to the repository, and its entry in the manifest.
dump() {
    rm -rf "$work"
    mkdir "$work"
    mkfifo "$work/stream"
    store "$1" "$1.$2" <"$work/stream" >&2 &
    restic=$!
    exec 8>"$work/stream"
    reason=''
    stream "$1" "$2" "$3" "$work" >&8 || reason=$(cat "$work/reason")
    if [ -n "$reason" ] && kill -0 "$restic" 2>/dev/null; then
        # Before it sees an end of its input, so that no snapshot is made of what is not whole.
        kill -KILL "$restic"
    fi
    exec 8>&-
    wait "$restic" || reason=${reason:-"the data of $1 could not be stored: is the volume full?"}
    # What is wrong with one service is no reason to have no backup of the others.
    if [ -n "$reason" ]; then
        echo "backup: $reason" >&2
        printf '%s"%s": "%s"' "$lacking" "$1" "$reason" >>"$missing"
        lacking=', '
        return 1
    fi
    bytes=$(cat "$work/bytes")
    printf '%s"%s": {"file": "%s", "form": "%s", "bytes": %d, "content_sha256": "%s"}' \
        "$comma" "$1" "$1.$2.gz" "$2" "$bytes" "$(cut -d ' ' -f 1 "$work/sha256")"
    echo "backup: $1, $bytes bytes" >&2
    printf '%s"%s": "%s"' "$comma" "$1" "$created" >>"$times"
}

# One after the other, with commas between them.
entries() {
    comma=''
    lacking=''
    while read -r service form path; do
        if dump "$service" "$form" "$path"; then comma=', '; fi
    done </etc/service/config/services
}

# The names of backups: of all snapshots, or of those with a tag.
names() {
    repository snapshots --host "$host" --json "$@" | grep -o '"name=[A-Za-z0-9_-]*"' | tr -d '"' | sort -u || true
}

# The lock of the folder goes with its process, so a lock in the repository is of a run that was killed.
exec 9>"$root/.lock"
flock -n 9 || fail "another run is writing to $root"
if [ -e "$RESTIC_REPOSITORY/config" ]; then
    repository cat config >/dev/null || fail "the repository in the volume does not open with the key in the Secret backup: it was made with another one"
    repository unlock --remove-all
else
    repository init
fi

missing=$scratch/missing times=$scratch/times
: >"$missing"
: >"$times"
services=$(entries)
[ -n "$services" ] || fail 'no service gave a backup'
namespace=$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)
printf '{"format": 1, "created": "%s", "namespace": "%s", "services": {%s}, "missing": {%s}, "files": {}}\n' \
    "$created" "$namespace" "$services" "$(cat "$missing")" >"$scratch/manifest.json"
tar -C "$scratch" -cf "$scratch/manifest.tar" manifest.json
whole=complete
[ ! -s "$missing" ] || whole=partial
(store manifest manifest.tar --tag "$whole") <"$scratch/manifest.tar"
# Who looks after the age of backups reads it there.
kubectl patch configmap backup-times --type merge --patch "{\"data\": {$(cat "$times")}}" >/dev/null

# Nobody else writes here: a lock is of a program that was ended.
repository unlock --remove-all
# Complete ones and others each by themselves, so that one that lacks something takes no place. Parts go with their manifest.
for whole in complete partial; do
    # shellcheck disable=SC2086
    repository forget --host "$host" --group-by host --tag "$whole" $keep
done
names --tag part=manifest >"$scratch/kept"
names | grep -vxFf "$scratch/kept" >"$scratch/gone" || true
while read -r gone; do
    # shellcheck disable=SC2046
    repository forget $(repository snapshots --host "$host" --tag "$gone" --json | grep -o '"short_id":"[0-9a-f]*"' | cut -d '"' -f 4)
    echo "backup: ${gone#name=} was removed" >&2
done <"$scratch/gone"
[ ! -s "$scratch/gone" ] || repository prune
# Folders in plain text, as older versions made them.
find "$root" -mindepth 1 -maxdepth 1 -type d -name '2*T*Z*' -mtime +7 -exec rm -rf {} +

# The job fails: who looks at it shall see that something is missing.
[ ! -s "$missing" ] || fail "$name is kept, but lacks: $(cat "$missing")"
echo "backup: $name is complete" >&2
