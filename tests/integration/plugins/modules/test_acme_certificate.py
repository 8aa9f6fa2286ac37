# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against Pebble, the authority that Let's Encrypt gives to who tests clients."""

from __future__ import annotations

import functools
import http.server
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from ansible_collections.fortytwo.ft_services.tests.patience import until_listening

pytest.importorskip("acme", reason="the library acme is not installed")

CLONE = pathlib.Path(__file__).resolve().parents[4]
VERSION = "v2.10.3"
SOURCE = "github.com/letsencrypt/pebble/v2"
# Nine days: the module renews after two thirds of them.
LIFETIME = {"default": 9 * 86400, "short": 30}

pytestmark = pytest.mark.skipif(not shutil.which("go"), reason="Pebble is built by go")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="session")
def programs():
    """Pebble and its name server, which says 127.0.0.1 to whoever asks; built once on a machine."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "ft_services" / f"pebble-{VERSION}"
    for name in ("pebble", "pebble-challtestsrv"):
        if not (folder / name).is_file():
            environment = {**os.environ, "GOBIN": str(folder)}
            subprocess.run(["go", "install", f"{SOURCE}/cmd/{name}@{VERSION}"], env=environment, check=True)
    return folder


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """A certificate for Pebble's own address."""
    folder = tmp_path_factory.mktemp("root")
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / "key.pem")]
    command = ["openssl", "req", "-x509", *key, "-subj", "/CN=pebble", "-days", "2", *names]
    subprocess.run([*command, "-out", str(folder / "cert.pem")], check=True, capture_output=True)
    return folder


