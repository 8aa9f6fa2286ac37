// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Changes user and password for the cookie of a session, then goes where the visitor wanted to go.

const $ = (id) => document.getElementById(id);
const WORDS = { 403: 'User or password is wrong.', 429: 'Too many tries: wait a minute.' };

/** The page that was asked for before the login; only one of this server. */
function next() {
    const asked = /^\?next=(.+)$/.exec(window.location.search)?.[1] ?? '/';
    const address = new URL(asked, window.location.origin);
    return address.origin === window.location.origin ? address.href : '/';
}

/** Basic authentication is defined for bytes; passwords may have any letters. */
function basic(user, password) {
    const bytes = new TextEncoder().encode(`${user}:${password}`);
    return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

function tell(text) {
    $('message').textContent = text;
    $('message').hidden = false;
}

$('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    $('message').hidden = true;
    try {
        const response = await fetch('/session', { headers: { Authorization: basic($('user').value, $('password').value) } });
        if (response.ok) {
            window.location.assign(next());
            return;
        }
        tell(WORDS[response.status] ?? `The login failed (${response.status}).`);
    } catch (error) {
        tell(`The login failed: ${error.message}`);
    }
    $('password').select();
});
document.documentElement.dataset.theme = localStorage.getItem('theme') ?? 'system';
