<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The command "users": prints login name and roles of every user of the site, administrators first.

declare(strict_types=1);

require '/usr/local/lib/service/settings.php';

$found = database()->query(
    "SELECT user_login, meta_value FROM {$table_prefix}users JOIN {$table_prefix}usermeta ON user_id = ID"
    . " WHERE meta_key = '{$table_prefix}capabilities' ORDER BY meta_value NOT LIKE '%\"administrator\"%', ID"
);
foreach ($found->fetch_all(MYSQLI_ASSOC) as $user) {
    $roles = array_keys(array_filter(unserialize($user['meta_value'], ['allowed_classes' => false])));
    echo $user['user_login'], "\t", implode(',', $roles), "\n";
}
