#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Keeps data from programs that are older than what wrote them. A folder of data says in its file .written_by which program that
# was, such as "MariaDB 11.8.9"; the image says the same of itself in /etc/service/version.
#
#   written_by image NAME TEXT    when an image is built: writes that file; the version is the first number in TEXT
#   written_by program            prints what the image says
#   written_by accepts "WRITER"   does this program take what WRITER wrote? Exit status 1, and why not on standard error
#   written_by check FOLDER       the same for a folder
#   written_by claim FOLDER       at a start: like check; from here on the folder is this program's, even if it is killed
#   written_by due FOLDER         does an upgrade of the data remain to be done? Exit status 0 for yes
#   written_by finish FOLDER      none remains
#
# Only the first two numbers of versions are compared: between releases that differ in the third, data keep their form.
# Data without the file are from before there was one: they are taken, and upgraded.
set -eu
if [ "$1" = image ]; then
    mkdir -p /etc/service
    echo "$2 $(echo "$3" | sed -n '1s/^[^0-9]*\([0-9][0-9.]*[0-9]\).*/\1/p')" >/etc/service/version
    set -- program
fi
program=$(cat /etc/service/version)

say() {
    echo "written_by: $*" >&2
}

case $program in
*' '[0-9]*.[0-9]*) ;;
*)
    say "/etc/service/version says \"$program\": that is no name with a version"
    exit 1
    ;;
esac

series() {
    echo "${1##* }" | sed 's/^\([0-9]*\.[0-9]*\).*/\1/'
}

accepts() {
    case $1 in
    *' '[0-9]*.[0-9]*) ;;
    *)
        say "it is not known what wrote these data: \"$1\" is no name with a version. Nothing was changed."
        return 1
        ;;
    esac
    if [ "${1% *}" = "${program% *}" ]; then
        newest=$(printf '%s\n%s\n' "$(series "$1")" "$(series "$program")" | sort -t . -k 1,1n -k 2,2n | tail -n 1)
        [ "$newest" != "$(series "$program")" ] || return 0
    fi
    say "these data were written by $1, and this is $program, which may destroy what it does not know. Nothing was changed." \
        "Use a bundle with ${1% *} $(series "$1") or newer (bundle_path), or go back to a backup that $program wrote:" \
        "make purge, make up, make restore ARGS='-e backup_name=NAME'."
    return 1
}

# Its two words, without what remains to be done.
writer() {
    sed -n '1{s/ upgrading$//;p;}' "$1/.written_by"
}

write() {
    echo "$2" >"$1/.written_by.new"
    mv "$1/.written_by.new" "$1/.written_by"
    sync
}

check() {
    [ ! -f "$1/.written_by" ] || accepts "$(writer "$1")"
}

due() {
    [ ! -f "$1/.written_by" ] || grep -q ' upgrading$' "$1/.written_by"
}

finish() {
    [ "$(cat "$1/.written_by" 2>/dev/null)" = "$program" ] || write "$1" "$program"
}

case $1 in
program) echo "$program" ;;
accepts) accepts "$2" ;;
check) check "$2" ;;
claim)
    check "$2"
    if due "$2" || [ "$(series "$(writer "$2")")" != "$(series "$program")" ]; then
        write "$2" "$program upgrading"
    else
        finish "$2"
    fi
    ;;
due) due "$2" ;;
finish) finish "$2" ;;
*)
    say "there is no \"$1\""
    exit 2
    ;;
esac
