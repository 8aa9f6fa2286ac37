#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The kubelet is asked where this pod has rights in the whole cluster, and so a token.
set -eu

set -- --config /etc/telegraf/telegraf.conf
if [ -e /etc/service/kubernetes/token ]; then
    set -- "$@" --config /etc/telegraf/kubelet.conf
fi
exec telegraf "$@"