class World:
    """An authority, a web server that shows proofs, and the module."""

    def __init__(self, folder, programs, root):
        self.folder = folder
        self.root = root
        self.web, self.port, dns = free_port(), free_port(), free_port()
        self.programs = programs
        self.started = []
        self.start("pebble-challtestsrv", "-dnsserver", f"127.0.0.1:{dns}", *self.quiet(), "-defaultIPv6", "")
        self.dns = dns
        self.servers = []
        self.lifetime = LIFETIME["default"]
        collection = folder / "ansible_collections" / "fortytwo" / "ft_services"
        collection.parent.mkdir(parents=True)
        collection.symlink_to(CLONE)

    def quiet(self):
        """Its other servers are not wanted."""
        return [f for name in ("http01", "https01", "tlsalpn01", "doh") for f in (f"-{name}", "")] + [
            "-management",
            f"127.0.0.1:{free_port()}",
        ]

    def start(self, program, *arguments, **environment):
        command = [str(self.programs / program), *arguments]
        with (self.folder / f"{program}.log").open("w") as log:
            self.started.append(subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment}))

    def authority(self, **environment):
        """Start Pebble."""
        content = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{free_port()}",
            "certificate": str(self.root / "cert.pem"),
            "privateKey": str(self.root / "key.pem"),
            "httpPort": self.web,
            "tlsPort": free_port(),
            "domainBlocklist": ["blocked.example"],
            "retryAfter": {"authz": 1, "order": 1},
            "keyAlgorithm": "ecdsa",
            "profiles": {"default": {"description": "", "validityPeriod": self.lifetime}},
        }
        config = self.folder / "pebble.json"
        config.write_text(json.dumps({"pebble": content}))
        dns = ["-dnsserver", f"127.0.0.1:{self.dns}"]
        self.start("pebble", "-config", str(config), *dns, PEBBLE_VA_NOSLEEP="1", **environment)
        until_listening(self.port)

    def serve(self):
        """Show the proofs on the port that Pebble asks."""
        (self.folder / "proofs").mkdir(exist_ok=True)
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(self.folder / "proofs"))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.web), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)

    def run(self, check=False, **options):
        """What the module returns; all that it says is searched for keys."""
        arguments = {
            "directory": f"https://127.0.0.1:{self.port}/dir",
            "names": ["platform.example"],
            "path": str(self.folder / "certificates"),
            "ca_file": str(self.root / "cert.pem"),
            "publish_command": [str(CLONE / "images/nginx/challenge.sh")],
            "timeout": 60,
            "_ansible_check_mode": check,
            "_ansible_diff": True,
            **options,
        }
        done = subprocess.run(
            [sys.executable, "-m", "ansible_collections.fortytwo.ft_services.plugins.modules.acme_certificate"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]),
                "CHALLENGES": str(self.folder / "proofs"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert "PRIVATE KEY" not in done.stdout + done.stderr
        assert done.stdout.lstrip().startswith("{"), done.stderr
        return json.loads(done.stdout)

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for process in self.started:
            process.terminate()
            process.wait()


@pytest.fixture
def world(tmp_path, programs, root):
    world = World(tmp_path, programs, root)
    yield world
    world.close()


def test_issues_once(world):
    world.authority()
    world.serve()
    predicted = world.run(check=True)
    assert predicted["changed"]
    assert predicted["reason"] == "it did not exist"
    assert not (world.folder / "certificates").exists()
    first = world.run(email="operator@platform.example")
    assert first["changed"], first
    assert first["certificate"]["sans"] == ["DNS:platform.example"]
    # A server takes the two files.
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(first["certificate"]["certificate"], first["certificate"]["private_key"])
    assert pathlib.Path(first["certificate"]["certificate"]).read_text().count("BEGIN CERTIFICATE") == 2
    assert pathlib.Path(first["certificate"]["private_key"]).stat().st_mode & 0o777 == 0o600
    # No proof is left behind, and the authority is not asked again.
    assert not list((world.folder / "proofs/.well-known/acme-challenge").iterdir())
    for process in world.started:
        process.terminate()
    again = world.run()
    assert not again["changed"]
    assert again["certificate"]["fingerprint"] == first["certificate"]["fingerprint"]


def test_more_names_by_the_same_account(world):
    # Nonces that are refused now and then are asked for again.
    world.authority(PEBBLE_WFE_NONCEREJECT="20")
    world.serve()
    first = world.run()
    account = (world.folder / "certificates/acme-account.key").read_bytes()
    second = world.run(names=["platform.example", "www.platform.example"])
    assert (second["changed"], second["reason"]) == (True, "its names changed")
    assert second["certificate"]["fingerprint"] != first["certificate"]["fingerprint"]
    assert (world.folder / "certificates/acme-account.key").read_bytes() == account


def test_renews_when_it_is_due_and_not_before(world):
    world.lifetime = LIFETIME["short"]
    world.authority()
    world.serve()
    begin = time.monotonic()
    first = world.run()
    assert first["changed"], first
    if time.monotonic() - begin < LIFETIME["short"] / 3:
        assert not world.run()["changed"]
    time.sleep(max(0, LIFETIME["short"] * 2 / 3 + 1 - (time.monotonic() - begin)))
    second = world.run()
    assert second["changed"]
    assert "end" in second["reason"]
    assert second["certificate"]["fingerprint"] != first["certificate"]["fingerprint"]


def test_says_what_the_authority_did_not_find(world):
    world.authority()
    refused = world.run()
    assert refused["failed"]
    assert "the proof for platform.example was not accepted" in refused["msg"]
    assert "http://platform.example/.well-known/acme-challenge/" in refused["msg"]
    assert "port 80" in refused["msg"]
    # Mended, it goes on.
    world.serve()
    assert world.run()["changed"]


def test_says_what_the_authority_does_not_sign(world):
    world.authority()
    world.serve()
    refused = world.run(names=["blocked.example"])
    assert refused["failed"]
    assert "blocked" in refused["msg"]
    assert "rejectedIdentifier" in refused["msg"]


def test_says_why_the_authority_cannot_be_asked(world):
    silent = world.run()
    assert silent["failed"]
    assert "gave no answer of ACME" in silent["msg"]
    world.authority()
    assert "its own certificate is not trusted" in world.run(ca_file=None)["msg"]
    assert "Check the address" in world.run(directory=f"https://127.0.0.1:{world.port}/nothing")["msg"]


def test_the_proof_cannot_be_laid_out(world):
    world.authority()
    failed = world.run(publish_command=["sh", "-c", "echo no pod runs >&2; exit 3"])
    assert failed["failed"]
    assert "ended with 3: no pod runs" in failed["msg"]
