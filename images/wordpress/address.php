<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Gives the links in the database another address, when the site has moved: posts, settings, menus, comments, all that is text.

declare(strict_types=1);

/** Changes the address in texts, also inside of what PHP has serialized, whose lengths stay right. */
final class Address
{
    private readonly string $pattern;

    /** Both as "host" or "host:port". */
    public function __construct(string $old, private readonly string $new)
    {
        // As it is; with slashes escaped, once or more often, as in JSON; and encoded for a part of another address.
        // Behind it a longer name, number or port would be another one.
        $plain = preg_quote($old, '~');
        $encoded = preg_quote(rawurlencode($old), '~');
        $this->pattern = "~(?<slash>\\\\*/)\\k<slash>$plain(?![\\w-]|\\.\\w|:\\d)|(?<encoded>(?:%(?:25)*2F){2})$encoded(?![\\w-]|\\.\\w|%3A\\d)~i";
    }

    /** The text with the new address. */
    public function changed(string $text): string
    {
        if (is_serialized($text)) {
            $at = 0;
            $changed = $this->value($text, $at);
            if ($changed !== null && $at === strlen(rtrim($text))) {
                return $changed . substr($text, $at);
            }
            // What only looks like it is left alone: a wrong length would make it worthless.
            return $text;
        }
        $changed = preg_replace_callback($this->pattern, fn (array $found): string => ($found['encoded'] ?? '') !== ''
            ? $found['encoded'] . rawurlencode($this->new) : str_repeat($found['slash'], 2) . $this->new, $text);
        if ($changed === null) {
            throw new RuntimeException('a text cannot be searched: ' . preg_last_error_msg());
        }
        return $changed;
    }

    /** The value that begins at a place of a serialized text, which moves behind it; null where there is none. */
    private function value(string $text, int &$at): ?string
    {
        if (preg_match('~\G(?:[idbrR]:[^;]*|N|E:\d+:"[^"]*");~', $text, $found, 0, $at)) {
            $at += strlen($found[0]);
            return $found[0];
        }
        if (preg_match('~\Gs:(\d+):"~', $text, $found, 0, $at)) {
            $begin = $at + strlen($found[0]);
            $end = $begin + (int) $found[1];
            if (substr($text, $end, 2) !== '";') {
                return null;
            }
            $at = $end + 2;
            $changed = $this->changed(substr($text, $begin, $end - $begin));
            return 's:' . strlen($changed) . ":\"$changed\";";
        }
        // What a class has written in its own way is its secret.
        if (preg_match('~\GC:\d+:"[^"]+":(\d+):\{~', $text, $found, 0, $at)) {
            $whole = strlen($found[0]) + (int) $found[1] + 1;
            $at += $whole;
            return substr($text, $at - $whole, $whole);
        }
        if (!preg_match('~\G(?:a|O:\d+:"[^"]+"):(\d+):\{~', $text, $found, 0, $at)) {
            return null;
        }
        $at += strlen($found[0]);
        $changed = $found[0];
        for ($part = 0; $part < 2 * (int) $found[1]; $part++) {
            $from = $at;
            $value = $this->value($text, $at);
            if ($value === null) {
                return null;
            }
            // Of names and values the names stay: programs look for them.
            $changed .= $part % 2 === 0 ? substr($text, $from, $at - $from) : $value;
        }
        return ($text[$at++] ?? '') === '}' ? $changed . '}' : null;
    }
}

/**
 * Give everything in the database the address that the site has now, if it had another one before. Returns how many texts were changed.
 *
 * It runs in the caller's transaction. A table without a primary key is passed over.
 */
function follow_address(wpdb $database): int
{
    $authority = static fn (string $url): string => strtolower((string) parse_url($url, PHP_URL_HOST))
        . (parse_url($url, PHP_URL_PORT) ? ':' . parse_url($url, PHP_URL_PORT) : '');
    // Not by get_option, which tells what the settings say.
    $kept = $database->get_col("SELECT DISTINCT option_value FROM $database->options WHERE option_name IN ('home', 'siteurl')");
    $new = $authority(WP_HOME);
    $count = 0;
    foreach (array_unique(array_map($authority, $kept)) as $old) {
        if ($old !== '' && $old !== $new) {
            $count += change_address($database, $old, new Address($old, $new));
        }
    }
    if ($count > 0) {
        $database->query($database->prepare("UPDATE $database->options SET option_value = %s WHERE option_name IN ('home', 'siteurl')", WP_HOME));
        wp_cache_flush();
    }
    return $count;
}

/** Change an address in all texts of all tables of the site. */
function change_address(wpdb $database, string $old, Address $address): int
{
    $count = 0;
    $columns = $database->get_results($database->prepare(
        "SELECT table_name AS name, GROUP_CONCAT(IF(column_key = 'PRI', column_name, NULL)) AS keys_of,"
        . " GROUP_CONCAT(IF(data_type IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext') AND column_key <> 'PRI', column_name, NULL)) AS texts"
        . ' FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)'
        . " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_name LIKE %s GROUP BY table_name HAVING keys_of <> '' AND texts <> ''",
        $database->esc_like($database->prefix) . '%',
    ));
    [$host] = explode(':', $old);
    foreach ($columns as $table) {
        $keys = explode(',', $table->keys_of);
        foreach (explode(',', $table->texts) as $column) {
            $rows = $database->get_results($database->prepare(
                'SELECT ' . implode(', ', array_map(static fn (string $key): string => "`$key`", $keys)) . " FROM `$table->name` WHERE `$column` LIKE %s",
                '%' . $database->esc_like($host) . '%',
            ), ARRAY_A);
            // One at a time: a text may be large.
            foreach ($rows as $row) {
                $where = implode(' AND ', array_map(static fn (string $key): string => "`$key` = %s", array_keys($row)));
                $text = (string) $database->get_var($database->prepare("SELECT `$column` FROM `$table->name` WHERE $where", ...array_values($row)));
                $changed = $address->changed($text);
                if ($changed === $text) {
                    continue;
                }
                if ($database->update($table->name, [$column => $changed], $row) === false) {
                    throw new RuntimeException("$table->name.$column of " . implode(', ', $row) . " cannot be changed: $database->last_error");
                }
                $count++;
            }
        }
    }
    return $count;
}
