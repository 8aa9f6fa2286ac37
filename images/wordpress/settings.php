<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Settings of WordPress, for its pages (wp-config.php) and for what works beside it.

declare(strict_types=1);

require_once '/usr/local/lib/service/service.php';

(static function (): void {
    $config = json_decode((string) file_get_contents('/etc/service/config/wordpress.json'), true, 8, JSON_THROW_ON_ERROR);
    $salt = secret('salt');

    define('DATABASE_HOST', $config['database_host']);
    define('DATABASE_PORT', $config['database_port']);
    // WordPress's way to write both; an IPv6 address needs brackets.
    define('DB_HOST', (str_contains(DATABASE_HOST, ':') ? '[' . DATABASE_HOST . ']' : DATABASE_HOST) . ':' . DATABASE_PORT);
    define('DB_NAME', 'wordpress');
    define('DB_USER', 'wordpress');
    define('DB_PASSWORD', secret('database_password'));
    define('DB_CHARSET', 'utf8mb4');
    define('DB_COLLATE', '');
    define('MYSQL_CLIENT_FLAGS', DATABASE_FLAGS);

    // Stronger than what the database holds: a new address needs no change there.
    define('WP_HOME', $config['url']);
    define('WP_SITEURL', $config['url']);
    define('SITE_TITLE', $config['title']);
    // Empty where no mail is sent.
    define('MAIL', (array) $config['mail']);

    foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $name) {
        define("{$name}_KEY", hash_hmac('sha256', "{$name}_KEY", $salt));
        define("{$name}_SALT", hash_hmac('sha256', "{$name}_SALT", $salt));
    }

    define('FORCE_SSL_ADMIN', true);
    // The code is part of the image and read-only; a new version is a new image.
    define('DISALLOW_FILE_MODS', true);
    define('AUTOMATIC_UPDATER_DISABLED', true);
    define('WP_AUTO_UPDATE_CORE', false);
    define('WP_POST_REVISIONS', 20);
    // php.ini's, also where WordPress would ask for more: it is what fits into the container.
    define('WP_MEMORY_LIMIT', ini_get('memory_limit'));
    define('WP_MAX_MEMORY_LIMIT', ini_get('memory_limit'));
    // The program "cron-loop" runs what is due.
    define('DISABLE_WP_CRON', true);
    // Nothing outside is asked: it need not exist, and a page would wait for it.
    define('WP_HTTP_BLOCK_EXTERNAL', true);

    // What a web server would have said.
    if (PHP_SAPI === 'cli') {
        $_SERVER['HTTP_HOST'] = parse_url($config['url'], PHP_URL_HOST);
        $_SERVER['REQUEST_URI'] = '/';
    }
})();

$table_prefix = 'wp_';

/**
 * Why these data are not for this WordPress, or nothing: an older one would not know what a newer one has put there.
 *
 * @param array<string, string> $kept the options "db_version" (WordPress's own number of the form of its tables) and "ft_services_version"
 */
function newer(array $kept, string $version, int $form): string
{
    $series = static fn (string $version): string => implode('.', array_slice(explode('.', $version), 0, 2));
    $writer = $kept['ft_services_version'] ?? '';
    $known = version_compare($series($writer), $series($version), '<=');
    if ((int) ($kept['db_version'] ?? 0) <= $form && $known) {
        return '';
    }
    return 'the database was written by WordPress ' . ($known ? "with tables of the form {$kept['db_version']}" : $writer) . ", and this is WordPress $version, which may destroy"
        . ' what it does not know. Nothing was changed. Use a bundle with that WordPress or a newer one (bundle_path), or go back to a backup'
        . " that WordPress $version wrote: make restore ARGS='-e backup_name=NAME'.";
}

/** The same of the database that is there; mysqli_sql_exception without one. */
function newer_data(mysqli $database): string
{
    require '/usr/share/webapps/wordpress/wp-includes/version.php';
    $found = $database->query("SELECT option_name, option_value FROM {$GLOBALS['table_prefix']}options"
        . " WHERE option_name IN ('db_version', 'ft_services_version')");
    return newer(array_column($found->fetch_all(), 1, 0), $wp_version, $wp_db_version);
}

/**
 * A connection to WordPress's database, for what works beside its pages.
 */
function database(): mysqli
{
    return connect(DATABASE_HOST, DATABASE_PORT, DB_USER, DB_NAME);
}
