<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Settings of phpMyAdmin: one server, login with an account of it.

declare(strict_types=1);

require_once '/usr/local/lib/service/service.php';

$cfg['Servers'][1] = [
    'host' => trim((string) file_get_contents('/etc/service/config/database.host')),
    'auth_type' => 'cookie',
    'AllowNoPassword' => false,
    'AllowRoot' => false,
    // Encrypted, and only with who has a certificate of the local CA.
    'ssl' => true,
    'ssl_ca' => '/etc/service/tls/ca.crt',
    'ssl_verify' => true,
];
$cfg['AllowArbitraryServer'] = false;

// Encrypts the login in the cookie; 32 bytes.
$cfg['blowfish_secret'] = (string) hex2bin(secret('cookie_key'));
$cfg['LoginCookieValidity'] = 1440;

$cfg['TempDir'] = '/tmp/phpmyadmin';
$cfg['ExecTimeLimit'] = 300;
// Nothing outside is asked.
$cfg['VersionCheck'] = false;
$cfg['SendErrorReports'] = 'never';
// It keeps nothing of its own in the database.
$cfg['ZeroConf'] = false;
$cfg['PmaNoRelation_DisableWarning'] = true;
