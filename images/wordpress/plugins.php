<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the program "plugins" asks for. Each call is a process of its own, as a plugin may end it:
//   settle               forget plugins and a theme that the image does not have any more; print "on PLUGIN" for each that is on, and
//                        "new PLUGIN" for each that was never switched on
//   activate PLUGIN      switch one on
//   deactivate PLUGIN    switch one off without running anything of it
//   try PLUGINS          make the front page with these plugins and no others; one in each line
// Why it cannot be done is written to file descriptor 3, and the status is 1.

declare(strict_types=1);

// Those that were switched on here. What people switch off afterwards stays off.
const KNOWN = 'ft_services_plugins';
// Nobody can be told by mail, and nothing is paused for somebody's session.
const WP_DISABLE_FATAL_ERROR_HANDLER = true;
// Ended by an error that PHP cannot go on after.
const FATAL = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;

require '/usr/local/lib/service/settings.php';

/** Say why it is not done, and end. */
function give_up(string $reason): never
{
    // Of an exception the first line tells what and where; what called what goes to the log.
    [$line] = explode("\nStack trace:", $reason);
    $code = realpath('/usr/share/webapps/wordpress');
    $line = str_replace(["$code/wp-content/", "$code/"], '', trim((string) preg_replace('/\s+/', ' ', strip_tags($line))));
    file_put_contents('php://fd/3', "$line\n");
    exit(1);
}

[, $task] = $argv;
$plugins = array_values(array_filter(explode("\n", $argv[2] ?? ''), strlen(...)));
$done = false;
register_shutdown_function(static function () use (&$done): void {
    $error = error_get_last();
    if ($error && $error['type'] & FATAL) {
        $place = str_starts_with($error['message'], 'Uncaught ') ? '' : " in {$error['file']}:{$error['line']}";
        give_up($error['message'] . $place);
    }
    if (!$done) {
        give_up('it ended PHP before the page was there');
    }
});

// The request for the front page, as the web server would hand it on.
$_SERVER += ['REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'SERVER_NAME' => $_SERVER['HTTP_HOST'], 'HTTPS' => 'on', 'REMOTE_ADDR' => '127.0.0.1'];
// WordPress finds these among the global variables.
global $wp_filter;
$first = static fn (Closure $function, int $count = 0): array => [10 => [['function' => $function, 'accepted_args' => $count]]];
$wp_filter = ['wp_die_handler' => $first(static fn (): callable => static fn (string|WP_Error $why) =>
    give_up(is_wp_error($why) ? $why->get_error_message() : $why))];
if ($task === 'try') {
    $wp_filter['pre_option_active_plugins'] = $first(static fn (): array => $plugins);
    // Its template may end PHP, as one that redirects does.
    $wp_filter['wp_loaded'] = $first(static function () use (&$done): void {
        $done = true;
    });
    define('WP_USE_THEMES', true);
} elseif ($task !== 'activate') {
    // Loads no plugin, and no functions of the theme.
    define('WP_INSTALLING', true);
}
require '/usr/share/webapps/wordpress/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';

/** Keep what is on, and what was switched on here. */
function keep(array $on, array $known): void
{
    update_option('active_plugins', array_values($on));
    update_option(KNOWN, array_values($known), false);
}

[$on, $known] = [(array) get_option('active_plugins', []), (array) get_option(KNOWN, [])];

if ($task === 'settle') {
    $there = array_keys(get_plugins());
    foreach (array_diff($on, $there) as $plugin) {
        fwrite(STDERR, "the plugin $plugin is not in the image any more and was switched off\n");
    }
    // One for each folder: that of its name, or else the first.
    $main = [];
    foreach ($there as $plugin) {
        $folder = dirname($plugin);
        if ($folder !== '.' && (!isset($main[$folder]) || $plugin === "$folder/$folder.php")) {
            $main[$folder] = $plugin;
        }
    }
    [$on, $known] = [array_intersect($on, $there), array_intersect($known, $there)];
    keep($on, $known);
    $theme = wp_get_theme();
    if ($theme->errors()) {
        $other = WP_Theme::get_core_default_theme() ?: current(wp_get_themes()) ?: give_up('there is no theme that could show the site');
        fwrite(STDERR, "the theme {$theme->get_stylesheet()} cannot be used: {$theme->errors()->get_error_message()} {$other->get_stylesheet()} is used\n");
        switch_theme($other->get_stylesheet());
    }
    foreach ($on as $plugin) {
        echo "on $plugin\n";
    }
    foreach (array_diff($main, $on, $known) as $plugin) {
        echo "new $plugin\n";
    }
} elseif ($task === 'activate') {
    // Some ask whether who does so may.
    wp_set_current_user(get_user_by('login', 'admin')->ID ?? 0);
    $result = activate_plugin($plugins[0]);
    // That it wrote something is no reason.
    if (is_wp_error($result) && $result->get_error_code() !== 'unexpected_output') {
        give_up($result->get_error_message());
    }
    update_option(KNOWN, array_values(array_unique([...$known, $plugins[0]])), false);
} elseif ($task === 'deactivate') {
    // A newer one is new again.
    keep(array_diff($on, $plugins), array_diff($known, $plugins));
} else {
    remove_filter('template_redirect', 'redirect_canonical');
    ob_start();
    wp();
    require ABSPATH . WPINC . '/template-loader.php';
    ob_end_clean();
}
$done = true;
