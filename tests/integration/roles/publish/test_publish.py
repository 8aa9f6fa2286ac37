# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three network namespaces: another machine, the host with a filter like docker's, and the node behind it."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
CLONE = HERE.parents[3]
PUBLIC, INNER = "203.0.113.1", "192.168.49.200"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("ip", "nft", "iptables"))),
    reason="makes network namespaces: needs root, iproute2, nftables and iptables",
)

# Says who asks and at which port, on every port given.
SERVER = """
import socketserver, sys, threading
class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(f"{sys.argv[1]} {self.client_address[0]} {self.server.server_address[1]}".encode())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
for port in map(int, sys.argv[2:]):
    threading.Thread(target=Server(("0.0.0.0", port), Answer).serve_forever).start()
print("ready", flush=True)
"""
CLIENT = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1.5) as link:
        print(link.recv(100).decode())
except OSError as error:
    print(type(error).__name__)
"""


def do(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True).stdout


class Net:
    """Namespaces whose names end in the number of this process."""

    def __init__(self):
        self.names = {name: f"ft-{name}-{os.getpid()}" for name in ("client", "host", "node")}
        self.servers = []

    def inside(self, name, *words, check=True):
        return do("ip", "netns", "exec", self.names[name], *words, check=check)

    def link(self, left, left_address, right, right_address):
        one, two = f"{left}-{right}", f"{right}-{left}"
        do("ip", "link", "add", one, "netns", self.names[left], "type", "veth", "peer", two, "netns", self.names[right])
        for name, device, address in ((left, one, left_address), (right, two, right_address)):
            self.inside(name, "ip", "address", "add", address, "dev", device)
            self.inside(name, "ip", "link", "set", device, "up")

    def serve(self, name, *ports):
        words = ["ip", "netns", "exec", self.names[name], sys.executable, "-c", SERVER, name, *map(str, ports)]
        server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.servers.append(server)
        assert server.stdout.readline() == "ready\n"

    def ask(self, name, address, port):
        return self.inside(name, sys.executable, "-c", CLIENT, address, str(port)).strip()

    def rules(self):
        """All rules, without handles and counters."""
        found = self.inside("host", "nft", "list", "ruleset") + self.inside("host", "iptables", "-S")
        return re.sub(r"packets \d+ bytes \d+", "", found)


@pytest.fixture
def net():
    made = Net()
    try:
        for name in made.names.values():
            do("ip", "netns", "add", name)
        for name in made.names:
            made.inside(name, "ip", "link", "set", "lo", "up")
        made.link("client", "203.0.113.2/24", "host", f"{PUBLIC}/24")
        made.link("host", "192.168.49.1/24", "node", "192.168.49.2/24")
        made.inside("node", "ip", "address", "add", f"{INNER}/24", "dev", "node-host")
        made.inside("node", "ip", "route", "add", "default", "via", "192.168.49.1")
        made.inside("host", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        # As docker has it: drops by policy, lets answers through, and asks the user's chain first.
        for words in (
            "-P FORWARD DROP",
            "-N DOCKER-USER",
            "-A FORWARD -j DOCKER-USER",
            "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ):
            made.inside("host", "iptables", *words.split())
        # Somebody else's table.
        made.inside("host", "nft", "add table inet mine; add chain inet mine kept")
        made.serve("node", 443, 22, 30005, 3306)
        made.serve("host", 22)
        yield made
    finally:
        for server in made.servers:
            server.kill()
            server.wait()
            server.stdout.close()
        for name in made.names.values():
            do("ip", "netns", "delete", name, check=False)


@pytest.fixture
def play(net, tmp_path):
    collection = tmp_path / "ansible_collections" / "fortytwo" / "ft_services"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(CLONE)
    (tmp_path / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")

    def run(**settings):
        given = {"publish_path": str(tmp_path / "rules"), "publish_name": "test", "publish_target": INNER, **settings}
        words = ["ip", "netns", "exec", net.names["host"], sys.executable, "-m", "ansible", "playbook"]
        words += ["--inventory=localhost,", "--connection=local", str(HERE / "playbook.yml")]
        words += ["--extra-vars", json.dumps({**given, "ansible_python_interpreter": sys.executable})]
        environment = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}
        environment |= {"ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **environment})
        return done.returncode, done.stdout + done.stderr

    return run


def changed(outcome):
    code, said = outcome
    assert code == 0, said
    return int(re.search(r"changed=(\d+)", said).group(1))


@pytest.mark.parametrize("where", [{"publish_address": PUBLIC}, {"publish_interface": "host-client"}])
def test_another_machine_reaches_what_is_published_and_nothing_else(net, play, where):
    before = net.rules()
    assert net.ask("client", PUBLIC, 443) == "ConnectionRefusedError"

    assert changed(play(**where)) > 0
    # The client's own address arrives.
    assert net.ask("client", PUBLIC, 443) == "node 203.0.113.2 443"
    assert net.ask("client", PUBLIC, 2222) == "node 203.0.113.2 22"
    assert net.ask("client", PUBLIC, 30005) == "node 203.0.113.2 30005"
    # The host keeps what is its own, and the inside stays closed.
    assert net.ask("client", PUBLIC, 22) == "host 203.0.113.2 22"
    assert net.ask("client", PUBLIC, 3306) == "ConnectionRefusedError"
    # The host, and the cluster itself, by the public address.
    if "publish_address" in where:
        assert net.ask("host", PUBLIC, 443).startswith("node ")
        assert net.ask("node", PUBLIC, 443).startswith("node ")
    assert "table inet mine" in net.rules()

    assert changed(play(**where)) == 0

    assert changed(play(**where, publish_state="absent")) > 0
    assert net.rules().replace("table ip nat {\n}\n", "") == before
    assert net.ask("client", PUBLIC, 443) == "ConnectionRefusedError"
    # Off by default.
    assert changed(play()) == 0
    assert net.rules().replace("table ip nat {\n}\n", "") == before


def test_what_cannot_be_published_is_refused_before_anything_changes(net, play):
    before = net.rules()
    code, said = play(publish_address="here", publish_interface="eth0", publish_ports={"https": 443})
    assert code == 2
    for words in ("both set", "here is no IPv4 address", "neither a port nor a range"):
        assert words in said
    assert net.rules() == before
