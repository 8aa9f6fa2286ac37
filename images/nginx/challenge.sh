#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Lays out the proof $1 that a certificate's authority asks for on port 80; its content comes on standard input. Without any it is taken
# away. It is in memory only, and nginx shows it.
set -eu
umask 077

case $1 in
    '' | *[!A-Za-z0-9_-]*)
        echo "challenge: '$1' is no name of a proof" >&2
        exit 1
        ;;
esac
folder=${CHALLENGES:-/run/acme}/.well-known/acme-challenge
mkdir -p "$folder"
# The name is taken only when all of it is there.
head -c 1024 >"$folder/.$1"
if [ -s "$folder/.$1" ]; then
    mv "$folder/.$1" "$folder/$1"
else
    rm -f "$folder/.$1" "$folder/$1"
fi
