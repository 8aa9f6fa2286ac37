#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts the database that "backup" wrote, on the input, in the place of Grafana's, by a restart: then the administrator's password and
# the data source become those of the Secret again. A broken tar or database changes nothing.
#
#   restore FOLDER     the folder of the volume
set -eu
umask 077

aside=$1/restore
rm -rf "$aside" "$1/restored"
mkdir "$aside"
trap 'rm -rf "$aside"' EXIT
tar -xf - -C "$aside"
if [ ! -f "$aside/grafana/grafana.db" ]; then
    echo 'restore: the backup has no database of Grafana, as panels keeps none; nothing was changed' >&2
    exit 0
fi
if [ "$(sqlite3 -bail "$aside/grafana/grafana.db" 'PRAGMA integrity_check')" != ok ]; then
    echo 'restore: the database in the backup is damaged; nothing was changed' >&2
    exit 1
fi
if ! written_by check "$aside/grafana"; then
    echo 'restore: the backup is of a newer Grafana; nothing was changed' >&2
    exit 1
fi
touch "$aside/grafana/complete"
mv "$aside/grafana" "$1/restored"

# The entrypoint takes it at the next start, which comes when this program has ended and said that all went well.
(
    while kill -0 $$; do sleep 0.1; done
    kill -TERM 1
) >/dev/null 2>&1 </dev/null &
