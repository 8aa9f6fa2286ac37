# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugins of the image are switched on and off by WordPress's own code; one that fails is told, and the site stays."""

from __future__ import annotations

import shutil

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.wordpress_site import (
    NEEDS_WORDPRESS,
    running,
)

pytestmark = NEEDS_WORDPRESS
GREETER = """
register_activation_hook(__FILE__, static fn () => update_option('greeter', 'activated'));
add_action('wp_footer', static fn () => print('<p>Hello from a plugin</p>'));
"""


@pytest.fixture(scope="module")
def installed():
    """A site without a plugin."""
    with running() as site:
        # The theme of the newest WordPress may not be there.
        assert site.set_up()[0] == 0
        yield site


@pytest.fixture
def site(installed):
    """The same, as a newly started container without a plugin."""
    installed.begin_anew()
    yield installed
    for folder in (installed.root / "site/wp-content/plugins").iterdir():
        shutil.rmtree(folder)
    installed.begin_anew()
    installed.set_up()
    assert installed.active() == []


def test_a_new_plugin_is_switched_on_once_and_shows_on_the_page(site):
    site.plugin("greeter", GREETER)
    assert site.set_up() == (0, "the plugin greeter/greeter.php was switched on\n")
    assert site.ready() == ""
    assert site.active() == ["greeter/greeter.php"]
    assert site.php("echo get_option('greeter');") == "activated"
    assert site.set_up() == (0, "")


def test_the_answer_is_not_ready_until_the_plugins_were_looked_at(site):
    assert site.run("php84", f"{site.root}/lib/setup.php").returncode == 0
    assert site.ready() == "the plugins are being switched on"


def test_what_people_switch_off_stays_off_and_what_is_gone_is_forgotten(site):
    site.plugin("greeter", GREETER)
    site.set_up()
    site.php("require ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins('greeter/greeter.php');")
    site.begin_anew()
    assert site.set_up() == (0, "")
    assert site.active() == []
    # Taken out of the list, and put in again.
    shutil.rmtree(site.root / "site/wp-content/plugins/greeter")
    assert site.set_up() == (0, "")
    site.plugin("greeter", GREETER)
    assert "switched on" in site.set_up()[1]


def test_a_plugin_that_is_gone_is_switched_off(site):
    site.plugin("greeter", GREETER)
    site.set_up()
    shutil.rmtree(site.root / "site/wp-content/plugins/greeter")
    site.begin_anew()
    code, said = site.set_up()
    assert (code, site.ready()) == (0, "")
    assert said == "the plugin greeter/greeter.php is not in the image any more and was switched off\n"
    assert site.active() == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("function ( { ", "syntax error, unexpected token"),
        (
            "throw new LogicException('no licence');",
            "Uncaught LogicException: no licence in plugins/broken/broken.php:5",
        ),
        ("exit('this server is too old');", "it ended PHP before the page was there"),
        ("add_action('init', static fn () => wp_die('Wants <b>more</b>.'));", "Wants more."),
        ("register_activation_hook(__FILE__, static fn () => no_table());", "Call to undefined function no_table()"),
        ("add_action('wp_footer', static fn () => no_footer());", "Call to undefined function no_footer()"),
    ],
)
def test_a_plugin_that_fails_is_off_and_named_and_the_others_work(site, code, reason):
    site.plugin("broken", code)
    site.plugin("greeter", GREETER)
    status, said = site.set_up()
    assert status == 3
    assert "plugin broken/broken.php is off: " in said
    assert "take it out of services_wordpress_plugins" in said
    assert site.ready().startswith("plugin broken/broken.php is off: ")
    assert reason in site.ready()
    assert site.active() == ["greeter/greeter.php"]
    assert "Hello from a plugin" in site.front()


def test_a_plugin_that_was_on_and_fails_in_its_next_version_is_off_until_it_is_mended(site):
    file = site.plugin("greeter", GREETER)
    site.plugin("other", "")
    site.set_up()
    good = file.read_text()
    file.write_text(good + "no_such_function();\n")
    site.begin_anew()
    assert site.set_up()[0] == 3
    assert "greeter/greeter.php is off: Uncaught Error: Call to undefined function no_such_function()" in site.ready()
    assert site.active() == ["other/other.php"]
    file.write_text(good)
    site.begin_anew()
    assert site.set_up()[0] == 0
    assert sorted(site.active()) == ["greeter/greeter.php", "other/other.php"]


def test_a_plugin_that_wants_a_newer_php_says_so(site):
    site.plugin("newer", "", header=" * Requires PHP: 99.0\n")
    assert site.set_up()[0] == 3
    assert "99.0" in site.ready()


def test_a_theme_that_fails_is_told_and_no_plugin_is_blamed(site):
    site.plugin("greeter", GREETER)
    site.set_up()
    page = site.root / "site/wp-content/themes/plain/index.php"
    good = page.read_text()
    page.write_text("<?php no_such_function();\n")
    try:
        site.begin_anew()
        assert site.set_up()[0] == 3
        assert "without a plugin too: Uncaught Error: Call to undefined function no_such_function()" in site.ready()
        assert site.active() == ["greeter/greeter.php"]
    finally:
        page.write_text(good)


def test_a_theme_that_is_gone_is_replaced(site):
    site.php("update_option('template', 'gone'); update_option('stylesheet', 'gone');")
    code, said = site.set_up()
    assert (code, site.ready()) == (0, "")
    assert "the theme gone cannot be used" in said
    assert site.php("echo get_stylesheet();") == "plain"
