<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Answers the readiness probe: can one log in to the database? With an account that may do nothing else.
// Keeps the number of sessions bounded, too: each stranger's request without a cookie begins one.

declare(strict_types=1);

require '/usr/local/lib/service/service.php';

const SESSIONS = 8000;
$sessions = glob('/tmp/sessions/sess_*', GLOB_NOSORT) ?: [];
if (count($sessions) > SESSIONS) {
    // The sessions of people who work are the ones used last.
    $used = array_combine($sessions, array_map(static fn (string $path): int => (int) @filemtime($path), $sessions));
    asort($used);
    array_map(static fn (string $path): bool => @unlink($path), array_slice(array_keys($used), 0, count($used) - SESSIONS / 2));
}

try {
    $databaseServer = json_decode((string) file_get_contents('/etc/service/config/database.json'), true, 2, JSON_THROW_ON_ERROR);
    connect($databaseServer['host'], $databaseServer['port'], 'phpmyadmin', '')->close();
    answer('');
} catch (mysqli_sql_exception $error) {
    answer("the database does not answer: {$error->getMessage()}");
}
