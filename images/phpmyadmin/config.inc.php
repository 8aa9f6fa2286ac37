<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Settings of phpMyAdmin: one server, login with an account of it.

declare(strict_types=1);

require_once '/usr/local/lib/service/attempts.php';
require_once '/usr/local/lib/service/service.php';

// Who guesses passwords waits. This file is read before phpMyAdmin looks at the login; whether that was right tell its cookies.
// No password lets root in: there is nothing to guess, and the verification, which tries it each time, would have to wait.
if (is_string($_POST['pma_username'] ?? null) && !in_array($_POST['pma_username'], ['', 'root'], true)) {
    (static function (string $name, string $client): void {
        $attempts = new Attempts();
        $wait = $attempts->wait($name, $client);
        if ($wait > 0) {
            http_response_code(429);
            header("Retry-After: $wait");
            header('Content-Type: text/plain; charset=utf-8');
            echo "Too many tries. The next one is possible in $wait seconds.\n";
            exit;
        }
        register_shutdown_function(static function () use ($attempts, $name, $client): void {
            $in = preg_grep('/^Set-Cookie: [^=]*pmaAuth-1[^=]*=(?!deleted;)[^;]/i', headers_list()) !== [];
            $in ? $attempts->succeeded($name, $client) : $attempts->failed($name, $client);
        });
    })($_POST['pma_username'], $_SERVER['REMOTE_ADDR'] ?? '');
}

$databaseServer = json_decode((string) file_get_contents('/etc/service/config/database.json'), true, 2, JSON_THROW_ON_ERROR);
$cfg['Servers'][1] = [
    'host' => $databaseServer['host'],
    'port' => (string) $databaseServer['port'],
    'auth_type' => 'cookie',
    'AllowNoPassword' => false,
    'AllowRoot' => false,
    // Encrypted, and only with who has a certificate of the database's CA.
    'ssl' => true,
    'ssl_ca' => '/etc/service/secrets/database_ca.crt',
    'ssl_verify' => true,
];
$cfg['AllowArbitraryServer'] = false;

// Encrypts the login in the cookie; 32 bytes.
$cfg['blowfish_secret'] = (string) hex2bin(secret('cookie_key'));
$cfg['LoginCookieValidity'] = 1440;

$cfg['TempDir'] = '/tmp/phpmyadmin';
$cfg['ExecTimeLimit'] = 300;
// php.ini's: it is what fits into the container.
$cfg['MemoryLimit'] = '0';
// Nothing outside is asked.
$cfg['VersionCheck'] = false;
$cfg['SendErrorReports'] = 'never';
// It keeps nothing of its own in the database.
$cfg['ZeroConf'] = false;
$cfg['PmaNoRelation_DisableWarning'] = true;
