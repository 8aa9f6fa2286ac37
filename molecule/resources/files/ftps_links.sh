#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Lays links in the user's folder of the service ftps, as somebody with rights in the container could.
set -eu

cd /data
mkdir -p outside/folder ft/deeper
echo untouched >outside/file
ln -sfn / ft/link-root
ln -sfn .. ft/link-up
ln -sfn /data/outside ft/link-outside
ln -sfn ../../outside ft/deeper/link-outside
ln -sfn /data/outside/file ft/link-file
ln -sfn ../outside/file ft/link-relative
ln -sfn /data/outside/new ft/link-new
