# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are encrypted in etcd, the API server's audit log, and an account with too many rights, purely.

This module util is private to the collection fortytwo.ft_services. Nothing here calls minikube or the node.
"""

from __future__ import annotations

import base64
import binascii
import copy
import dataclasses
import hashlib
import json
import secrets
import shlex
import typing as t

# The API server is a static pod, and this is what kubeadm lets it see of the node's disk. It outlives the node.
CERTIFICATES = "/var/lib/minikube/certs"
ENCRYPTION_FILE = f"{CERTIFICATES}/ft_services-encryption.json"
POLICY_FILE = f"{CERTIFICATES}/ft_services-audit-policy.json"
AUDIT_FOLDER = "/var/log/kubernetes/audit"
AUDIT_LOG = f"{AUDIT_FOLDER}/audit.log"
MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
# minikube keeps it with the profile: what rewrites the API server's manifest must not forget how to read Secrets.
ENCRYPTION_OPTION = f"apiserver.encryption-provider-config={ENCRYPTION_FILE}"
# What is done to a running API server, in this order.
STEPS = (
    "configure_encryption",
    "configure_audit_log",
    "encrypt_secrets",
    "decrypt_secrets",
    "grant_default_admin",
    "revoke_default_admin",
)
OWN_OPTIONS = ("apiserver.encryption-provider-config", "apiserver.audit-")
_ENCRYPTION_FLAG = "encryption-provider-config"
# By which minikube makes the default service account of kube-system an administrator.
BINDING = "minikube-rbac"
# By which minikube's provisioner of volumes says every two seconds that it leads.
_LOCK = "k8s.io-minikube-hostpath"
_VOLUME = "ft-services-audit"
_PROVIDER = "secretbox"
_KEY_BYTES = 32
_ENCRYPTED = b"k8s:enc:"
_PREFIX = "/registry/secrets/"
# What of the newest lines of the log is searched for contents of objects.
_SEARCHED_BYTES = 4 << 20

Flags = dict[str, str]
Pod = dict[str, t.Any]


class HardeningError(Exception):
    """What cannot be done, and what to do about it. Its text never holds a key."""


@dataclasses.dataclass(frozen=True)
class Audit:
    """How long the log is kept: days, number of old files, and MB of each."""

    max_age: int
    max_backups: int
    max_size: int

    def flags(self) -> Flags:
        """What the API server is started with."""
        return {
            "audit-policy-file": POLICY_FILE,
            "audit-log-path": AUDIT_LOG,
            "audit-log-maxage": str(self.max_age),
            "audit-log-maxbackup": str(self.max_backups),
            "audit-log-maxsize": str(self.max_size),
            "audit-log-compress": "true",
        }


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a task asks for; None where it says nothing, and False for no audit log."""

    encrypt: bool | None = None
    audit: Audit | t.Literal[False] | None = None
    default_admin: bool | None = None


@dataclasses.dataclass(frozen=True)
class State:
    """What a running API server does. ``stale`` are files that are newer than the process, which read older ones."""

    pid: int = 0
    flags: Flags = dataclasses.field(default_factory=dict)
    mounted: bool = False
    provider: str = ""
    hashes: dict[str, str] = dataclasses.field(default_factory=dict)
    stale: frozenset[str] = frozenset()
    encrypted: int | None = None
    plain: int | None = None
    log_bytes: int | None = None
    bodies: int | None = None
    default_admin: bool | None = None

    @property
    def reads_encrypted(self) -> bool:
        """Whether it has a key."""
        return self.flags.get(_ENCRYPTION_FLAG) == ENCRYPTION_FILE

    @property
    def encrypting(self) -> bool:
        """Whether Secrets that are written now are encrypted."""
        return self.reads_encrypted and self.provider == _PROVIDER

    def audit(self) -> dict[str, t.Any] | None:
        """The log as it is kept now; None without one."""
        if "audit-log-path" not in self.flags:
            return None
        number = {name: int(self.flags.get(f"audit-log-{name}") or 0) for name in ("maxage", "maxbackup", "maxsize")}
        return {
            "path": self.flags["audit-log-path"],
            "max_age": number["maxage"],
            "max_backups": number["maxbackup"],
            "max_size": number["maxsize"],
            "bytes": self.log_bytes,
            "bodies": self.bodies,
        }


