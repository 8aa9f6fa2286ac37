#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Rehearses the restore of a backup, beside the script rehearse.sh in the containers of the services. Each service has two folders below ROOT:
# streams/NAME with the file "data", which its image's program backup wrote, and results/NAME with the file "verdict" in the end.
#
#   rehearsal fetch ROOT REPOSITORY    brings the newest backup of a restic repository to ROOT
#   rehearsal receive ROOT             waits until somebody has brought one to ROOT/incoming, as the module backup_repository makes it
#   rehearsal judge ROOT               tells the verdicts, where it has an account in the ConfigMaps too; exit status 1 unless all are good
#
# /etc/rehearsal/services has a line for each service: its name, the form of its data (sql or tar), the path of its volume.
set -eu
# The services, each another user, are in the group.
umask 027

root=$2
export RESTIC_PASSWORD_FILE=/etc/service/secrets/repository_key
account=/var/run/secrets/kubernetes.io/serviceaccount

fail() {
    echo "rehearsal: $*" >&2
    exit 1
}

# A verdict is one line: good or bad, and why.
verdict() {
    echo "$2" >"$root/results/$1/verdict"
}

verdicts() {
    while read -r service _; do
        verdict "$service" "$1"
    done </etc/rehearsal/services
}

# What the manifest says in $2 of service $1. It may be on one line or on several.
entry() {
    tr -d '\n' <"$root/manifest.json" | grep -o "\"services\": *{.*" | grep -o "\"$1\": *{[^}]*}" | head -n 1 | sed -n "s/.*\"$2\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# The text of the manifest by its name.
said() {
    tr -d '\n' <"$root/manifest.json" | sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"
}

places() {
    while read -r service _; do
        mkdir -p "$root/streams/$service" "$root/results/$service"
        # What the services write there belongs to the group too.
        chmod 2770 "$root/results/$service"
    done </etc/rehearsal/services
}

# Nobody shall be without room because of a rehearsal: the streams, and twice the data while they are loaded.
enough_room() {
    needed=$(tr ',{}' '\n' <"$root/manifest.json" | sed -n 's/.*"bytes": *\([0-9]*\).*/\1/p' | awk '{ all += $1 } END { printf "%d", all * 4 / 1048576 + 512 }')
    left=$(room --left "$root")
    [ "$left" -ge "$needed" ] || fail "no room: the node has $left MiB left, and a rehearsal of this backup needs $needed MiB. Make room (docker system df, df)"
}

# Brings each service's data to its folder by the function $1, and looks whether they are what the manifest says.
take() {
    while read -r service form _; do
        sum=$(entry "$service" content_sha256)
        if [ -z "$sum" ]; then
            verdict "$service" 'bad its data are not in the backup'
        elif ! "$1" "$service" "$form" >"$root/streams/$service/data" 2>"$root/said"; then
            verdict "$service" "bad its data cannot be read: $(tr '\n' ' ' <"$root/said" | cut -c 1-300)"
        elif [ "$(sha256sum <"$root/streams/$service/data" | cut -d ' ' -f 1)" != "$sum" ]; then
            verdict "$service" 'bad its data are not what they were when they were backed up'
        fi
    done </etc/rehearsal/services
}

from_repository() {
    restic --no-cache --no-lock --quiet dump --host ft-services --tag "name=$name,part=$1" latest "/$1.$2"
}

from_folder() {
    gzip -d -c "$root/incoming/$1.$2.gz"
}

# It is no fault of a restore.
none() {
    : >"$root/none"
    verdicts 'none no backup was made yet'
}

fetch() {
    export RESTIC_REPOSITORY="$1/repository"
    if [ ! -e "$RESTIC_REPOSITORY/config" ]; then
        none
        return
    fi
    # The job that backs up removes old data: not while they are read.
    exec 9<"$1/.lock"
    flock -s 9
    held=$(restic --no-cache --no-lock snapshots --host ft-services --tag part=manifest --latest 1 --group-by host --json)
    name=$(echo "$held" | grep -o '"name=[A-Za-z0-9_-]*"' | tail -n 1 | tr -d '"' | cut -d = -f 2)
    if [ -z "$name" ]; then
        none
        return
    fi
    restic --no-cache --no-lock --quiet dump --host ft-services --tag "name=$name,part=manifest" latest /manifest.tar >"$root/manifest.tar"
    tar -x -f "$root/manifest.tar" -C "$root" manifest.json
    echo "$name" >"$root/name"
    enough_room
    take from_repository
}

receive() {
    until [ -e "$root/incoming/complete" ]; do sleep 0.5; done
    cp "$root/incoming/manifest.json" "$root/manifest.json"
    cp "$root/incoming/complete" "$root/name"
    enough_room
    take from_folder
    rm -rf "$root/incoming"
}

# Writes text $3 as entry $2 of the ConfigMap $1, where there is an account for it.
tell() {
    [ -e "$account/token" ] || return 0
    kubectl patch configmap "$1" --type merge --patch "{\"data\": {\"$2\": \"$(echo "$3" | sed 's/["\\]/\\&/g')\"}}" >/dev/null
}

# As it may stand between the quotes of JSON.
plain() {
    tr -c ' !#-[]-~' ' ' | cut -c 1-400 | sed 's/ *$//'
}

judge() {
    if [ -e "$root/none" ]; then
        echo 'rehearsal: no backup was made yet; the first one comes by the schedule of the CronJob backup' >&2
        return
    fi
    good=true
    all=''
    while read -r service _; do
        text=$(cat "$root/results/$service/verdict" 2>/dev/null || echo 'bad it did not come to an end')
        case $text in
        good*) ;;
        *) good=false ;;
        esac
        echo "rehearsal: $service: $text" >&2
        all="$all${all:+, }\"$service\": \"$(echo "$text" | plain)\""
    done </etc/rehearsal/services
    backup=$(cat "$root/name" 2>/dev/null || :)
    made=$(said created 2>/dev/null || :)
    result="{\"at\": \"$at\", \"good\": $good, \"backup\": \"$backup\", \"made\": \"$made\", \"services\": {$all}}"
    echo "$result"
    tell rehearsal result.json "$result"
    # Anybody may read the status page: no reasons there. Without the dashboard there is none.
    tell state rehearsal.json "{\"at\": \"$at\", \"good\": $good}" || echo 'rehearsal: the status page was not told' >&2
    [ "$good" = true ]
}

# What fails before the services have anything is a fault of all of them, and to be told.
prepare() {
    ("$@") 2>"$root/fault" &
    wait "$!" || verdicts "bad $(tail -n 3 "$root/fault" | tr '\n' ' ' | cut -c 1-400)"
    cat "$root/fault" >&2
}

at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
places
case $1 in
fetch)
    tell rehearsal begun "$at"
    prepare fetch "$3"
    ;;
receive) prepare receive ;;
judge) judge ;;
*) fail "there is no \"$1\"" ;;
esac
