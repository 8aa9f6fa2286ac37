<?php
/**
 * Plugin Name: ft_services pages
 * Description: nginx keeps pages for readers who are not logged in; here it is told when they are no longer right, and which it must not keep.
 * License: GPL-3.0-or-later
 */

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

declare(strict_types=1);

/** Remove all pages that nginx keeps: which of them show what has changed, nobody knows. */
function ft_services_forget_pages(): void
{
    foreach (glob('/tmp/pages/*/*') ?: [] as $file) {
        // nginx may have been faster.
        @unlink($file);
    }
}

/** The same at the end of the request, once for all that it changes; the answer goes out after that. */
function ft_services_pages_changed(): void
{
    if (!has_action('shutdown', 'ft_services_forget_pages')) {
        add_action('shutdown', 'ft_services_forget_pages');
    }
}

// Whatever is written of posts, comments, terms and users empties WordPress's own memory of it by one of these.
foreach (['clean_post_cache', 'clean_comment_cache', 'clean_term_cache', 'clean_user_cache', 'wp_set_comment_status', 'wp_insert_comment',
    'switch_theme', 'customize_save_after', 'activated_plugin', 'deactivated_plugin'] as $event) {
    add_action($event, 'ft_services_pages_changed', 10, 0);
}
// Settings, among them what themes, menus and widgets are; but not what WordPress notes down for itself, and neither what timed tasks do: a
// post that one of them publishes has its own event above.
foreach (['added_option', 'updated_option', 'deleted_option'] as $event) {
    add_action($event, static function (string $name): void {
        if ($name !== 'cron' && !wp_doing_cron() && !preg_match('/^_(?:site_)?transient_/', $name)) {
            ft_services_pages_changed();
        }
    });
}

// A draft, and what a password opens, are for one reader even where no cookie says so; plugins say the same by a constant of this name.
add_action('template_redirect', static function (): void {
    $secret = is_singular() && (get_queried_object()->post_password ?? '') !== '';
    if ($secret || is_preview() || is_customize_preview() || (defined('DONOTCACHEPAGE') && DONOTCACHEPAGE)) {
        nocache_headers();
    }
}, 99);
