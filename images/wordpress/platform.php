<?php
/**
 * Plugin Name: ft_services
 * Description: What this platform decides: nothing outside is asked, people who are logged in may speak, strangers learn no names.
 * License: GPL-3.0-or-later
 */

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

declare(strict_types=1);

require_once '/usr/local/lib/service/attempts.php';

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

// Browsers would fetch pictures of emojis from outside; they have their own.
remove_action('wp_head', 'print_emoji_detection_script', 7);
remove_action('embed_head', 'print_emoji_detection_script');
add_action('admin_init', static fn () => remove_action('admin_print_scripts', 'print_emoji_detection_script'));
add_filter('emoji_svg_url', '__return_false');

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

// Who guesses passwords waits, and does not learn which login names there are.
$refuse = static fn (): WP_Error => new WP_Error('incorrect_password', '<strong>Error:</strong> The user name or the password is not right.');
add_filter('authenticate', static function (mixed $user, string $name): mixed {
    $wait = $name === '' ? 0 : (new Attempts())->wait($name, $_SERVER['REMOTE_ADDR'] ?? '');
    if ($wait === 0) {
        return $user;
    }
    remove_filter('authenticate', 'wp_authenticate_username_password', 20);
    remove_filter('authenticate', 'wp_authenticate_email_password', 20);
    remove_filter('authenticate', 'wp_authenticate_application_password', 20);
    if (!headers_sent()) {
        status_header(429);
        header("Retry-After: $wait");
    }
    return new WP_Error('too_many_attempts', "<strong>Error:</strong> Too many tries. The next one is possible in $wait seconds.");
}, 1, 2);
add_filter('authenticate', static function (mixed $user, string $name) use ($refuse): mixed {
    $client = $_SERVER['REMOTE_ADDR'] ?? '';
    if ($user instanceof WP_User) {
        (new Attempts())->succeeded($name, $client);
        return $user;
    }
    if (is_wp_error($user) && array_intersect($user->get_error_codes(), ['invalid_username', 'invalid_email', 'incorrect_password'])) {
        (new Attempts())->failed($name, $client);
        return $refuse();
    }
    return $user;
}, 99, 2);
// Passwords for applications come with each request.
add_filter('application_password_is_api_request', static fn (bool $is): bool =>
    $is && (new Attempts())->wait((string) ($_SERVER['PHP_AUTH_USER'] ?? ''), $_SERVER['REMOTE_ADDR'] ?? '') === 0);
add_action('application_password_failed_authentication', static fn () =>
    (new Attempts())->failed((string) ($_SERVER['PHP_AUTH_USER'] ?? ''), $_SERVER['REMOTE_ADDR'] ?? ''));
add_filter('rest_authentication_errors', static fn (mixed $result): mixed =>
    is_wp_error($result) && array_intersect($result->get_error_codes(), ['invalid_username', 'invalid_email', 'incorrect_password'])
        ? new WP_Error('incorrect_password', 'The user name or the password is not right.', ['status' => 401]) : $result, 999);
// Strangers get no list of users: not by REST, pages of authors, sitemaps, or what other sites embed.
add_filter('rest_pre_dispatch', static fn (mixed $result, WP_REST_Server $server, WP_REST_Request $request): mixed =>
    preg_match('~^/wp/v2/users(?:/|$)~i', $request->get_route()) && !is_user_logged_in()
        ? new WP_Error('rest_user_cannot_view', 'Users are shown to users.', ['status' => 401]) : $result, 10, 3);
add_action('template_redirect', static function (): void {
    // A number leads to the address with the name.
    if ((is_author() || isset($_GET['author']) || get_query_var('sitemap') === 'users') && !is_user_logged_in()) {
        $GLOBALS['wp_query']->set_404();
        status_header(404);
        nocache_headers();
        remove_action('template_redirect', 'redirect_canonical');
    }
}, 1);
add_filter('author_link', static fn (string $link): string => is_user_logged_in() ? $link : home_url('/'));
add_filter('wp_sitemaps_add_provider', static fn (mixed $provider, string $name): mixed => $name === 'users' ? false : $provider, 10, 2);
add_filter('oembed_response_data', static fn (array $data): array => array_diff_key($data, ['author_name' => 0, 'author_url' => 0]));
add_filter('comment_class', static fn (array $classes): array => preg_grep('/^comment-author-/', $classes, PREG_GREP_INVERT));

/** Why a picture cannot be taken, or nothing. To decode it takes four bytes for each of its dots, whatever the size of its file. */
function ft_services_too_large(string $path): string
{
    $size = @getimagesize($path);
    $dots = $size ? $size[0] * $size[1] : 0;
    return $dots > FT_SERVICES_DOTS
        ? sprintf('The picture has %d x %d dots; %d million are as many as this site takes.', $size[0], $size[1], FT_SERVICES_DOTS / 1000000) : '';
}

/** Why the volume cannot take a file of so many bytes, or nothing. What has to stay free is what the program "room" wants free, too. */
function ft_services_no_room(int $bytes): string
{
    [$left, $all] = [@disk_free_space(WP_CONTENT_DIR . '/uploads/'), @disk_total_space(WP_CONTENT_DIR . '/uploads/')];
    return $left !== false && $all && $left - $bytes < min($all / 10, 128 << 20)
        ? sprintf('There is no room for the file: the volume of this site has %d MB left. Who looks after the site can make room.', $left / (1 << 20)) : '';
}

// About 100 MB when decoded.
const FT_SERVICES_DOTS = 25_000_000;
foreach (['wp_handle_upload_prefilter', 'wp_handle_sideload_prefilter'] as $step) {
    add_filter($step, static function (array $file): array {
        $path = (string) $file['tmp_name'];
        $reason = ft_services_too_large($path) ?: ft_services_no_room((int) @filesize($path));
        return $reason === '' ? $file : ['error' => $reason] + $file;
    });
}
// The same for what came here in another way.
add_filter('wp_image_editors', static function (): array {
    require_once '/usr/local/lib/service/picture.php';
    return ['Ft_Services_Picture'];
});