# the key ----------------------------------------------------------------------------------------------------------


def new_key() -> str:
    """A key of 32 random bytes, as Kubernetes wants it written."""
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def checked_key(text: str, where: str) -> str:
    """The key in a text; refuses what is none."""
    key = text.strip()
    try:
        whole = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        whole = False
    if not whole:
        raise HardeningError(
            f"{where} holds no key of {_KEY_BYTES} bytes in base64, so it was left alone. Put the file back from a "
            "copy; or, if no cluster has used it, remove it, and a new key is made"
        )
    return key


def key_of(config: str, where: str) -> str:
    """The key in a configuration that this collection has written."""
    try:
        providers = json.loads(config)["resources"][0]["providers"]
        found = next(each[_PROVIDER]["keys"][0]["secret"] for each in providers if _PROVIDER in each)
    except (ValueError, KeyError, IndexError, TypeError, StopIteration) as error:
        raise HardeningError(f"{where} is not what this module has written, so it was left alone") from error
    return checked_key(found, where)


# what is rendered -------------------------------------------------------------------------------------------------


def encryption_config(key: str, encrypt: bool) -> str:
    """The API server's EncryptionConfiguration.

    It writes with the first provider and reads with each, so that Secrets of before can be read in both directions.
    """
    providers: list[dict[str, t.Any]] = [{_PROVIDER: {"keys": [{"name": "key1", "secret": key}]}}, {"identity": {}}]
    return _text(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{"resources": ["secrets"], "providers": providers if encrypt else providers[::-1]}],
        }
    )


def audit_policy() -> str:
    """Who did what to which object, never what is in it; nothing of what the cluster does by itself all the time."""
    reads = ["get", "list", "watch"]
    own = ["system:nodes", "system:serviceaccounts:kube-system"]
    quiet: list[dict[str, t.Any]] = [
        {"nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/version", "/metrics", "/openapi/*"]},
        {"verbs": reads, "userGroups": own},
        {
            "verbs": reads,
            "users": [
                "system:apiserver",
                "system:kube-controller-manager",
                "system:kube-scheduler",
                "system:kube-proxy",
            ],
        },
        # Renewed every few seconds by whoever leads or lives, and the reports of what happens.
        {"resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {"resources": [{"group": "", "resources": ["events"]}, {"group": "events.k8s.io", "resources": ["events"]}]},
        {"verbs": ["update"], "resources": [{"group": "", "resources": ["endpoints"], "resourceNames": [_LOCK]}]},
        {"verbs": ["patch", "update"], "userGroups": own, "resources": [_status("nodes", "pods")]},
    ]
    return _text(
        {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            # Otherwise each request stands there twice.
            "omitStages": ["RequestReceived"],
            "rules": [*({"level": "None", **rule} for rule in quiet), {"level": "Metadata"}],
        }
    )


def _status(*kinds: str) -> dict[str, t.Any]:
    return {"group": "", "resources": [f"{kind}/status" for kind in kinds]}


def _text(content: t.Any) -> str:
    # JSON is YAML, and its form is the same with every library.
    return json.dumps(content, indent=2) + "\n"


def with_audit(pod: Pod, audit: Audit | t.Literal[False]) -> Pod:
    """The API server's pod with another audit log, or without one. All that is not about it stays as it is."""
    found = copy.deepcopy(pod)
    try:
        container = found["spec"]["containers"][0]
        command = [word for word in container["command"] if not word.startswith("--audit-")]
        mounts = [each for each in container.get("volumeMounts") or [] if each["name"] != _VOLUME]
        volumes = [each for each in found["spec"].get("volumes") or [] if each["name"] != _VOLUME]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise HardeningError(f"{MANIFEST} is no pod of the API server as kubeadm writes it") from error
    if audit:
        command += [f"--{name}={value}" for name, value in audit.flags().items()]
        mounts.append({"name": _VOLUME, "mountPath": AUDIT_FOLDER})
        volumes.append({"name": _VOLUME, "hostPath": {"path": AUDIT_FOLDER, "type": "DirectoryOrCreate"}})
    container["command"], container["volumeMounts"], found["spec"]["volumes"] = command, mounts, volumes
    return found


