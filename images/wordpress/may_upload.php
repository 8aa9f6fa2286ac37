<?php
// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// nginx asks before it takes a large body: does its sender work here? Status 204 for yes, 403 for no.
// The headers are the request's. WordPress judges everything else when it has the body.

declare(strict_types=1);

// As an interface: by a password for applications too.
define('REST_REQUEST', true);
require '/usr/share/webapps/wordpress/wp-load.php';

// The cookie of the site, or that of its administration.
$user = wp_validate_auth_cookie('', 'logged_in') ?: wp_validate_auth_cookie('', 'secure_auth') ?: wp_validate_application_password(false);
http_response_code($user && user_can((int) $user, 'edit_posts') ? 204 : 403);
