<?php
/**
 * Plugin Name: ft_services, mail
 * Description: Mail goes to the server of the setting services_smtp. Without one none is sent, and who has lost a password learns who can help.
 * License: GPL-3.0-or-later
 */

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

declare(strict_types=1);

use PHPMailer\PHPMailer\PHPMailer;

// Accounts whose passwords each start takes from the Secret: a mail that changes one would be undone by the next.
const FT_SERVICES_ACCOUNTS = ['admin', 'editor', 'author'];
// Seconds until somebody may be sent the next mail about one lost password.
const FT_SERVICES_PATIENCE = 300;
const FT_SERVICES_HOST_COMMANDS = 'The passwords of admin, editor and author are told on the host of the platform by <code>make credentials</code>;'
    . ' <code>make rotate NAMES=wordpress_admin</code> makes a new one.';

/** Show something above the form of the login page. */
function ft_services_login_note(callable $wanted, string $text): void
{
    add_filter('login_message', static fn (string $message): string => $wanted()
        ? "$message<div class=\"notice notice-info message\">$text</div>" : $message);
}

if (MAIL === []) {
    // There is no mail server: say so at once.
    add_filter('pre_wp_mail', '__return_false');
    // Without an answer people would try again and again, and the page would tell which names there are.
    foreach (['lostpassword', 'retrievepassword'] as $action) {
        add_action("login_form_$action", static function (): never {
            wp_safe_redirect(add_query_arg('lost', '1', wp_login_url()));
            exit;
        });
    }
    ft_services_login_note(static fn (): bool => isset($_GET['lost']), '<p>This site sends no mail. An administrator gives you a new password, on the'
        . ' page Users of the administration.</p><p>' . FT_SERVICES_HOST_COMMANDS . '</p>');
    return;
}

add_action('phpmailer_init', static function (PHPMailer $mailer): void {
    $mailer->isSMTP();
    $mailer->Host = MAIL['host'];
    $mailer->Port = MAIL['port'];
    // With STARTTLS a server that does not know it gets no mail.
    $mailer->SMTPSecure = ['starttls' => PHPMailer::ENCRYPTION_STARTTLS, 'tls' => PHPMailer::ENCRYPTION_SMTPS, 'none' => ''][MAIL['security']];
    $mailer->SMTPAutoTLS = false;
    $mailer->SMTPAuth = MAIL['user'] !== '';
    $mailer->Username = MAIL['user'];
    $mailer->Password = MAIL['user'] !== '' ? secret('smtp_password') : '';
    // php.ini names the database's CA. Without one of the settings it is those that systems know.
    $ca = '/etc/service/config/smtp_ca.crt';
    $mailer->SMTPOptions = ['ssl' => ['cafile' => is_file($ca) ? $ca : '/etc/ssl/certs/ca-certificates.crt', 'peer_name' => MAIL['host']]];
    // A page waits for it.
    $mailer->Timeout = 10;
    $mailer->getSMTPInstance()->Timelimit = 20;
    // What this host calls itself is an address or no public name.
    $mailer->Hostname = substr((string) strrchr(MAIL['from'], '@'), 1);
    $mailer->XMailer = ' ';
});
// The server takes mail of this sender; whom to answer stands in Reply-To.
add_filter('wp_mail_from', static fn (): string => MAIL['from'], PHP_INT_MAX);
add_filter('wp_mail_from_name', static fn (string $name): string => $name === 'WordPress' ? html_entity_decode(get_bloginfo('name'), ENT_QUOTES) : $name);
// The accounts that the set-up makes have no address until somebody enters one.
add_filter('pre_wp_mail', static function (mixed $sent, array $mail): mixed {
    $to = is_array($mail['to']) ? $mail['to'] : explode(',', (string) $mail['to']);
    return $sent ?? (preg_grep('/\.invalid>?\s*$/', $to, PREG_GREP_INVERT) === [] ? false : null);
}, 10, 2);
add_action('wp_mail_failed', static fn (WP_Error $error) => error_log('mail: ' . count((array) ($error->get_error_data()['to'] ?? []))
    . ' could not be sent one by ' . MAIL['host'] . ':' . MAIL['port'] . ': ' . trim((string) preg_replace('/\s+/', ' ', $error->get_error_message()))));

// Who asks for a new password gets the same answer at the same time, whether there is such an account or not.
foreach (['lostpassword', 'retrievepassword'] as $action) {
    add_action("login_form_$action", static function (): void {
        if (($_SERVER['REQUEST_METHOD'] ?? '') !== 'POST') {
            return;
        }
        wp_safe_redirect(add_query_arg('checkemail', 'confirm', wp_login_url()));
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        }
        $name = is_string($_POST['user_login'] ?? null) ? trim(wp_unslash($_POST['user_login'])) : '';
        $user = get_user_by('login', $name) ?: get_user_by('email', $name);
        // The key of a link begins with the time at which it was made.
        if ($user && time() - (int) $user->user_activation_key >= FT_SERVICES_PATIENCE) {
            retrieve_password($user->user_login);
        }
        exit;
    });
}
add_filter('allow_password_reset', static fn (mixed $allowed, int $id): mixed =>
    in_array(get_userdata($id)->user_login ?? '', FT_SERVICES_ACCOUNTS, true) ? false : $allowed, 10, 2);
ft_services_login_note(
    static fn (): bool => isset($_GET['checkemail']) || in_array($_GET['action'] ?? '', ['lostpassword', 'retrievepassword'], true),
    '<p>' . FT_SERVICES_HOST_COMMANDS . ' No mail changes them.</p>'
);
