<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// WordPress finds this file beside its code.

require_once '/usr/local/lib/service/settings.php';
require_once ABSPATH . 'wp-settings.php';
