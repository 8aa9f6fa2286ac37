<?php
/**
 * Plugin Name: ft_services, screens
 * Description: Pages that neither wait for the internet nor lead nowhere, and that say how this site is run.
 * License: GPL-3.0-or-later
 */

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

declare(strict_types=1);

// The site asks itself, for its health, by the loopback address: the way through the load balancer is closed to pods.
add_action('requests-requests.before_request', static function (string &$url, array &$headers): void {
    $home = home_url();
    if (str_starts_with("$url/", "$home/")) {
        $headers['Host'] = parse_url($home, PHP_URL_HOST) . ':' . (parse_url($home, PHP_URL_PORT) ?? 443);
        $url = 'https://127.0.0.1:5050' . substr($url, strlen($home));
    }
}, 10, 2);

// What Site Health asks about and what is decided otherwise here; docs/wordpress.md has the reasons.
add_filter('site_status_tests', static function (array $tests): array {
    $updates = ['wordpress_version', 'plugin_theme_auto_updates', 'update_temp_backup_writable', 'available_updates_disk_space'];
    foreach (['http_requests', ...$updates] as $name) {
        unset($tests['direct'][$name]);
    }
    foreach (['background_updates', 'dotorg_communication', 'loopback_requests', 'page_cache'] as $name) {
        unset($tests['async'][$name]);
    }
    return $tests;
});
// Pictures are decoded by gd, within a limit that imagick would not know.
add_filter('site_status_test_php_modules', static fn (array $modules): array => array_diff_key($modules, ['imagick' => 0]));

// The editor would wait for lists of blocks, patterns, pictures and fonts that lie outside.
add_action('init', static function (): void {
    remove_action('enqueue_block_editor_assets', 'wp_enqueue_editor_block_directory_assets');
    if (function_exists('wp_unregister_font_collection')) {
        wp_unregister_font_collection('google-fonts');
    }
}, 20);
add_filter('should_load_remote_block_patterns', '__return_false');
add_filter('block_editor_settings_all', static fn (array $settings): array => ['enableOpenverseMediaCategory' => false] + $settings);
// Its guide for newcomers, too, shows pictures from outside. What the user has set arrives after the editor's start and replaces all before.
add_action('enqueue_block_editor_assets', static function (): void {
    $guides = ['post' => ['welcomeGuide', 'welcomeGuideTemplate'],
        'site' => ['welcomeGuide', 'welcomeGuideStyles', 'welcomeGuidePage', 'welcomeGuideTemplate']];
    foreach ($guides as $editor => $names) {
        wp_add_inline_script("wp-edit-$editor", sprintf(
            '(() => { const store = "core/preferences", scope = "core/edit-%s", off = () => %s.forEach((name) => {'
            . ' if (wp.data.select(store).get(scope, name) !== false) wp.data.dispatch(store).set(scope, name, false); });'
            . ' off(); wp.data.subscribe(off, store); })();',
            $editor,
            wp_json_encode($names)
        ));
    }
});
// And so do the pages about WordPress itself.
foreach (['about', 'contribute', 'credits', 'freedoms', 'privacy'] as $page) {
    add_action("load-$page.php", static function (): never {
        wp_safe_redirect(admin_url());
        exit;
    });
}

// The way back to the other services.
add_action('admin_bar_menu', static function (WP_Admin_Bar $bar): void {
    $bar->remove_node('wp-logo');
    $bar->add_node(['id' => 'ft-services', 'title' => 'All services', 'href' => 'https://' . parse_url(home_url(), PHP_URL_HOST) . '/']);
}, 11);

// Plugins and themes are part of the image: who looks for the pages that install them learns how it is done here.
const FT_SERVICES_PLUGINS = 'Plugins and themes are part of this site&#8217;s image. Who looks after the platform adds the folder or zip file of one to the'
    . ' setting <code>services_wordpress_plugins</code> or <code>services_wordpress_themes</code> and runs <code>make up</code>; a plugin is then'
    . ' switched on, too. A newer WordPress comes with a newer bundle: <code>make refresh</code> where there is one.';
foreach (['plugin-editor', 'plugin-install', 'theme-editor', 'theme-install', 'update-core'] as $page) {
    // Some of them are refused before they are loaded.
    foreach (['admin_page_access_denied', "load-$page.php"] as $step) {
        add_action($step, static function () use ($page): void {
            if ($GLOBALS['pagenow'] === "$page.php") {
                wp_die('<h1>Not from here</h1><p>' . FT_SERVICES_PLUGINS . '</p>', 'Not from here', ['response' => 403, 'back_link' => true]);
            }
        });
    }
}
add_action('admin_notices', static function (): void {
    if (current_user_can('activate_plugins') && in_array($GLOBALS['pagenow'], ['plugins.php', 'themes.php'], true)) {
        echo '<div class="notice notice-info"><p>', FT_SERVICES_PLUGINS, '</p></div>';
        // Written by the program "plugins".
        $bad = trim((string) @file_get_contents('/run/plugins'));
        echo $bad === '' ? '' : '<div class="notice notice-error"><p>' . esc_html("Not all of them run: $bad") . '</p></div>';
    }
});

// The footer of the theme is a sample: links that lead nowhere, and names that nobody chose.
add_action('init', static function (): void {
    $slug = get_template() . '/footer';
    $patterns = WP_Block_Patterns_Registry::get_instance();
    if ($patterns->is_registered($slug)) {
        $patterns->unregister($slug);
        $patterns->register($slug, ['title' => 'Footer', 'inserter' => false, 'blockTypes' => ['core/template-part/footer'], 'content' => FT_SERVICES_FOOTER]);
    }
}, 20);
const FT_SERVICES_FOOTER = '<!-- wp:group {"style":{"spacing":{"padding":{"top":"var:preset|spacing|60","bottom":"var:preset|spacing|50"}}},'
    . '"layout":{"type":"constrained"}} --><div class="wp-block-group" style="padding-top:var(--wp--preset--spacing--60);'
    . 'padding-bottom:var(--wp--preset--spacing--50)"><!-- wp:site-title {"level":0} /--></div><!-- /wp:group -->';
