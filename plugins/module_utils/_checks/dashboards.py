# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe of the dashboards in Grafana, or in panels, which stands in for it.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import time
import typing as t
from urllib.parse import urlencode, urlsplit

from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.base import (
    Check,
    Countdown,
    Outcome,
    RunCommand,
    client_context,
    explain,
)
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.login import Differs, password_of
from ansible_collections.fortytwo.ft_services.plugins.module_utils._checks.web import USER_AGENT
from ansible_collections.fortytwo.ft_services.plugins.module_utils._types import Json

SOURCE = "ft-influxdb"
SPAN, STEP = 300, "20s"  # seconds that are looked at, and what one point stands for
RECENT = 120  # seconds without a point after which a panel counts as empty
# Whose points they are, by tags that are asked for beside what a query asks for itself.
WHOSE = ("container_name", "namespace")
GROUP = re.compile(r'GROUP BY time\(\$__interval\)((?:, "\w+")*)')
Found = list[tuple[dict[str, str], list[float]]]  # of each series: its tags, and the times of its values in seconds


class Viewer:
    """A server that shows dashboards, and its login."""

    name = ""

    def __init__(self, check: Check, countdown: Countdown) -> None:
        """Nothing is asked yet."""
        self.cookie = ""  # the one that the last answer set
        self._check, self._countdown = check, countdown
        login = base64.b64encode(f"{check['username']}:{password_of(check)}".encode()).decode()
        self._headers = {"User-Agent": USER_AGENT, "Authorization": f"Basic {login}"}
        parts = urlsplit(check["url"])
        self._host, self._port = t.cast(str, parts.hostname), parts.port
        self._context = client_context(check.get("ca_file"), check.get("validate_certs") is not False)
        self._connection: http.client.HTTPSConnection | None = None

    def answer(self, path: str, body: Json | None = None, login: bool = True) -> tuple[int, t.Any]:
        """Status, and what the JSON says; None where there is no JSON."""
        if self._connection is None:
            left = self._countdown.left()
            self._connection = http.client.HTTPSConnection(self._host, self._port, timeout=left, context=self._context)
        headers = dict(self._headers) if login else {"User-Agent": USER_AGENT}
        data = None
        if body is not None:
            headers["Content-Type"], data = "application/json", json.dumps(body)
        self._connection.request("GET" if body is None else "POST", path, data, headers)
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._countdown.left())
        response = self._connection.getresponse()
        content = response.read()
        self.cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]
        try:
            return response.status, json.loads(content)
        except ValueError:
            return response.status, None

    def get(self, path: str, body: Json | None = None) -> t.Any:
        """What the JSON says of an answer that has to be good."""
        status, said = self.answer(path, body)
        if status != 200 or said is None:
            raise Differs(f"{status} at {path.partition('?')[0]}")
        return said

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()


class Panels(Viewer):
    """The stand-in: files, and the way to InfluxDB. The password opens a session, whose cookie opens the rest."""

    name = "panels"

    def sign_in(self) -> None:
        """Change the password for a cookie."""
        status, dummy = self.answer("/session")
        if status != 204 or not self.cookie:
            raise Differs(f"{status} at /session, where the password of {self._check['username']} opens a session")
        del self._headers["Authorization"]
        self._headers["Cookie"] = self.cookie

    def get(self, path: str, body: Json | None = None) -> t.Any:
        """What the JSON says of an answer that has to be good."""
        if "Cookie" not in self._headers:
            self.sign_in()
        return super().get(path, body)

    def source(self) -> str:
        """Ask the database, as the page does."""
        measurements = self.rows("SHOW MEASUREMENTS")
        names = {row[0] for series in measurements for row in series["values"]}
        if "kubernetes_pod_container" not in names:
            raise Differs(f"panels asks InfluxDB, which has {', '.join(sorted(names)) or 'no measurements'}")
        return f"panels asks InfluxDB, {len(names)} measurements"

    def rows(self, query: str) -> list[Json]:
        """Series of a query."""
        result = self.get(f"/query?{urlencode({'q': query})}")["results"][0]
        if "error" in result:
            raise Differs(f"InfluxDB: {result['error']}")
        return t.cast(list[Json], result.get("series", []))

    def dashboards(self) -> dict[str, Json]:
        """All dashboards by title."""
        files = [file["name"] for file in self.get("/dashboards/") if file["name"].endswith(".json")]
        found = [self.get(f"/dashboards/{name}") for name in files]
        return {dashboard["title"]: dashboard for dashboard in found}

    def series(self, targets: t.Sequence[Json], now: float) -> list[Found]:
        """What each query gives."""
        when = f"time >= {int((now - SPAN) * 1000)}ms and time <= {int(now * 1000)}ms"
        found = []
        for target in targets:
            rows = self.rows(target["query"].replace("$timeFilter", when).replace("$__interval", STEP))
            # Whole milliseconds since 1970, because the server asks for them.
            times = [[point[0] / 1000 for point in row["values"] if point[1] is not None] for row in rows]
            found.append([(row.get("tags", {}), each) for row, each in zip(rows, times, strict=True)])
        return found


