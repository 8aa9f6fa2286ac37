# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WordPress's own mailer speaks to a server of mail; who has lost a password gets a link, or learns who can help."""

from __future__ import annotations

import contextlib
import email
import email.policy
import importlib.util
import re
import threading

import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.images.containers import IMAGES, free_ports
from ansible_collections.fortytwo.ft_services.tests.integration.images.wordpress_site import (
    ADDRESS,
    NEEDS_WORDPRESS,
    running,
    self_signed,
)

pytestmark = NEEDS_WORDPRESS
SENDER, PASSWORD = "site@example.org", "a 'quoted' \\ päss"


def mailbox_program():
    """The program of the scenarios, which is in no package."""
    spec = importlib.util.spec_from_file_location("mailbox", IMAGES.parent / "molecule/resources/files/mailbox.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def serving(folder, security="starttls", offers_tls=True):
    """A server that keeps what it gets; security is that of the setting."""
    folder.mkdir(exist_ok=True)
    self_signed(folder, ADDRESS)
    certificate = (folder / "tls.crt", folder / "tls.key") if offers_tls else None
    login = ("site", PASSWORD) if security != "none" else None
    with mailbox_program().Mailbox((ADDRESS, 0), security, certificate, login) as box:
        box.ca = (folder / "tls.crt").read_text()
        box.setting = {"host": ADDRESS, "port": box.server_address[1], "security": security, "from": SENDER}
        box.setting["user"] = login[0] if login else ""
        threading.Thread(target=box.serve_forever, args=[0.1]).start()
        yield box
        box.shutdown()


def read(message):
    return email.message_from_bytes(message.content, policy=email.policy.default)


@pytest.fixture(scope="module")
def site():
    with running() as site:
        site.give_secrets({"smtp_password": PASSWORD})
        assert site.set_up()[0] == 0
        site.php(
            "wp_insert_user(['user_login' => 'reader', 'user_pass' => 'x', 'user_email' => 'reader@example.net']);"
        )
        site.serve()
        yield site


@pytest.fixture
def mailbox(site, tmp_path):
    """Begins to take the site's mail."""
    with contextlib.ExitStack() as stack:

        def begin(**options):
            box = stack.enter_context(serving(tmp_path / "box", **options))
            (site.root / "etc/config/smtp_ca.crt").write_text(box.ca)
            site.configure(box.setting)
            site.database.sql("UPDATE wp_users SET user_activation_key = ''")
            return box

        yield begin
    site.configure({})
    (site.root / "etc/config/smtp_ca.crt").unlink(missing_ok=True)


def lost(site, name):
    """Ask for a new password, as the form does; where the answer leads to."""
    status, answer = site.ask("/wp-login.php?action=lostpassword", "--data-urlencode", f"user_login={name}")
    assert status == 302, answer
    return re.search(r"(?i)^location: (.*)$", answer, re.MULTILINE)[1].strip()


def send(site, to="reader@example.net"):
    """Send a mail, as plugins do; whether that worked, and what was said."""
    done = site.run(
        "php84",
        "-r",
        f"require '{site.root}/lib/settings.php'; require '{site.root}/site/wp-load.php';"
        f"echo json_encode(wp_mail('{to}', 'Grüße', 'Text', 'From: Forged <forged@example.com>'));",
    )
    return done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_mail_arrives_from_the_sender_of_the_setting(site, mailbox, security):
    box = mailbox(security=security)
    assert send(site) == ("true", "")
    (message,) = box.messages
    assert (message.sender, message.recipients) == (SENDER, ("reader@example.net",))
    assert (message.encrypted, message.user) == ((False, "") if security == "none" else (True, "site"))
    mail = read(message)
    assert (mail["Subject"], mail["To"], mail["From"].addresses[0].addr_spec) == ("Grüße", "reader@example.net", SENDER)


def test_a_link_to_a_new_password_arrives_and_works(site, mailbox):
    box = mailbox()
    confirmed = lost(site, "reader")
    assert confirmed.endswith("/wp-login.php?checkemail=confirm")
    (message,) = map(read, box.messages)
    assert message["To"] == "reader@example.net"
    link = re.search(r"https://site\.example:5050(/wp-login\.php\?\S*action=rp\S*)", message.get_content())[1]
    jar = site.root / "tmp/cookies"
    status, form = site.ask(
        link, "--location", "--cookie-jar", str(jar), "--connect-to", f"site.example:5050:{ADDRESS}:{site.port}"
    )
    assert status in (200, 302), form
    # Once in five minutes, whoever asks how often.
    assert lost(site, "reader@example.net") == confirmed
    assert len(box.messages) == 1


@pytest.mark.parametrize("name", ["nobody", "nobody@example.net", "admin", "editor", ""])
def test_who_has_no_such_account_or_one_of_the_platform_gets_the_same_answer_and_no_mail(site, mailbox, name):
    box = mailbox()
    site.php("wp_update_user(['ID' => 1, 'user_email' => 'admin@example.net']);")
    assert lost(site, name).endswith("/wp-login.php?checkemail=confirm")
    assert box.messages == []
    assert "make credentials" in site.ask("/wp-login.php?checkemail=confirm")[1]
    assert "make credentials" in site.ask("/wp-login.php?action=lostpassword")[1]


def test_an_address_that_nobody_entered_gets_nothing(site, mailbox):
    box = mailbox()
    assert send(site, "editor@wordpress.invalid") == ("false", "")
    assert box.messages == []


@pytest.mark.parametrize("reason", ["password", "certificate", "no STARTTLS", "nobody there"])
def test_what_cannot_be_sent_is_in_the_log_without_the_password(site, mailbox, reason):
    box = mailbox(offers_tls=reason != "no STARTTLS")
    if reason == "password":
        site.give_secrets({"smtp_password": "wrong-one"})
    if reason == "certificate":
        (site.root / "etc/config/smtp_ca.crt").write_text((site.database.root / "tls.crt").read_text())
    if reason == "nobody there":
        site.configure(box.setting | {"port": free_ports(1)[0]})
    try:
        sent, said = send(site)
    finally:
        site.give_secrets({"smtp_password": PASSWORD})
    assert (sent, box.messages) == ("false", [])
    assert f"mail: 1 could not be sent one by {ADDRESS}:" in said
    assert "SMTP Error: " in said
    assert "wrong-one" not in said
    assert PASSWORD not in said


def test_without_a_server_a_lost_password_has_an_answer(site):
    assert site.ask("/wp-login.php?action=lostpassword")[0] == 302
    where = lost(site, "reader")
    assert where.endswith("/wp-login.php?lost=1")
    page = site.ask("/wp-login.php?lost=1")[1]
    assert "This site sends no mail" in page
    assert "make credentials" in page
    assert send(site) == ("false", "")
