#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes the list of users from the Secret, each with a folder of its own, and becomes the daemon.
set -eu
umask 077

restore --finish /data
# proftpd refuses a list of passwords that others could read, or a folder that others could write to.
mkdir -p /run/ftps
: >/run/ftps/users
# Each file of the Secret is a user: its name, and the password in it. Only the hash goes on, and that stays in memory.
for secret in /etc/service/secrets/*; do
    [ -s "$secret" ] || {
        echo "entrypoint: $secret is missing or empty" >&2
        exit 1
    }
    user=${secret##*/}
    # The volume itself belongs to root and is everybody's to write.
    mkdir -p "/data/$user"
    chmod 0700 "/data/$user"
    # mod_vroot follows links out of the folder. What is wrong with one user's folder is no reason to lock all others out.
    nolinks "$user" || {
        echo "entrypoint: no login for $user: not every symbolic link in the folder can be removed, see above" >&2
        continue
    }
    hash=$(openssl passwd -6 -stdin <"$secret")
    printf '%s:%s:%s:%s::%s:/sbin/nologin\n' "$user" "$hash" "$(id -u)" "$(id -g)" "/data/$user" >>/run/ftps/users
done

# Quiet, the daemon keeps to the log of its settings; a fault in these it tells only when it is asked before.
set -- --config /etc/service/proftpd.conf
! grep -q 'BEGIN RSA' /etc/service/tls/tls.key || set -- "$@" --define RSA
proftpd --configtest "$@"
# Users can make room themselves, so the daemon serves on a full volume too; in a shell of its own that ends at once.
(room /data &)
exec proftpd --nodaemon --quiet "$@"
