# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes' own certificates in a profile of minikube.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import json
import time
import typing as t
from datetime import UTC, datetime

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.cli import Cli

# minikube's choice, from the root of the node.
KUBEADM_CONFIG = "var/tmp/minikube/kubeadm.yaml"
ADMIN = "/etc/kubernetes/admin.conf"
# They read their certificates when they start.
STATIC_PODS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
PAUSE = 2  # seconds between two questions whether the API server is back


class CertificatesError(Exception):
    """What cannot be done, and what to do about it."""


def parse(text: str, now: datetime) -> list[dict[str, t.Any]]:
    """Return what ``kubeadm certs check-expiration -o json`` tells: name, last day (UTC), days left, whether a CA.

    ValueError when the text is not that.
    """
    found = json.loads(text)
    if not isinstance(found, dict) or not isinstance(found.get("certificates"), list):
        raise ValueError("no list of certificates")
    certificates = []
    for key, authority in (("certificates", False), ("certificateAuthorities", True)):
        for entry in found.get(key) or []:
            if entry.get("missing"):
                continue
            until = datetime.strptime(entry["expirationDate"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            certificates.append(
                {
                    "name": entry["name"],
                    "authority": authority,
                    "not_after": until.strftime("%Y-%m-%d"),
                    # A certificate that has ended has less than none left.
                    "days_left": (until - now).days,
                }
            )
    return certificates


def due(certificates: t.Sequence[t.Mapping[str, t.Any]], days: int) -> list[str]:
    """Return the names of those that have less than some days left. kubeadm does not renew a CA."""
    return [entry["name"] for entry in certificates if not entry["authority"] and entry["days_left"] < days]


class Certificates:
    """The certificates in the first node of one profile."""

    def __init__(self, module: AnsibleModule) -> None:
        """Take the profile from the module's options."""
        self.params = module.params
        self.cli = Cli(module, module.params["profile"])
        config = self.cli.config()
        if config is None:
            raise CertificatesError(
                f"there is no profile {self.cli.profile} in {self.cli.folder}: name another one, or make it first"
            )
        if config.get("Driver") != "docker":
            raise CertificatesError(
                f"the driver of the profile {self.cli.profile} is {config.get('Driver')}: this module reaches "
                "nodes that docker runs"
            )
        self.runtime = config["KubernetesConfig"]["ContainerRuntime"]
        self.programs = f"/var/lib/minikube/binaries/{config['KubernetesConfig']['KubernetesVersion']}"

    def _in_node(self, *words: str) -> tuple[int, str, str]:
        return self.cli.docker("exec", "--workdir", "/", self.cli.profile, *words)

    def _kubeadm(self, *words: str) -> str:
        rc, out, err = self._in_node(f"{self.programs}/kubeadm", "certs", *words, f"--config={KUBEADM_CONFIG}")
        if rc != 0:
            raise CertificatesError(
                f"kubeadm certs {words[0]} failed in the node {self.cli.profile}: {err.strip() or out.strip()}. "
                "The cluster has to run: start it with make up or minikube start"
            )
        return out

    def read(self) -> list[dict[str, t.Any]]:
        """Return all certificates, as ``parse`` does."""
        out = self._kubeadm("check-expiration", "--output=json")
        try:
            return parse(out, datetime.now(UTC))
        except (ValueError, KeyError, TypeError) as error:
            raise CertificatesError(f"kubeadm certs check-expiration said what cannot be read: {error!r}") from error

    def renew(self) -> None:
        """Renew all of them, and start anew what has read the old ones."""
        self._kubeadm("renew", "all")
        self._restart()
        deadline = time.monotonic() + self.params["wait_timeout"]
        while not self._healthy():
            if time.monotonic() > deadline:
                raise CertificatesError(
                    f"the certificates of {self.cli.profile} were renewed, and its API server did not answer within "
                    f"{self.params['wait_timeout']} s. Look at minikube logs -p {self.cli.profile}, and start the "
                    "cluster again: minikube stop and minikube start keep all objects"
                )
            time.sleep(PAUSE)

    def _restart(self) -> None:
        """End the static pods' containers; the kubelet starts them again."""
        if self.runtime == "docker":
            listed = ["docker", "ps", "--quiet", *(f"--filter=name=k8s_{name}_" for name in STATIC_PODS)]
            stop = ["docker", "stop", "--time=20"]
        else:
            listed = ["crictl", "ps", "--quiet", "--name", "|".join(f"^{name}$" for name in STATIC_PODS)]
            stop = ["crictl", "stop", "--timeout=20"]
        rc, out, err = self._in_node(*listed)
        identifiers = out.split()
        if rc == 0 and identifiers:
            rc, out, err = self._in_node(*stop, *identifiers)
        if rc != 0 or not identifiers:
            raise CertificatesError(
                f"the certificates of {self.cli.profile} were renewed, and the parts that use them could not be "
                f"started anew: {err.strip() or 'none of them runs'}. Do it with minikube stop and minikube start"
            )

    def _healthy(self) -> bool:
        words = ("--kubeconfig", ADMIN, "--request-timeout=5s", "get", "--raw=/readyz")
        return self._in_node(f"{self.programs}/kubectl", *words)[0] == 0


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Look, renew when that is due, look again. Raises CertificatesError."""
    certificates = Certificates(module)
    found = certificates.read()
    names = due(found, module.params["renew_before_days"])
    result: dict[str, t.Any] = {"changed": bool(names), "due": names, "certificates": found}
    if names and not module.check_mode:
        certificates.renew()
        result["certificates"] = certificates.read()
    if module._diff and names:
        after = result["certificates"] if not module.check_mode else []
        result["diff"] = {
            "before": _dates(found, names),
            "after": _dates(after, names) or dict.fromkeys(names, "renewed"),
        }
    return result


def _dates(certificates: t.Sequence[t.Mapping[str, t.Any]], names: t.Sequence[str]) -> dict[str, str]:
    return {entry["name"]: entry["not_after"] for entry in certificates if entry["name"] in names}