# looking ----------------------------------------------------------------------------------------------------------


def _base64(text: bytes) -> str:
    return base64.b64encode(text).decode()


def look_script() -> str:
    """A shell script for the node, which tells what ``parse_state`` reads. No Secret leaves the node."""
    ask = json.dumps(
        {"key": _base64(_PREFIX.encode()), "range_end": _base64(_PREFIX[:-1].encode() + bytes([ord(_PREFIX[-1]) + 1]))}
    )
    asked = _ask_etcd("kv/range", shlex.quote(ask))
    key = _base64(f"/registry/clusterrolebindings/{BINDING}".encode())
    binding = _ask_etcd("kv/range", shlex.quote(json.dumps({"key": key, "count_only": True})))
    # The first letters of what is encrypted, as far as base64 has them whole.
    sign = _base64(_ENCRYPTED)[: len(_ENCRYPTED) * 8 // 6]
    return f"""
pid=$(pgrep -xo kube-apiserver) || exit 0
echo pid "$pid"
started=$(($(date +%s) - $(ps -o etimes= -p "$pid")))
tr '\\0' '\\n' <"/proc/$pid/cmdline" | sed -n 's/^--/flag /p'
grep -q ' {AUDIT_FOLDER} ' "/proc/$pid/mountinfo" && echo mounted yes
for file in {ENCRYPTION_FILE} {POLICY_FILE}; do
    [ -f "$file" ] || continue
    echo hash "$(sha256sum "$file")"
    [ "$(stat -c %Y "$file")" -le "$((started + 1))" ] || echo stale "$file"
done
[ ! -f {ENCRYPTION_FILE} ] || echo provider "$(grep -oE '"({_PROVIDER}|identity)"' {ENCRYPTION_FILE} | head -n 1)"
# Each answer of etcd has its revision, also one without a value.
if values=$({asked} | grep -oE '"(value|revision)":"[^"]{{0,20}}'); then
    echo encrypted "$(echo "$values" | grep -c '^"value":"{sign}')"
    echo plain "$(echo "$values" | grep '^"value"' | grep -vc '^"value":"{sign}')"
fi
if found=$({binding} | grep -oE '"(count|revision)":"[0-9]*"'); then
    echo admin "$(echo "$found" | grep -c '^"count":"1"')"
fi
if [ -f {AUDIT_LOG} ]; then
    echo bytes "$(stat -c %s {AUDIT_LOG})"
    echo bodies "$(tail -c {_SEARCHED_BYTES} {AUDIT_LOG} | grep -cE '"(request|response)Object":')"
fi
exit 0
"""


def _ask_etcd(path: str, body: str) -> str:
    """A command for the node that asks etcd; ``body`` as the shell is to see it."""
    etcd = f"{CERTIFICATES}/etcd"
    return (
        f"curl -sSf --max-time 60 --cacert {etcd}/ca.crt --cert {etcd}/server.crt --key {etcd}/server.key "
        f"https://127.0.0.1:2379/v3/{path} -d {body}"
    )


def forget_script() -> str:
    """A shell script for the node: etcd lets go of all old revisions, and writes its file anew without them."""
    revision = _ask_etcd("kv/range", shlex.quote(json.dumps({"key": _base64(_PREFIX.encode())})))
    compact = _ask_etcd("kv/compaction", '"{\\"revision\\":$revision,\\"physical\\":true}"')
    return f"""
revision=$({revision} | grep -o '"revision":"[0-9]*"' | grep -o '[0-9]*') || exit 1
{compact} && {_ask_etcd("maintenance/defragment", "'{}'")}
"""


def parse_state(text: str) -> State:
    """What the script told."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, dummy, value = line.partition(" ")
        found.setdefault(name, []).append(value)
    pairs = [value.split() for value in found.get("hash", [])]
    flags = [value.partition("=") for value in found.get("flag", [])]

    def number(name: str) -> int | None:
        value = found.get(name, [""])[0]
        return int(value) if value.isdecimal() else None

    return State(
        pid=number("pid") or 0,
        flags={name: value for name, dummy, value in flags},
        mounted="mounted" in found,
        provider=found.get("provider", [""])[0].strip('"'),
        hashes={pair[1]: pair[0] for pair in pairs if len(pair) == 2},
        stale=frozenset(found.get("stale", [])),
        encrypted=number("encrypted"),
        plain=number("plain"),
        log_bytes=number("bytes"),
        bodies=number("bodies"),
        default_admin=None if number("admin") is None else bool(number("admin")),
    )


def digest(text: str) -> str:
    """As sha256sum tells it."""
    return hashlib.sha256(text.encode()).hexdigest()


# planning ---------------------------------------------------------------------------------------------------------


def problems(wish: Wish, driver: str, options: t.Iterable[str]) -> list[str]:
    """Why this cannot be asked for, with these options of the task and of the profile."""
    found = []
    if driver != "docker" and (wish.encrypt or wish.audit):
        found.append(
            f"encrypt_secrets and audit_log reach nodes that docker runs, and the driver is {driver}: set both to false"
        )
    for name, value in dataclasses.asdict(wish.audit).items() if wish.audit else ():
        if value < 1:
            found.append(f"audit_log_{name} {value} would keep the log without a limit: write 1 or more")
    for entry in options:
        if entry.startswith(OWN_OPTIONS) and entry != ENCRYPTION_OPTION and (wish.encrypt or wish.audit):
            found.append(
                f"extra_config entry {entry!r} is what encrypt_secrets and audit_log set: leave it out, or set them to "
                "false"
            )
    return found


def has_option(config: t.Mapping[str, t.Any] | None) -> bool:
    """Whether minikube starts the API server so that it can read what is encrypted."""
    options = ((config or {}).get("KubernetesConfig") or {}).get("ExtraOptions") or []
    return any(f"{o.get('Component')}.{o.get('Key')}={o.get('Value')}" == ENCRYPTION_OPTION for o in options)


def needs_option(wish: Wish, config: t.Mapping[str, t.Any] | None, state: State) -> bool:
    """Whether minikube has to be told first; what is switched off needs no option.

    A start that was cut short may have been told, and not have come to the API server.
    """
    return bool(wish.encrypt) and (not has_option(config) or bool(state.pid and not state.reads_encrypted))


def steps(wish: Wish, state: State, key: str, rewritten: bool = False) -> list[str]:
    """What is left to do in a running cluster whose API server has its options, in this order.

    ``rewritten``: kubeadm is about to write the API server's manifest anew, which then has no audit log.
    """
    found = []
    if wish.encrypt is not None and key and state.reads_encrypted:
        wanted = digest(encryption_config(key, wish.encrypt))
        if state.hashes.get(ENCRYPTION_FILE) != wanted or ENCRYPTION_FILE in state.stale:
            found.append("configure_encryption")
    if (state.pid and audit_differs(wish, state)) or (rewritten and wish.audit):
        found.append("configure_audit_log")
    if wish.encrypt and state.plain:
        found.append("encrypt_secrets")
    if wish.encrypt is False and state.encrypted:
        found.append("decrypt_secrets")
    if None not in (wish.default_admin, state.default_admin) and wish.default_admin != state.default_admin:
        found.append("grant_default_admin" if wish.default_admin else "revoke_default_admin")
    return found


def audit_differs(wish: Wish, state: State) -> bool:
    """Whether the API server has another log than asked for, or none, or one it should not have."""
    if wish.audit is None:
        return False
    if not wish.audit:
        # One that somebody else has set up is none of ours.
        return state.flags.get("audit-log-path") == AUDIT_LOG
    have = {name: value for name, value in state.flags.items() if name.startswith("audit-")}
    files = state.hashes.get(POLICY_FILE) == digest(audit_policy()) and POLICY_FILE not in state.stale
    return have != wish.audit.flags() or not state.mounted or not files
