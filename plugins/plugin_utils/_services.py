# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services as folders: finds them, checks their rows, selects those that are on. Private to this collection.

A row is the content of a folder's ``service.yml``. What its keys mean stands in docs/services.md.
"""

from __future__ import annotations

import pathlib
import re
import typing as t

Row = dict[str, t.Any]

ROW_FILE = "service.yml"
# Which rows come first, for those that do not say.
ORDER = 100
NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|k|M|G|Ki|Mi|Gi)?")


class ServicesError(Exception):
    """A folder that cannot be a service, or a selection that cannot work. The text names the file."""


def word(value: object) -> str:
    """What is wrong with a text; empty for nothing. The same goes for the other functions of this kind."""
    return "" if isinstance(value, str) and value else "must be a text that is not empty"


def name(value: object) -> str:
    """A name that Kubernetes takes for any object."""
    good = isinstance(value, str) and NAME.fullmatch(value)
    return "" if good else "must be a name of at most 63 lowercase letters, digits and hyphens"


def text(value: object) -> str:
    """A text that may be empty."""
    return "" if isinstance(value, str) else "must be a text"


def quantity(value: object) -> str:
    """A quantity of Kubernetes."""
    good = isinstance(value, str) and QUANTITY.fullmatch(value)
    return "" if good else "must be a quantity in quotes, such as '500m' or '64Mi'"


def flag(value: object) -> str:
    """True or false."""
    return "" if isinstance(value, bool) else "must be true or false"


def number(low: int, high: int) -> t.Callable[[object], str]:
    """A whole number in a range."""

    def check(value: object) -> str:
        good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if good else f"must be a number from {low} to {high}"

    return check


def one_of(*values: str) -> t.Callable[[object], str]:
    """One of some words."""
    return lambda value: "" if value in values else f"must be one of {', '.join(values)}"


class Keys(t.NamedTuple):
    """A mapping with these keys; each has a check of its own."""

    required: t.Mapping[str, t.Any]
    optional: t.Mapping[str, t.Any]


class Items(t.NamedTuple):
    """A list, each element of which passes one check, or a mapping each value of which does."""

    check: t.Any
    shape: type = list


PORT = number(1, 65535)
# The kernel lets ordinary users listen on these only.
TARGET = number(1024, 65535)
# No number that Alpine gives to a user of its own, and never root.
UID = number(1000, 65533)
SECONDS = number(2, 86400)
COMMON = {"name": name, "title": word, "description": word, "uid": UID}
COMMON_OPTIONAL = {"kind": one_of("deployment", "job"), "order": number(0, 1000), "requires": Items(name)}
# The module credentials knows better what may stand there.
CREDENTIAL = Keys({"name": word}, dict.fromkeys(("kind", "length", "alphabet", "file", "known_hosts")))
SECRET_FILE = Keys({}, {"credential": word, "part": one_of("value", "private", "public"), "file": text})
ADDITION = Keys({"setting": word, "file": word, "header": word}, {})
DEPLOYMENT = Keys(
    {
        **COMMON,
        "type": one_of("LoadBalancer", "ClusterIP"),
        "ports": Items(Keys({"name": name, "port": PORT, "target": TARGET}, {})),
        "processes": Items(word),
        "liveness": Items(word),
        "resources": Keys({"cpu": quantity, "cpu_limit": quantity, "memory": quantity, "memory_limit": quantity}, {}),
    },
    {
        **COMMON_OPTIONAL,
        "port_range": Keys({"name": name, "first": TARGET, "last": TARGET}, {}),
        "readiness": Items(word),
        "startup_seconds": SECONDS,
        # It is asked every 30 seconds.
        "liveness_timeout": number(30, 86400),
        "termination_grace_period": SECONDS,
        "tmp_size": quantity,
        "run_size": quantity,
        "storage": Keys({"size": quantity, "path": word}, {}),
        "backup": one_of("tar", "sql"),
        "backup_fingerprint": flag,
        "egress_to": Items(name),
        "tls": flag,
        "credentials": Items(CREDENTIAL),
        "secret_files": Items(SECRET_FILE, dict),
        "links": Items(Keys({"label": word}, {"url": word, "command": word})),
        "guide": Keys({"page": word, "about": word}, {}),
        "serves_routes": flag,
        "serves_unready": flag,
        "stand_in": Keys({"folder": name, "without_package": word}, {}),
        "single": word,
        "external": Keys({"credentials": Items(word)}, {"by_name": flag}),
        "route": Keys({"path": word, "mode": one_of("redirect", "proxy"), "port": PORT}, {}),
        "config": Items(text, dict),
        "additions": Items(ADDITION, dict),
        # Kubernetes' own, which its API server checks.
        "env": Items(None),
        "egress_rules": Items(None),
        "cluster_rules": Items(None),
        "without_rules": word,
    },
)
JOB = Keys(COMMON, {**COMMON_OPTIONAL, "config": Items(text, dict)})


def problems(value: object, check: t.Any, place: str) -> t.Iterator[str]:
    """Everything that is wrong with ``value``, found at ``place`` of the file."""
    if check is None or (isinstance(value, str) and "{{" in value):
        # The module that takes it knows better; or it is known only when it is rendered.
        return
    if isinstance(check, Keys):
        yield from mapping_problems(value, check, place)
    elif isinstance(check, Items):
        if not isinstance(value, check.shape):
            yield f"{place} must be a {'list' if check.shape is list else 'mapping'}"
            return
        for key, each in value.items() if isinstance(value, dict) else enumerate(t.cast("list[object]", value)):
            yield from problems(each, check.check, f"{place}.{key}")
    else:
        wrong = check(value)
        if wrong:
            yield f"{place} {wrong}"


def mapping_problems(value: object, check: Keys, place: str) -> t.Iterator[str]:
    """The same for a mapping with known keys."""
    if not isinstance(value, dict):
        yield f"{place or 'it'} must be a mapping"
        return
    prefix = f"{place}." if place else ""
    known = {**check.required, **check.optional}
    for key in value:
        if key not in known:
            yield f"{prefix}{key} is not a key; there are: {', '.join(sorted(known))}"
    for key in check.required:
        if key not in value:
            yield f"{prefix}{key} is missing"
    for key, each in value.items():
        if key in known:
            yield from problems(each, known[key], f"{prefix}{key}")


def check_row(row: object, file: pathlib.Path) -> Row:
    """Return the row, or raise ServicesError with all that is wrong with it."""
    if not isinstance(row, dict):
        raise ServicesError(f"{file}: it must hold the keys of one service, as images/nginx/service.yml does.")
    found = list(problems(row, JOB if row.get("kind") == "job" else DEPLOYMENT, ""))
    if not found and row["name"] != file.parent.name:
        found = [f"name is {row['name']}, but the folder is {file.parent.name}: they must be the same"]
    if not found and "backup" in row and "storage" not in row:
        found = ["backup needs storage: nothing is kept that could be backed up"]
    if not found and "without_rules" in row and "cluster_rules" not in row:
        found = ["without_rules needs cluster_rules: there are no rights to do without"]
    if not found and "external" in row:
        own = [each["name"] for each in row.get("credentials") or []]
        foreign = [each for each in row["external"]["credentials"] if each not in own]
        found = [f"external.credentials names {', '.join(foreign)}, which credentials does not have"] if foreign else []
    if not found and "port_range" in row and row["port_range"]["first"] > row["port_range"]["last"]:
        found = ["port_range.first is greater than port_range.last"]
    if found:
        raise ServicesError(f"{file}: {'; '.join(found)}.")
    return row


def find_folders(paths: t.Sequence[str | pathlib.Path]) -> dict[str, pathlib.Path]:
    """The folder of each service by its name: those below ``paths`` with a row. A name may be there once."""
    folders: dict[str, pathlib.Path] = {}
    for given in paths:
        path = pathlib.Path(given).expanduser()
        if not path.is_absolute():
            raise ServicesError(f"services_paths: {given} is no absolute path. Write {{{{ inventory_dir }}}}/{given}.")
        if not path.is_dir():
            raise ServicesError(f"services_paths: there is no folder {path}.")
        for file in sorted(path.glob(f"*/{ROW_FILE}")):
            other = folders.setdefault(file.parent.name, file.parent)
            if other != file.parent:
                raise ServicesError(f"{file}: {other} has a service of that name already. Choose another one.")
    return folders


def place_of(row: Row) -> tuple[int, str]:
    """Where a row stands among the others."""
    return row.get("order", ORDER), row["name"]


def ports_of(row: Row) -> list[dict[str, t.Any]]:
    """Name, port and target of all ports of a row: those that are listed, and each of its range."""
    span = row.get("port_range")
    numbers = range(span["first"], span["last"] + 1) if isinstance(span, dict) else ()
    listed = row["ports"] if isinstance(row.get("ports"), list) else []
    return [*listed, *({"name": f"{span['name']}-{each}", "port": each, "target": each} for each in numbers if span)]


def select(
    rows: t.Mapping[pathlib.Path, Row],
    enabled: t.Sequence[str] = (),
    disabled: t.Sequence[str] = (),
    cluster_rights: bool = True,
) -> list[Row]:
    """The rows that are on, in their order. ``rows`` are all by folder; no ``enabled`` means all of them.

    Without ``cluster_rights`` those are off that are nothing without them.
    Raises ServicesError where one needs another that is off.
    """
    known = {row["name"]: folder for folder, row in rows.items()}
    for setting, names in (("services_enabled", enabled), ("services_disabled", disabled)):
        unknown = [each for each in names if each not in known]
        if unknown:
            raise ServicesError(
                f"{setting}: there is no service {', '.join(unknown)}; there are {', '.join(sorted(known))}."
            )
    on = {each for each in enabled or known if each not in disabled}
    if not cluster_rights:
        on -= {row["name"] for row in rows.values() if needs_rights(row)}
    chosen = sorted((row for row in rows.values() if row["name"] in on), key=place_of)
    for row in chosen:
        check_others(row, known, on)
    return chosen


def needs_rights(row: Row) -> bool:
    """True for a service that is nothing without its rights in the whole cluster."""
    return "cluster_rules" in row and "without_rules" not in row


def without_rights(row: Row) -> Row:
    """A row that asks for nothing in the whole cluster, and connects to nobody whom it would have asked there."""
    if "cluster_rules" not in row:
        return row
    rules = [rule for rule in row.get("egress_rules") or [] if "to" in rule]
    kept = {key: value for key, value in row.items() if key not in ("cluster_rules", "egress_rules")}
    return {**kept, "egress_rules": rules} if rules else kept


def lost_rights(rows: t.Iterable[Row]) -> list[str]:
    """What services do not do without rights in the whole cluster, in words."""
    return [
        f"{row['name']} {row.get('without_rules', 'is off')}"
        for row in sorted(rows, key=place_of)
        if "cluster_rules" in row
    ]


def own_names(service: str, addresses: t.Mapping[str, str]) -> dict[str, str]:
    """What the variables of the platform's address are for a service that has one of its own; empty for others."""
    return (
        dict.fromkeys(("services_address", "services_public_name"), addresses[service]) if service in addresses else {}
    )


