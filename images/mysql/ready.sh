#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Are all accounts what the Secret says? The account that asks, without a password, is made after all the others.
set -eu

mariadb --no-defaults --socket=/run/mysqld/mysqld.sock --user=probe --connect-timeout=5 --execute='DO 1'
