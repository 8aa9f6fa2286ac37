<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the services in PHP share.

declare(strict_types=1);

/**
 * The content of a file of the Secret; without it nothing works.
 */
function secret(string $name): string
{
    $folder = '/etc/service/secrets';
    // PHP remembers for long where a link leads. The kubelet turns this one when the Secret changes; once more, if just now.
    for ($try = 0; $try < 2; $try++) {
        $text = rtrim((string) @file_get_contents("$folder/" . readlink("$folder/..data") . "/$name"), "\n");
        if ($text !== '') {
            return $text;
        }
    }
    throw new RuntimeException("$folder/$name is missing or empty");
}

// Encrypted, and only with who has a certificate of php.ini's CA for this host: without the second flag mysqlnd takes any.
const DATABASE_FLAGS = MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_VERIFY_SERVER_CERT;

/**
 * A connection to the database. What goes wrong is an exception with the server's reason.
 */
function connect(string $host, int $port, string $user, string $name): mysqli
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $database = new mysqli();
    $database->options(MYSQLI_OPT_CONNECT_TIMEOUT, 4);
    // The exception says the same as the warnings.
    @$database->real_connect($host, $user, secret('database_password'), $name, $port, null, DATABASE_FLAGS);
    return $database;
}

/**
 * Answer the readiness probe: with the reason why people cannot be served, or with none when they can.
 *
 * The reason stands in the status line, because that is what BusyBox's wget shows of a refusal.
 */
function answer(string $reason): void
{
    if ($reason === '') {
        echo "ok\n";
        return;
    }
    $line = substr(trim((string) preg_replace('/[^\x20-\x7e]+/', ' ', $reason)), 0, 200);
    header("HTTP/1.1 503 $line");
    echo $line, "\n";
}
