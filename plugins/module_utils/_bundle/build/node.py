# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node image that minikube runs: Debian with systemd, docker and what minikube calls inside.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil

from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.archive import write_archive
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.debian import (
    SECURITY,
    Runner,
    host_archive_uri,
    host_security_uri,
    sources,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._files import sha256_of

REVISION = 1
# bookworm, because its systemd 252 still accepts cgroup v1; docker from trixie, because bookworm's asks for
# capabilities that some hosts lack.
PACKAGES = (
    "systemd systemd-sysv dbus sudo openssh-server openssh-client procps iproute2 iptables ebtables ethtool socat "
    "conntrack util-linux mount kmod pigz bash ca-certificates curl rsync lz4 iputils-ping netcat-openbsd openssl "
    "docker.io docker-cli containerd runc containernetworking-plugins"
).split()
PIN = """Package: *
Pin: release n=trixie
Pin-Priority: 100

Package: docker.io docker-cli containerd
Pin: release n=trixie
Pin-Priority: 600
"""
# No part of the recipe: it decides how new packages are, as the day of making does.
SECURITY_PIN = "\n" + PIN.replace("n=trixie", f"n=trixie{SECURITY}")
# Boot units that have no place in a container; systemd-sysctl would change the settings of the host's kernel.
UNWANTED = re.compile(
    r"tmpfiles-setup|udev|binfmt|^systemd-sysctl|^getty|timesync|^apt-daily|^dpkg-db|^e2scrub|^fstrim|modules-load"
    r"|^kmod|^dev-hugepages|^sys-|^proc-sys|pstore|remount-fs"
)
MASKED = ("systemd-binfmt", "systemd-udevd", "systemd-sysctl", "systemd-modules-load", "console-getty")
ENABLED = (
    "ssh-keys.service ssh.service docker.service docker.socket cri-docker.service cri-docker.socket "
    "tmp-hostpath\\x2dprovisioner.mount tmp-hostpath_pv.mount"
).split()
# systemd escapes the dash of the path in a mount unit's name; a file of a repository cannot portably be called so.
UNIT_NAMES = {"tmp-hostpath-provisioner.mount": "tmp-hostpath\\x2dprovisioner.mount"}
CONFIG = {
    "Env": ["container=docker", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "Entrypoint": ["/usr/local/bin/entrypoint", "/sbin/init"],
    "ExposedPorts": {"22/tcp": {}},
    "StopSignal": "SIGRTMIN+3",
}


def in_root(root: pathlib.Path) -> list[str]:
    """Return the words that run a command inside a root folder; its mounts and processes end with it."""
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={root}", "--mount-proc"]


def _put(path: pathlib.Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _proxy_settings() -> str:
    """Return the host's apt settings for reaching its mirror (proxies, certificates)."""
    texts = (
        file.read_text(encoding="utf-8", errors="replace")
        for file in sorted(pathlib.Path("/etc/apt/apt.conf.d").glob("*"))
    )
    return "".join(
        f"{line}\n" for text in texts for line in text.splitlines() if line.strip().startswith("Acquire::http")
    )


class NodeImage:
    """Steps in the order of their methods, in one folder; nothing outside it is changed."""

    def __init__(self, run: Runner, recipes: pathlib.Path, out: pathlib.Path, versions: dict[str, str]) -> None:
        """Take the collection's node files and the built programs."""
        self._run, self._files, self._out, self._versions = run, recipes / "node", out, versions

    def step(self, path: str, reference: str, needs: dict[str, str]) -> Step:
        """Return the step that makes the image's archive; ``needs`` maps the programs it holds to their recipes."""

        def make(target: pathlib.Path, scratch: pathlib.Path) -> None:
            root, layer = scratch / "root", scratch / "layer.tar"
            self._packages(root)
            self._units(root)
            self._settings(root)
            # Ownership by number: the names in the image's passwd are not the host's.
            self._run(
                ["tar", "--one-file-system", "--numeric-owner", "--sort=name", "-C", str(root), "-cf", str(layer), "."]
            )
            write_archive(target, reference, layer, CONFIG)

        files = {file.name: sha256_of(file) for file in sorted(self._files.iterdir())}
        return Step(
            path, recipe_of(REVISION, PACKAGES, PIN, CONFIG, reference, files, needs), make, "assemble", tuple(needs)
        )

    def _packages(self, root: pathlib.Path) -> None:
        uri = host_archive_uri()
        # In namespaces of its own: an interrupted debootstrap would leave its mounts and its processes behind.
        inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        self._run([*inside, "debootstrap", "--variant=minbase", "bookworm", str(root), uri])
        (root / "etc/apt/sources.list").unlink(missing_ok=True)
        text, security = sources(uri, ("bookworm", "trixie")), host_security_uri()
        if security:
            text += "\n" + sources(security, (f"bookworm{SECURITY}", f"trixie{SECURITY}"))
        _put(root / "etc/apt/sources.list.d/debian.sources", text)
        _put(root / "etc/apt/preferences.d/trixie", PIN + SECURITY_PIN)
        _put(root / "etc/apt/apt.conf.d/99-forge", 'APT::Install-Recommends "false";\n' + _proxy_settings())
        shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
        # No service may start while packages are installed.
        _put(root / "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
        inside = in_root(root)
        environment = {
            "DEBIAN_FRONTEND": "noninteractive",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        }
        self._run([*inside, "apt-get", "update", "-qq"], environ_update=environment)
        # What debootstrap laid out is that of the release itself.
        self._run([*inside, "apt-get", "upgrade", "-y", "-qq"], environ_update=environment)
        self._run([*inside, "apt-get", "install", "-y", "-qq", *PACKAGES], environ_update=environment)
        self._run(
            [*inside, "update-alternatives", "--set", "iptables", "/usr/sbin/iptables-nft"], environ_update=environment
        )
        self._run(
            [*inside, "useradd", "--create-home", "--uid", "1000", "--shell", "/bin/bash", "--gid", "docker", "docker"],
            environ_update=environment,
        )
        for path in ("usr/sbin/policy-rc.d", "etc/apt/apt.conf.d/99-forge"):
            (root / path).unlink()
        for pattern in ("var/cache/apt/archives/*.deb", "var/cache/apt/*.bin", "etc/ssh/ssh_host_*", "var/log/*.log"):
            for file in root.glob(pattern):
                file.unlink()
        for folder in (
            "var/lib/apt/lists",
            "var/lib/docker",
            "var/lib/containerd",
            "usr/share/doc",
            "usr/share/man",
            "usr/share/locale",
        ):
            shutil.rmtree(root / folder, ignore_errors=True)

    def _units(self, root: pathlib.Path) -> None:
        for folder in (root / "etc/systemd/system", root / "lib/systemd/system"):
            for link in [*folder.glob("*.wants/*"), *folder.glob("*.requires/*")]:
                if UNWANTED.search(link.name):
                    link.unlink()
        for name in MASKED:
            link = root / "etc/systemd/system" / f"{name}.service"
            link.unlink(missing_ok=True)
            link.symlink_to("/dev/null")
        for file in self._files.iterdir():
            if file.suffix in (".service", ".socket", ".mount"):
                _put(
                    root / "lib/systemd/system" / UNIT_NAMES.get(file.name, file.name), file.read_text(encoding="utf-8")
                )
        self._run([*in_root(root), "systemctl", "--quiet", "enable", *ENABLED])
        self._run([*in_root(root), "systemctl", "--quiet", "disable", "containerd.service"])

    def _settings(self, root: pathlib.Path) -> None:
        for name in (
            "etc/cni/net.d",
            "opt/cni/bin",
            "etc/kubernetes/manifests",
            "etc/docker",
            "var/hostpath-provisioner",
            "var/hostpath_pv",
        ):
            (root / name).mkdir(parents=True, exist_ok=True)
        for plugin in (root / "usr/lib/cni").iterdir():
            shutil.copy2(plugin, root / "opt/cni/bin")
        for name, place in (("runc-shim", "usr/local/sbin/runc"), ("cri-dockerd", "usr/bin/cri-dockerd")):
            shutil.copyfile(self._out / name, root / place)
            (root / place).chmod(0o755)
        for name in ("crictl", "entrypoint"):
            _put(root / "usr/local/bin" / name, (self._files / name).read_text(encoding="utf-8"), 0o755)
        # minikube writes a unit that calls /usr/bin/dockerd.
        (root / "usr/bin/dockerd").symlink_to("/usr/sbin/dockerd")
        init = root / "sbin/init"
        init.unlink(missing_ok=True)
        init.symlink_to("/lib/systemd/systemd")
        _put(root / "etc/systemd/journald.conf.d/container.conf", "[Journal]\nReadKMsg=no\n")
        _put(root / "etc/sudoers.d/docker", "docker ALL=(ALL) NOPASSWD: ALL\n", 0o440)
        _put(root / "etc/ssh/sshd_config.d/node.conf", "UseDNS no\n")
        self._run([*in_root(root), "install", "-d", "-m", "700", "-o", "docker", "-g", "docker", "/home/docker/.ssh"])
        about = {
            "iso_version": f"v{self._versions['minikube']}",
            "kicbase_version": self._versions["node"],
            "minikube_version": f"v{self._versions['minikube']}",
            "commit": "unknown",
        }
        _put(root / "version.json", json.dumps(about) + "\n")
        (root / "etc/resolv.conf").unlink()
        (root / "etc/resolv.conf").touch()
