# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real InfluxDB that is started by the scripts of its image, as in the container."""

from __future__ import annotations

import base64
import json
import random
import re
import ssl
import subprocess
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

from ansible_collections.fortytwo.ft_services.tests.integration.images.containers import (
    IMAGES,
    Container,
    certificate,
    free_ports,
)


class Influx(Container):
    """InfluxDB in its container."""

    programs: t.ClassVar[dict[str, str]] = {
        **{name: f"influxdb/{name}.sh" for name in ("backup", "entrypoint", "healthy", "query", "ready", "restore")},
        **{name: f"influxdb/{name}.sh" for name in ("counts", "writes")},
        **{name: f"common/{name}.sh" for name in ("aside", "room", "swap", "untar", "written_by")},
    }
    folders: t.ClassVar[dict[str, str]] = {
        "/data": "data",
        "/etc/service": "etc",
        "/etc/influxdb": "etc",
        "/tmp": "tmp",
    }

    def __init__(self, root: Path) -> None:
        self.ports = dict(zip(("8085", "8086", "8087", "8088", "8089"), free_ports(5), strict=True))
        super().__init__(root)
        certificate(root / "etc/tls", "influxdb")
        for name in ("admin", "telegraf", "grafana"):
            (root / f"etc/secrets/influxdb_{name}").write_text(name)
        (root / "etc/config/retention").write_text("14d\n")
        (root / "etc/influxdb.conf").write_text(self.moved((IMAGES / "influxdb/influxdb.conf").read_text()))
        said = subprocess.run(["influxd", "version"], capture_output=True, text=True, check=True).stdout
        self.is_version("InfluxDB " + re.search(r"v(\d[\d.]*)", said)[1])
        self.owned()

    def is_version(self, text: str) -> None:
        (self.root / "etc/version").write_text(f"{text}\n")

    def moved(self, text: str) -> str:
        return re.sub(r"\b808[5-9]\b", lambda found: str(self.ports[found[0]]), super().moved(text))

    def ask(self, path: str, login: str, body: bytes | None = None) -> tuple[int, str]:
        """The status, 0 for a connection that was cut, and the answer."""
        trust = ssl.create_default_context(cafile=str(self.root / "etc/tls/ca.crt"))
        trust.check_hostname = False
        url = f"https://127.0.0.1:{self.ports['8086']}{path}"
        token = base64.b64encode(f"{login}:{login}".encode()).decode()
        request = urllib.request.Request(url, data=body, headers={"Authorization": f"Basic {token}"})
        try:
            with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except urllib.error.URLError as error:
            # It refused before it had read all.
            return 0, str(error)

    def write(self, first: int, count: int = 1000, login: str = "telegraf") -> tuple[int, str]:
        """Points of one measurement, one for each second from ``first`` on; the field is text that hardly shrinks."""
        chance = random.Random(first)
        lines = [
            f'points,container_name=c number={second}i,text="{chance.randbytes(100).hex()}" {second}'
            for second in range(first, first + count)
        ]
        return self.ask("/write?db=telegraf&precision=s", login, "\n".join(lines).encode())

    def count(self) -> int:
        """How many points there are."""
        status, text = self.ask("/query?db=telegraf&q=SELECT+count(number)+FROM+points", "grafana")
        assert status == 200, text
        series = json.loads(text)["results"][0].get("series")
        return series[0]["values"][0][1] if series else 0
