<?php
/**
 * Plugin Name: ft_services
 * Description: What this platform decides: nothing outside is asked, no mail is sent, people who are logged in may speak.
 * License: GPL-3.0-or-later
 */

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

declare(strict_types=1);

// The site's own address counts as outside too: it is the load balancer's.
add_filter('block_local_requests', '__return_true');
// Looking for new versions would ask outside.
remove_action('init', 'wp_schedule_update_checks');
foreach (['core', 'plugins', 'themes'] as $part) {
    remove_action('admin_init', "_maybe_update_$part");
    foreach (['plugins', 'themes', 'update', 'update-core'] as $page) {
        remove_action("load-$page.php", "wp_update_$part");
    }
    remove_action("wp_update_$part", "wp_update_$part");
}
remove_action('wp_version_check', 'wp_version_check');
remove_action('wp_maybe_auto_update', 'wp_maybe_auto_update');
add_action('wp_dashboard_setup', static fn () => remove_meta_box('dashboard_primary', 'dashboard', 'side'));
add_filter('site_status_tests', static function (array $tests): array {
    unset($tests['async']['background_updates'], $tests['async']['dotorg_communication'], $tests['async']['loopback_requests']);
    return $tests;
});

// Browsers would fetch pictures of emojis from outside; they have their own.
remove_action('wp_head', 'print_emoji_detection_script', 7);
remove_action('embed_head', 'print_emoji_detection_script');
add_action('admin_init', static fn () => remove_action('admin_print_scripts', 'print_emoji_detection_script'));
add_filter('emoji_svg_url', '__return_false');

// There is no mail server: say so at once.
add_filter('pre_wp_mail', '__return_false');

// nginx refuses xmlrpc.php.
add_filter('xmlrpc_enabled', '__return_false');
remove_action('wp_head', 'rsd_link');

// What would wait for an editor is shown at once when its writer is logged in. Spam stays spam.
add_filter(
    'pre_comment_approved',
    static fn (mixed $approved, array $comment): mixed =>
        (string) $approved === '0' && !empty($comment['user_id']) ? 1 : $approved,
    10,
    2,
);
