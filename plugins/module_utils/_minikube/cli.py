# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of minikube and docker, and their files. This module util is private to the collection fortytwo.ft_services."""

from __future__ import annotations

import glob
import json
import os
import tarfile
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import name_of_host
from ansible_collections.fortytwo.ft_services.plugins.module_utils._kubernetes.proxies import direct_environment
from ansible_collections.fortytwo.ft_services.plugins.module_utils._lines import LineTee
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import network as networks
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import settings as pure

PROCESSES = "/proc"
ROUTES = "/proc/net/route"
_LABEL = "name.minikube.sigs.k8s.io"
_MARKERS = {
    "create": "ft_services-creating",
    "upgrade": "ft_services-upgrading",
    "configure": "ft_services-configuring",
}
_AUDIT = "ft_services-audit.json"
_BINARIES = ("kubelet", "kubeadm", "kubectl")


class Cli:
    """One profile of minikube as seen through its command, its files and docker."""

    def __init__(self, module: AnsibleModule, profile: str) -> None:
        """Take the place of everything from the module's options."""
        self.module = module
        self.profile = profile
        self.folder = pure.mini_path(module.params["home"])
        self.kubeconfig = pure.kubeconfig_path(module.params["kubeconfig"])
        self.executable = module.get_bin_path(module.params["executable"])
        self._docker = module.get_bin_path("docker")

    def path(self, *parts: str) -> str:
        """A path below minikube's folder."""
        return os.path.join(self.folder, *parts)

    # minikube -----------------------------------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        found = {
            "LC_ALL": "C",
            "MINIKUBE_HOME": self.folder,
            "MINIKUBE_IN_STYLE": "false",
            "MINIKUBE_WANTUPDATENOTIFICATION": "false",
            "KUBECONFIG": self.kubeconfig,
            **direct_environment(),
        }
        # A shell that points to a node's docker must not lead our own calls there.
        if os.environ.get("MINIKUBE_ACTIVE_DOCKERD"):
            for name in ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
                found[name] = os.environ.get(f"MINIKUBE_EXISTING_{name}", "")
        return found

    def require(self) -> str:
        """Path of the minikube program; ends the module when there is none."""
        if not self.executable:
            self.module.fail_json(
                msg=f"The program {self.module.params['executable']} was not found or cannot be executed. Install "
                "minikube, for example with the role fortytwo.ft_services.minikube, or set executable to its path."
            )
        return t.cast("str", self.executable)

    def run(
        self, command: list[str], on_line: t.Callable[[str], None] | None = None, data: str | None = None
    ) -> tuple[int, str, str]:
        """Run a command of minikube or docker; ``on_line`` gets its output live, ``data`` is its standard input."""

        def tap(process: t.Any) -> None:
            if on_line:
                process.stdout = LineTee(process.stdout, on_line)

        return t.cast(
            "tuple[int, str, str]",
            self.module.run_command(
                command,
                environ_update=self._environment(),
                before_communicate_callback=tap,
                expand_user_and_vars=False,
                errors="replace",
                data=data,
                binary_data=True,
            ),
        )

    def status(self) -> list[dict[str, t.Any]]:
        """The profile's nodes as minikube sees them now."""
        return pure.parse_status(self.run([self.require(), "status", "-p", self.profile, "-o", "json"])[1])

    def known_versions(self) -> list[str]:
        """Versions of Kubernetes that this minikube knows; none when it does not say."""
        rc, out, dummy = self.run([self.require(), "config", "defaults", "kubernetes-version", "-o", "json"])
        try:
            return [str(version) for version in json.loads(out)] if rc == 0 else []
        except ValueError:
            return []

    # files --------------------------------------------------------------------------------------------------------

    def config(self) -> dict[str, t.Any] | None:
        """The profile's configuration; None when there is none that can be read as one."""
        try:
            with open(self.path("profiles", self.profile, "config.json"), encoding="utf-8") as handle:
                found = json.load(handle)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            self.module.fail_json(msg=f"Cannot read the configuration of the minikube profile {self.profile}: {error}")
        return found if isinstance(found, dict) else None

    def current_context(self) -> str:
        """The current context of the kubeconfig; empty without one."""
        try:
            with open(self.kubeconfig, encoding="utf-8") as handle:
                return pure.current_context(handle.read())
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            self.module.fail_json(msg=f"Cannot read the kubeconfig {self.kubeconfig}: {error}")
        return ""

    def restore_context(self, name: str) -> None:
        """Make a context the current one again."""
        with open(self.kubeconfig, encoding="utf-8") as handle:
            text = pure.with_current_context(handle.read(), name)
        descriptor, path = tempfile.mkstemp(dir=os.path.dirname(self.kubeconfig))
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        self.module.atomic_move(path, self.kubeconfig)

    def machine_driver(self) -> str | None:
        """What runs the first node, by the node's own record; None without one."""
        try:
            with open(self.path("machines", self.profile, "config.json"), encoding="utf-8") as handle:
                return str(json.load(handle)["DriverName"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def events(self) -> list[pure.Event]:
        """What minikube itself recorded of its last command on the profile."""
        try:
            with open(self.path("profiles", self.profile, "events.json"), encoding="utf-8", errors="replace") as handle:
                return pure.parse_events(handle.read())
        except OSError:
            return []

    def unfinished(self) -> bool:
        """Whether this collection began to make the profile and never came to an end."""
        return os.path.exists(self._marker("create")) and pure.creation_was_cut(self.events())

    def upgrading(self) -> bool:
        """Whether this collection began to take the cluster to another version and never came to an end."""
        return os.path.exists(self._marker("upgrade"))

    def configuring(self) -> bool:
        """Whether this collection began to give the API server other options and never came to an end."""
        return os.path.exists(self._marker("configure"))

    def kept_audit(self) -> dict[str, int] | None:
        """The audit log that was last asked for: what writes the API server's manifest anew drops it."""
        try:
            with open(self.path("profiles", self.profile, _AUDIT), encoding="utf-8") as handle:
                found = json.load(handle)
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def keep_audit(self, settings: dict[str, int] | None) -> None:
        """Keep it for runs that do not say it, as minikube keeps other settings; None for none."""
        path = self.path("profiles", self.profile, _AUDIT)
        if settings is None:
            if os.path.exists(path):
                os.unlink(path)
        elif self.kept_audit() != settings:
            with open(path, "w", encoding="utf-8") as handle:
                json.dump(settings, handle)

    def _marker(self, action: str) -> str:
        return self.path("profiles", self.profile, _MARKERS[action])

    def mark(self, action: str) -> None:
        """Note that the profile is being made from nothing, or upgraded. The notes go away with its folder."""
        path = self._marker(action)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8"):
            pass

    def mark_finished(self) -> None:
        """Take the notes away."""
        for path in map(self._marker, _MARKERS):
            if os.path.exists(path):
                os.unlink(path)

    def other_profiles(self) -> list[str]:
        """Names of the other profiles in the same home."""
        return sorted({os.path.basename(p) for p in glob.glob(self.path("profiles", "*"))} - {self.profile})

    def other_starts(self) -> list[int]:
        """Process IDs of commands of minikube that change this profile right now."""
        found = []
        for entry in glob.glob(os.path.join(PROCESSES, "[0-9]*", "cmdline")):
            try:
                with open(entry, "rb") as handle:
                    words = handle.read().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            named = self.profile in words or f"--profile={self.profile}" in words
            verbs = {"start", "stop", "delete", "pause", "unpause", "node", "addons"}
            if named and os.path.basename(words[0]) == "minikube" and verbs & set(words):
                found.append(int(os.path.basename(os.path.dirname(entry))))
        return found

    def link_binaries(self, folder: str, version: str) -> None:
        """Put Kubernetes' programs where minikube looks before it downloads them."""
        arch = name_of_host()
        target = self.path("cache", "linux", arch, version)
        os.makedirs(target, exist_ok=True)
        for name in _BINARIES:
            source, link = os.path.join(folder, name), os.path.join(target, name)
            if os.path.exists(link) and os.path.samefile(source, link):
                continue
            if os.path.lexists(link):
                os.unlink(link)
            os.symlink(source, link)

    def missing_binaries(self, folder: str) -> list[str]:
        """Which of Kubernetes' programs a folder does not have."""
        return [name for name in _BINARIES if not os.path.isfile(os.path.join(folder, name))]

    # docker -------------------------------------------------------------------------------------------------------

    def docker(self, *words: str, data: str | None = None) -> tuple[int, str, str]:
        """A command of docker, against the daemon that runs the nodes; ``data`` is its standard input."""
        if not self._docker:
            return 127, "", "the program docker was not found"
        return self.run([self._docker, *words], data=data)

    def traces(self) -> tuple[str, ...]:
        """All that belongs to the profile: folders, and docker's containers, volumes and networks by their label."""
        folders = [self.path("profiles", self.profile), self.path("machines", self.profile)]
        # A run that was cut before minikube began has left nothing but our own note.
        found = [folder for folder in folders if os.path.isdir(folder) and os.listdir(folder) != [_MARKERS["create"]]]
        calls = {
            "container": ("ps", "--all", "--format", "{{.Names}}"),
            "volume": ("volume", "ls", "--quiet"),
            "network": ("network", "ls", "--format", "{{.Name}}"),
        }
        for kind, words in calls.items():
            rc, out, dummy = self.docker(*words, "--filter", f"label={_LABEL}={self.profile}")
            found.extend(f"{kind} {name}" for name in out.split() if rc == 0)
        return tuple(found)

    def docker_answers(self, config: dict[str, t.Any] | None) -> bool:
        """Whether the engine of a profile can be asked; true for other drivers, which need none."""
        if ((config or {}).get("Driver") or self.machine_driver() or "docker") != "docker":
            return True
        return self.docker("version")[0] == 0

    def has_data(self, config: dict[str, t.Any] | None, image: str | None) -> bool:
        """Whether the node's volume holds a database of etcd. What cannot be known counts as yes."""
        config = config or {}
        if (config.get("Driver") or self.machine_driver() or "docker") != "docker":
            return True
        rc, out, err = self.docker("volume", "ls", "--quiet", "--filter", f"name=^{self.profile}$")
        if rc != 0:
            self.module.fail_json(
                msg=f"The minikube profile {self.profile} does not run, and docker cannot tell whether it holds data: "
                f"{err.strip()}. Nothing was changed. Start docker, or let this user reach it, and run again."
            )
        if not out.split():
            return False
        for candidate in filter(None, (config.get("KicBaseImage"), image)):
            rc, dummy, err = self.docker(
                *("run", "--rm", "--pull", "never", "--network", "none", "--entrypoint", "/usr/bin/test"),
                *("--volume", f"{self.profile}:/probe:ro", candidate, "-d", "/probe/lib/minikube/etcd/member"),
            )
            if rc == 0:
                return True
            # The test itself says nothing when it fails; docker does.
            if rc == 1 and not err.strip():
                return False
        return True

    def known_addons(self) -> list[str]:
        """Names of the addons that this minikube knows; none when it does not say."""
        rc, out, dummy = self.run([self.require(), "addons", "list", "-p", self.profile, "-o", "json"])
        try:
            return sorted(json.loads(out)) if rc == 0 else []
        except ValueError:
            return []

    def volumes_at_risk(self, node: str) -> bool:
        """Whether Kubernetes' volumes lie in a node's memory, where stopping the node loses them."""
        folder = "tmp/hostpath-provisioner"  # minikube's choice, from the root of the node
        inside = ("exec", "--workdir", "/", node)
        rc, kind, dummy = self.docker(*inside, "findmnt", "-n", "-o", "FSTYPE", "--target", folder)
        if rc != 0 or kind.strip() != "tmpfs":
            return False
        rc, content, dummy = self.docker(*inside, "ls", "-A", folder)
        return rc == 0 and bool(content.strip())

    def network(self, name: str) -> dict[str, str | None]:
        """Subnet (CIDR) and gateway of a docker network."""
        rc, out, dummy = self.docker("network", "inspect", name, "--format", "{{json .IPAM.Config}}")
        try:
            first = json.loads(out)[0] if rc == 0 else {}
        except (ValueError, IndexError, TypeError):
            first = {}
        return {"subnet": first.get("Subnet"), "gateway": first.get("Gateway")}

    def taken_networks(self) -> list[networks.Taken]:
        """Networks of docker, the profile's own aside, and those that the host's routes lead to."""
        rc, out, dummy = self.docker("network", "ls", "--quiet")
        found = []
        if rc == 0 and out.split():
            found = networks.of_docker(self.docker("network", "inspect", *out.split())[1], self.profile)
        try:
            with open(ROUTES, encoding="ascii") as handle:
                return found + networks.of_routes(handle.read())
        except OSError:
            return found

    def forwarded(self, ports: t.Sequence[int]) -> list[str] | None:
        """HOST:PORT at which docker publishes ports of the first node, empty for one that it does not publish now.

        None where the node's own address is reachable. It is not where the engine runs in a virtual machine
        (Docker Desktop), without root, or on another host.
        """
        server = "{{.Server.Platform.Name}} {{range .Server.Components}}{{.Name}} {{end}}"
        told = self.docker("version", "--format", server)[1].lower()
        remote = pure.engine_host({**os.environ, **self._environment()}.get("DOCKER_HOST", ""))
        if not remote and "desktop" not in told and "rootlesskit" not in told:
            return None
        found = []
        for port in ports:
            rc, out, dummy = self.docker("port", self.profile, f"{port}/tcp")
            published = out.split()[0].rpartition(":")[2] if rc == 0 and out.split() else ""
            found.append(f"{remote or '127.0.0.1'}:{published}" if published else "")
        return found

    def drop_stale_images(self) -> None:
        """Remove image files from minikube's cache that differ from the daemon's image of the same name.

        minikube saves an image once and would load that file for ever, also after the image was built anew.
        """
        arch = name_of_host()
        saved: dict[str, tuple[str, str | None]] = {}
        for path in glob.glob(self.path("cache", "images", arch, "**", "*"), recursive=True):
            if os.path.isfile(path) and not path.endswith(".tmp"):
                for tag, identity in _archive_images(path):
                    saved[tag] = (path, identity)
        if not saved:
            return
        answer = self.docker("image", "inspect", "--format", "{{.Id}} {{json .RepoTags}}", *sorted(saved))
        for line in answer[1].splitlines():
            identity, tags = (*line.split(" ", 1), "")[:2]
            for tag in json.loads(tags or "[]"):
                if tag in saved and saved[tag][1] != identity and os.path.exists(saved[tag][0]):
                    os.unlink(saved[tag][0])


def _archive_images(path: str) -> list[tuple[str, str | None]]:
    """Names and image IDs in a docker-save archive."""
    try:
        with tarfile.open(path, "r:") as archive:
            member = archive.extractfile("manifest.json")
            entries = json.load(member) if member else []
        return [(tag, pure.image_id(entry["Config"])) for entry in entries for tag in entry.get("RepoTags") or []]
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError):
        return []