class Grafana(Viewer):
    """Grafana, by its HTTP API."""

    name = "Grafana"

    def source(self) -> str:
        """Ask Grafana whether the source works."""
        found = self.get(f"/api/datasources/uid/{SOURCE}")
        health = self.get(f"/api/datasources/uid/{SOURCE}/health")
        if found["type"] != "influxdb" or health.get("status") != "OK":
            raise Differs(f"source of type {found['type']}: {health.get('message', health.get('status'))}")
        return f"Grafana: {health.get('message', 'OK')}"

    def dashboards(self) -> dict[str, Json]:
        """All dashboards by title."""
        found = self.get("/api/search?type=dash-db&limit=5000")
        return {each["title"]: self.get(f"/api/dashboards/uid/{each['uid']}")["dashboard"] for each in found}

    def series(self, targets: t.Sequence[Json], now: float) -> list[Found]:
        """What each query gives; Grafana puts the times in by itself."""
        queries = [{**target, "intervalMs": 20000, "maxDataPoints": 500} for target in targets]
        span = {"from": str(int((now - SPAN) * 1000)), "to": str(int(now * 1000))}
        results = self.get("/api/ds/query", {**span, "queries": queries})["results"]
        found = []
        for target in targets:
            result = results[target["refId"]]
            if result.get("error"):
                raise Differs(f"InfluxDB: {result['error']}")
            found.append([series for frame in result.get("frames", []) for series in series_of_frame(frame)])
        return found


def series_of_frame(frame: Json) -> Found:
    """Read one of Grafana's tables: a column of times in milliseconds, and others with labels."""
    fields, columns = frame["schema"]["fields"], frame["data"]["values"]
    times: list[float] = []
    found: Found = []
    for field, column in zip(fields, columns, strict=True):
        if field["type"] == "time":
            times = [when / 1000 for when in column]
        else:
            valid = [when for when, value in zip(times, column, strict=True) if value is not None]
            found.append((field.get("labels") or {}, valid))
    return found


def with_origin(target: Json) -> Json:
    """The query that also tells whose each series is, by tags instead of a name."""

    def grouped(match: re.Match[str]) -> str:
        names = dict.fromkeys([*re.findall(r"\w+", match.group(1)), *WHOSE])
        return "GROUP BY time($__interval)" + "".join(f', "{name}"' for name in names)

    return {**target, "alias": "", "query": GROUP.sub(grouped, target["query"])}


def lack(found: Found, own: str, now: float) -> str:
    """What is wrong with the series of one query; empty when nothing is."""
    times = [when for dummy, each in found for when in each]
    if not times or now - max(times) > RECENT:
        return f"shows nothing of the last {RECENT} s"
    strangers = sorted({tags.get("container_name", "nobody") for tags, dummy in found} - {own})
    if strangers or len({tags.get("namespace") for tags, dummy in found}) != 1:
        return f"is not of {own} alone, but of {', '.join(strangers) or 'several namespaces'} too"
    return ""


def open_viewer(check: Check, countdown: Countdown) -> Panels | Grafana:
    """Whichever of the two is there: only Grafana tells strangers that it is well."""
    panels = Panels(check, countdown)
    status, said = panels.answer("/api/health", login=False)
    panels.close()
    if status == 200 and isinstance(said, dict) and "database" in said:
        return Grafana(check, countdown)
    if status == 401:
        return Panels(check, countdown)
    raise Differs(f"neither Grafana nor panels: {status} at /api/health")


def look(check: Check, countdown: Countdown) -> str:
    """Do what the check is about; what was seen, or Differs."""
    viewer = open_viewer(check, countdown)
    try:
        if check["about"] == "source":
            return viewer.source()
        found = viewer.dashboards()
        missing = [name for name in check["dashboards"] if name not in found]
        if missing:
            raise Differs(f"{viewer.name} has no dashboard {', '.join(missing)}")
        if check["about"] == "list":
            return f"{viewer.name}: {', '.join(sorted(found))}"
        return data(viewer, check, found)
    finally:
        viewer.close()


def data(viewer: Panels | Grafana, check: Check, found: t.Mapping[str, Json]) -> str:
    """Run every query of the wanted dashboards."""
    wrong, count = [], 0
    for name in check["dashboards"]:
        for panel in found[name]["panels"]:
            targets = [with_origin(target) for target in panel["targets"]]
            count += len(targets)
            now = time.time()
            for target, series in zip(targets, viewer.series(targets, now), strict=True):
                if reason := lack(series, name, now):
                    wrong.append(f"{name}: {panel['title']}, query {target['refId']}, {reason}")
    if wrong:
        raise Differs(f"{viewer.name}: {'; '.join(wrong)}")
    return f"{viewer.name}: {count} queries of {len(check['dashboards'])} dashboards have values of the last {RECENT} s"


def dashboards_problems(check: Check) -> list[str]:
    """What is wrong with the options of a check, before anything is asked."""
    parts = urlsplit(check["url"])
    problems = []
    if parts.scheme != "https" or not parts.hostname:
        problems.append(f"url {check['url']!r} must start with https:// and name a host")
    if check["about"] != "source" and not check.get("dashboards"):
        problems.append(f"about {check['about']} needs dashboards")
    return problems


def expectation(check: Check) -> str:
    """The check in words."""
    texts = {
        "source": "InfluxDB is the source of the dashboards, and answers",
        "list": f"dashboards {', '.join(check.get('dashboards') or [])}",
        "data": f"every panel of {', '.join(check.get('dashboards') or [])} shows its own container, until now",
    }
    return f"{check['url']}: {texts[check['about']]}"


def probe_dashboards(check: Check, timeout: float, run: RunCommand) -> Outcome:
    """Log in with a credential from the state file, and look."""
    expected = expectation(check)
    try:
        return Outcome(True, look(check, Countdown(timeout)), expected)
    except Differs as error:
        return Outcome(False, str(error), expected, "Look at the dashboards, and at the log of telegraf and influxdb.")
    except (http.client.HTTPException, KeyError, IndexError, TypeError) as error:
        return Outcome(False, f"an answer that cannot be understood: {error!r}", expected, "Look what listens there.")
    except OSError as error:
        seen, advice = explain(error, timeout)
        return Outcome(False, seen, expected, advice)
