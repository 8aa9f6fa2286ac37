<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Brings the site to what this start wants, whatever the database holds: installs it when there is none, makes it fit newer code,
// adds the users of the Secret that are missing, and gives these users the passwords of the Secret. All else is left alone.
//
// Rows are written in one transaction: a run that is ended anywhere leaves none of them. Its last row names this start; it is what
// the readiness probe waits for.

declare(strict_types=1);

// Login names are also the names of the files with the passwords: NAME_password.
const USERS = ['admin' => 'administrator', 'editor' => 'editor', 'author' => 'author'];
const MARK = 'ft_services_start';

// Before there is a site, its absence is no error; and tables without a site are what an ended run has left.
const WP_INSTALLING = true;
const WP_REPAIRING = true;

require '/usr/local/lib/service/settings.php';
require '/usr/local/lib/service/address.php';

/** Say why it does not go on, and end. */
function give_up(string $reason): never
{
    fwrite(STDERR, trim((string) preg_replace('/\s+/', ' ', $reason)) . "\n");
    exit(1);
}

/** In place of WordPress's function of this name, which sends mail. */
function wp_new_blog_notification(): void
{
}

/** Install the site; there are empty tables. */
function install(): void
{
    // Chosen beforehand: WordPress would find out by calling its own address.
    $GLOBALS['wp_rewrite']->set_permalink_structure('/%postname%/');
    wp_install(SITE_TITLE, 'admin', 'admin@wordpress.invalid', true, '', secret('admin_password'));
    // Pictures of people would come from outside.
    update_option('show_avatars', 0);
}

/** Add the users that are missing, and give those that exist their passwords. */
function settle_users(): void
{
    foreach (USERS as $login => $role) {
        $password = secret("{$login}_password");
        $user = get_user_by('login', $login);
        if (!$user) {
            $made = wp_insert_user([
                'user_login' => $login,
                'user_pass' => $password,
                'user_email' => "$login@wordpress.invalid",
                'display_name' => ucfirst($login),
                'role' => $role,
            ]);
            if (is_wp_error($made)) {
                give_up("the user $login cannot be made: {$made->get_error_message()}");
            }
        } elseif (!wp_check_password($password, $user->user_pass, $user->ID)) {
            wp_set_password($password, $user->ID);
        }
    }
}

$installed = false;
$refused = '';
try {
    $database = database();
    $installed = (bool) $database->query("SELECT option_value FROM {$table_prefix}options WHERE option_name = 'siteurl'")
        ->fetch_column();
    $refused = $installed ? newer_data($database) : '';
    $database->close();
} catch (mysqli_sql_exception $error) {
    // 1146: there is no such table.
    if ($error->getCode() !== 1146) {
        give_up("the database does not answer: {$error->getMessage()}");
    }
}

if ($refused !== '') {
    give_up($refused);
}

// WordPress finds these among the global variables.
global $wpdb, $wp_db_version, $wp_filter;
if (!$installed) {
    // While it starts it misses its tables, and would log each miss.
    $quiet = static fn () => $GLOBALS['wpdb']->suppress_errors();
    $wp_filter = ['muplugins_loaded' => [10 => [['function' => $quiet, 'accepted_args' => 0]]]];
}
require '/usr/share/webapps/wordpress/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
$wpdb->suppress_errors(false);

add_filter('wp_die_handler', static fn (): callable => static fn (string|WP_Error $why) =>
    give_up(strip_tags(is_wp_error($why) ? $why->get_error_message() : $why)));
// A new connection would have lost the transaction.
$wpdb->reconnect_retries = 0;

// Tables first: making or changing one would end the transaction.
if (!$installed) {
    make_db_current_silent();
    // An ended run has used up numbers; WordPress takes it that its first post is number 1.
    foreach ($wpdb->tables() as $table) {
        $wpdb->query("ALTER TABLE $table AUTO_INCREMENT = 1");
    }
} elseif ((int) get_option('db_version') !== $wp_db_version) {
    wp_upgrade();
}

$wpdb->query('START TRANSACTION');
if (!$installed) {
    install();
}
settle_users();
// A backup of another address, or another address of this site.
try {
    $changed = follow_address($wpdb);
} catch (RuntimeException $error) {
    give_up("the links cannot follow to the new address: {$error->getMessage()}");
}
if ($changed > 0) {
    echo 'the site is at ' . WP_HOME . " now: $changed texts with its old address were changed\n";
}
$marks = ['ft_services_version' => $GLOBALS['wp_version'], MARK => trim((string) file_get_contents('/run/start'))];
foreach ($marks as $name => $value) {
    $wpdb->replace($wpdb->options, ['option_name' => $name, 'option_value' => $value, 'autoload' => 'off']);
}
if ($wpdb->query('COMMIT') === false) {
    give_up("the database did not keep it: $wpdb->last_error");
}