def complete(rows: t.Sequence[Row], folders: t.Mapping[str, pathlib.Path]) -> list[Row]:
    """The rows that are on with what follows from all of them; ``folders`` are those of all services.

    Raises ServicesError where two of them want the same.
    """
    check_unique(rows, folders)
    proxied = [row["name"] for row in rows if row.get("route", {}).get("mode") == "proxy"]
    found = []
    for row in rows:
        whole = {"kind": "deployment", **row, "folder": str(folders[row["name"]]), "all_ports": ports_of(row)}
        if row.get("serves_routes"):
            # Who leads to a service by a proxy connects to it.
            whole["egress_to"] = list(dict.fromkeys([*(row.get("egress_to") or []), *proxied]))
        found.append(whole | filled(row))
    return found


def filled(row: Row) -> Row:
    """Its files without those that a setting without a value leaves empty."""
    config, files = row.get("config"), row.get("secret_files")
    found: Row = {}
    if isinstance(config, dict):
        found["config"] = {name: content for name, content in config.items() if content}
    if isinstance(files, dict):
        found["secret_files"] = {name: source for name, source in files.items() if source.get("file") != ""}
    return found


def check_others(row: Row, known: t.Mapping[str, pathlib.Path], on: t.Collection[str]) -> None:
    """Refuse a row that names a service which does not exist, or needs one that is off."""
    file = known[row["name"]] / ROW_FILE
    for key in ("requires", "egress_to"):
        unknown = [each for each in row.get(key) or [] if each not in known]
        if unknown:
            raise ServicesError(f"{file}: {key} names {', '.join(unknown)}, and there is no such service.")
    off = [each for each in row.get("requires") or [] if each not in on]
    if off:
        raise ServicesError(
            f"{file}: {row['name']} needs {', '.join(off)}, which services_enabled or services_disabled switches off."
            f" Switch {row['name']} off too, or {', '.join(off)} on."
        )


def check_unique(rows: t.Sequence[Row], known: t.Mapping[str, pathlib.Path]) -> None:
    """Refuse two services with one user, one public port or one credential."""
    seen: dict[tuple[str, t.Any], str] = {}
    for row in rows:
        mine: list[tuple[str, t.Any]] = [("uid", row["uid"])]
        if row.get("type") == "LoadBalancer":
            mine += [("port", port["port"]) for port in ports_of(row)]
        mine += [("credential", each["name"]) for each in row.get("credentials") or []]
        mine += [("route.path", row["route"]["path"])] if "route" in row else []
        for key in mine:
            other = seen.setdefault(key, row["name"])
            if other != row["name"] or mine.count(key) > 1:
                raise ServicesError(
                    f"{known[row['name']] / ROW_FILE}: {key[0]} {key[1]} is that of {other} already"
                    f" ({known[other] / ROW_FILE}). Choose another one."
                )
