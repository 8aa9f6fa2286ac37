<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Answers the readiness probe: is the database there, with everything that this start has to put into it, and does every plugin run?

declare(strict_types=1);

require '/usr/local/lib/service/settings.php';

try {
    $database = database();
    $found = $database->query("SELECT option_value FROM {$table_prefix}options WHERE option_name = 'ft_services_start'");
    $start = $found->fetch_column();
    if ($start === trim((string) file_get_contents('/run/start'))) {
        // Written by the program "plugins".
        $reason = @file_get_contents('/run/plugins');
        $reason = $reason === false ? 'the plugins are being switched on' : trim($reason);
    } else {
        $reason = newer_data($database) ?: 'the site is being set up';
    }
} catch (mysqli_sql_exception $error) {
    // 1146: there is no such table.
    $reason = $error->getCode() === 1146
        ? 'the site is being set up'
        : "the database does not answer: {$error->getMessage()}";
}
answer($reason);
