#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs several daemons in one container: the first to end ends all, so that the container restarts as a whole.
#
#   supervise SIGNAL COMMAND [SIGNAL COMMAND]...
#
# SIGNAL is what asks that daemon to stop in good order; COMMAND must stay in the foreground. For INT and QUIT it must
# have handlers of its own, as real daemons do: a shell starts what runs in the background with these two ignored.
# Exit status: 0 after a stop from outside (TERM, INT); 1 when a daemon ended by itself, even with status 0; 2 for wrong use.
# SUPERVISE_GRACE: seconds that the daemons get to stop before they are killed (10).
set -u

daemons='' # SIGNAL:PID:NAME of each
asked=''
ended=''

say() {
    echo "supervise: $*" >&2
}

# Each daemon leads a process group of its own (setsid): "tini -g" does not signal it past this script,
# and the workers of a killed master can be ended with it.
start() {
    setsid sh -c "exec $2" &
    name=${2%% *}
    daemons="$daemons $1:$!:${name##*/}"
}

# Calls function $1 with signal, PID and name of every daemon.
each() {
    for daemon in $daemons; do
        rest=${daemon#*:}
        "$1" "${daemon%%:*}" "${rest%%:*}" "${rest#*:}"
    done
}

alive() {
    kill -0 "$2" 2>/dev/null
}

look() {
    alive "$@" && return
    wait "$2"
    say "$3 ended with status $?, stopping the container"
    ended=yes
}

count() {
    if alive "$@"; then left=$((left + 1)); fi
}

ask() {
    kill -s "$1" "$2" 2>/dev/null
}

end() {
    kill -s KILL -- "-$2" 2>/dev/null
}

# Waiting for a sleep in the background, unlike sleeping, stops at once when a trapped signal comes.
pause() {
    sleep 1 &
    wait "$!"
}

if [ "$#" -eq 0 ] || [ "$(($# % 2))" -ne 0 ]; then
    say 'usage: supervise SIGNAL COMMAND [SIGNAL COMMAND]...'
    exit 2
fi

trap 'asked=yes' TERM INT

while [ "$#" -gt 0 ]; do
    start "$1" "$2"
    shift 2
done

# "wait -n" would do, but BusyBox takes it for "wait for all". Asking once a second works in every shell.
while [ -z "$asked$ended" ]; do
    pause
    each look
done

each ask
seconds=${SUPERVISE_GRACE:-10}
left=1
while [ "$left" -gt 0 ] && [ "$seconds" -gt 0 ]; do
    pause
    seconds=$((seconds - 1))
    left=0
    each count
done
each end

[ -z "$ended" ]
