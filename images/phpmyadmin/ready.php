<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Answers the readiness probe: can one log in to the database? With an account that may do nothing else.

declare(strict_types=1);

require '/usr/local/lib/service/service.php';

try {
    connect(trim((string) file_get_contents('/etc/service/config/database.host')), 'phpmyadmin', '')->close();
    answer('');
} catch (mysqli_sql_exception $error) {
    answer("the database does not answer: {$error->getMessage()}");
}
