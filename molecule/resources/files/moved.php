<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Runs in WordPress's container: "fill" makes a site that comes from another address, "check" tells what is not at this one.

declare(strict_types=1);

require '/usr/share/webapps/wordpress/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/taxonomy.php';

const OLD = 'https://198.51.100.7:5050';
// None of these is the site's.
const OTHERS = 'https://198.51.100.77:5050/a https://198.51.100.7:50501/b https://198.51.100.7:5050.example/c https://x198.51.100.7:5050/d';

class Held
{
    public string $url = '';
    protected ?Held $next = null;
    private array $list = [];

    public static function of(string $url, ?Held $next = null): Held
    {
        $held = new self();
        [$held->url, $held->next, $held->list] = ["$url/ünï-日本", $next, [$url, ["kept" => "$url/ß"]]];
        return $held;
    }
}

/** All that is filled in, of an address: kind and name => value. */
function wanted(string $url): array
{
    $json = trim((string) json_encode($url), '"');
    $shared = (object) ['link' => "$url/shared/ü"];
    return [
        'option:moved_plain' => "$url/wp-content/uploads/2026/11/ä.png",
        'option:moved_nested' => ['日本' => [$url, ['deep' => ["$url/x?y=1#z", 7, 1.5, true, null]]], 'json' => $json],
        'option:moved_object' => Held::of($url, Held::of("$url/inner")),
        // WordPress serializes a serialized text once more.
        'option:moved_twice' => serialize(['a' => "$url/twice/é"]),
        'option:moved_shared' => [$shared, $shared],
        'option:moved_broken' => 's:5:"' . OLD . '";',
        'option:moved_others' => ['others' => OTHERS, 'own' => $url],
        'meta:moved' => ['url' => "$url/meta", 'block' => '<!-- wp:image {"url":"' . $json . '\/x.png"} -->'],
        'post' => "<!-- wp:image {\"url\":\"$json\\/a.png\",\"id\":7} --><img src=\"$url/a.png\" srcset=\"$url/a-1.png 1x, $url/b.png 2x\"/><!-- /wp:image -->"
            . '<a href="https://share.example/?u=' . rawurlencode("$url/p") . '">Grüße 日本 ' . str_replace('https:', '', $url) . "/rel $url</a> " . OTHERS,
        'comment' => "see $url/c — ok",
    ];
}

function post(string $title): ?WP_Post
{
    return get_posts(['title' => $title, 'post_status' => 'publish', 'numberposts' => 1])[0] ?? null;
}

global $wpdb;
if ($argv[1] === 'fill') {
    $id = 0;
    foreach (wanted(OLD) as $name => $value) {
        match (strtok($name, ':')) {
            'option' => update_option(strtok(':'), $value, false),
            default => null,
        };
    }
    $all = wanted(OLD);
    kses_remove_filters();
    $id = wp_insert_post(wp_slash(['post_title' => 'moved', 'post_status' => 'publish', 'post_content' => $all['post']]), true);
    update_post_meta($id, 'moved', wp_slash($all['meta:moved']));
    wp_insert_comment(['comment_post_ID' => $id, 'comment_content' => $all['comment'], 'comment_author_url' => OLD, 'comment_approved' => 1]);
    $wpdb->query($wpdb->prepare("UPDATE $wpdb->options SET option_value = %s WHERE option_name IN ('home', 'siteurl')", OLD));
    $wpdb->update($wpdb->options, ['option_value' => 's:5:"' . OLD . '";'], ['option_name' => 'moved_broken']);
    echo "filled\n";
    exit;
}
if ($argv[1] === 'remove') {
    foreach (array_keys(wanted(OLD)) as $name) {
        if (str_starts_with($name, 'option:')) {
            delete_option(substr($name, strlen('option:')));
        }
    }
    // Its meta and its comment go with it.
    wp_delete_post(post('moved')->ID, true);
    echo "removed\n";
    exit;
}

$wrong = [];
$expect = static function (string $name, mixed $found, mixed $value) use (&$wrong): void {
    // Text and types, whatever the objects' identities are.
    if (serialize($found) !== serialize($value)) {
        $wrong[] = "$name: " . var_export($found, true);
    }
};
$all = wanted(WP_HOME);
foreach ($all as $name => $value) {
    if (str_starts_with($name, 'option:') && $name !== 'option:moved_broken') {
        $expect($name, get_option(substr($name, 7)), $value);
    }
}
$post = post('moved');
$expect('post', $post?->post_content, $all['post']);
$expect('meta', get_post_meta($post->ID ?? 0, 'moved', true), $all['meta:moved']);
$comment = get_comments(['post_id' => $post->ID ?? 0])[0] ?? null;
$expect('comment', $comment?->comment_content, $all['comment']);
$expect('comment author', $comment?->comment_author_url, WP_HOME);
foreach (['home', 'siteurl'] as $name) {
    $expect($name, $wpdb->get_var("SELECT option_value FROM $wpdb->options WHERE option_name = '$name'"), WP_HOME);
}
$expect('broken', $wpdb->get_var("SELECT option_value FROM $wpdb->options WHERE option_name = 'moved_broken'"), 's:5:"' . OLD . '";');
echo $wrong ? implode("\n", $wrong) . "\n" : "nothing is wrong\n";
exit($wrong ? 1 : 0);
