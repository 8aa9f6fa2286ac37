# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the templates of the dashboards: of a service without and with a volume, and of the overview.

Run it after a change here: python tools/dashboards.py (with the packages of requirements-dev.txt).
What it writes is committed, because a run of the roles needs no generator. Words between @ stand for what the filter
service_dashboards knows: the names of the services that there are, and the namespace.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

from grafana_foundation_sdk.builders import common, dashboard, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as styles
from grafana_foundation_sdk.models import dashboard as parts

CLONE = pathlib.Path(__file__).resolve().parents[1]
FOLDER = CLONE / "roles/services/files/dashboards"

# The data source in images/grafana/datasource.yml.
SOURCE = parts.DataSourceRef("influxdb", "ft-influxdb")
TAG = "ft-services"
CONTAINER, NETWORK, VOLUME = "kubernetes_pod_container", "kubernetes_pod_network", "kubernetes_pod_volume"
# Two of telegraf's intervals: points come a little early or late, and an empty place would look like a fault.
INTERVAL = "20s"
# A line ends where this many milliseconds have no point.
GAP = 90000
GREEN, ORANGE, RED, GREY = "green", "orange", "red", "#8e8e8e"
STATES = (("running", GREEN), ("terminated", RED), ("waiting", ORANGE), ("unknown", GREY))
COLUMNS = 24

Row = dict[str, t.Any]
Panel = timeseries.Panel | stat.Panel
P = t.TypeVar("P", timeseries.Panel, stat.Panel)


class Query(Dataquery, Builder["Query"]):
    """A query in InfluxQL, of which the SDK has no model. ``alias`` names its series."""

    def __init__(self, name: str, query: str, alias: str) -> None:
        """Take the letter by which the panel knows the query."""
        self._json = {
            "refId": name,
            "datasource": SOURCE,
            "rawQuery": True,
            "resultFormat": "time_series",
            "alias": alias,
            "query": query,
        }

    def build(self) -> Query:
        """Return itself: there is nothing to fill in."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return what Grafana stores."""
        return dict(self._json)


def of(container: str) -> str:
    """Return the filter for one container."""
    return f"\"container_name\" = '{container}'"


def select(what: str, source: str, which: str, by: str = "") -> str:
    """Return a query for one value in each interval."""
    group = f', "{by}"' if by else ""
    where = f"\"namespace\" = '@namespace@' AND {which} AND $timeFilter"
    words = ["SELECT", what, "FROM", f'"{source}"', "WHERE", where, f"GROUP BY time($__interval){group}", "fill(null)"]
    return " ".join(words)


def rate(field: str, which: str, by: str = "") -> str:
    """Return a query for the growth of a counter in a second.

    Each pod counts anew, and during a rollout there are two.
    """
    each = f', "{by}"' if by else ""
    where = f"\"namespace\" = '@namespace@' AND {which} AND $timeFilter"
    inner = ["SELECT", f'non_negative_derivative(max("{field}"), 1s)', "AS", '"rate"', "FROM", f'"{NETWORK}"']
    inner += ["WHERE", where, f'GROUP BY time($__interval), "pod_name"{each}', "fill(none)"]
    outer = ["SELECT", 'sum("rate")', "FROM", f"({' '.join(inner)})"]
    return " ".join([*outer, "WHERE", "$timeFilter", f"GROUP BY time($__interval){each}", "fill(null)"])


CPU = 'mean("cpu_usage_nanocores") / 1000000000'
CPU_LIMIT = 'last("resource_limits_millicpu_units") / 1000'
CPU_SHARE = 'mean("cpu_usage_nanocores") / last("resource_limits_millicpu_units") / 1000000'
MEMORY = 'mean("memory_working_set_bytes")'
MEMORY_LIMIT = 'last("resource_limits_memory_bytes")'
MEMORY_SHARE = 'mean("memory_working_set_bytes") / last("resource_limits_memory_bytes")'
RESTARTS, STATE, UPTIME = 'last("restarts_total")', 'last("state_code")', 'last("uptime_seconds")'
USED = 'last("used_bytes")'
CORES = "suffix: cores"
# All containers of the platform.
EVERY = '"container_name" =~ /^(@names@)$/'


def asking(panel: P, queries: dict[str, str]) -> P:
    """Return a panel with its queries, which ask InfluxDB; ``queries`` has each by the alias of its series."""
    panel.datasource(SOURCE).interval(INTERVAL)
    for name, (alias, query) in zip("ABCDEFGH", queries.items(), strict=False):
        panel.with_target(Query(name, query, alias))
    return panel


def graph(
    title: str, unit: str, queries: dict[str, str], description: str, width: int, height: int = 8
) -> timeseries.Panel:
    """Return a panel with a line for each query."""
    # Many lines of one query leave no room for more.
    calcs = ["lastNotNull"] if any(alias.endswith("container_name") for alias in queries) else ["lastNotNull", "max"]
    legend = common.VizLegendOptions().show_legend(True).display_mode(styles.LegendDisplayMode.LIST)
    panel = (
        asking(timeseries.Panel(), queries)
        .title(title)
        .description(description)
        .span(width)
        .height(height)
        .unit(unit)
        .min(0)
        .line_width(2)
        .fill_opacity(12)
        .show_points(styles.VisibilityMode.NEVER)
        .span_nulls(GAP)
        .legend(legend.placement(styles.LegendPlacement.BOTTOM).calcs(calcs))
        .tooltip(common.VizTooltipOptions().mode(styles.TooltipDisplayMode.MULTI).sort(styles.SortOrder.DESCENDING))
    )
    if "limit" in queries:
        panel.override_by_name(
            "limit",
            [
                parts.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": RED}),
                parts.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}),
                parts.DynamicConfigValue("custom.lineWidth", 1),
                parts.DynamicConfigValue("custom.fillOpacity", 0),
            ],
        )
    return panel


def number(title: str, unit: str, queries: dict[str, str], description: str, width: int, height: int = 4) -> stat.Panel:
    """Return a panel with the latest value of each query in large."""
    return (
        asking(stat.Panel(), queries)
        .title(title)
        .description(description)
        .span(width)
        .height(height)
        .unit(unit)
        .color_mode(styles.BigValueColorMode.VALUE)
        .graph_mode(styles.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().values(False).calcs(["lastNotNull"]))
    )


def limits(*steps: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """Return the colours of values from each step on; the first has no lower end."""
    found = [parts.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(parts.ThresholdsMode.ABSOLUTE).steps(found)


SHARES = limits((None, GREEN), (0.8, ORANGE), (0.95, RED))


def states() -> list[parts.ValueMapping]:
    """Return the words for the codes of a container's state."""
    words = {
        str(code): parts.ValueMappingResult(text=text, color=color, index=code)
        for code, (text, color) in enumerate(STATES)
    }
    return [parts.ValueMap(options=words)]


def container_numbers(service: Row) -> list[stat.Panel]:
    """Return the first line of a container's dashboard."""
    which = of(service["name"])
    volume = "storage" if service.get("storage") else "tmp"
    where = f"{which} AND \"volume_name\" = '{volume}'"
    place = "What its volume holds." if volume == "storage" else "What its temporary files take; it has no volume."
    return [
        number("State", "none", {"state": select(STATE, CONTAINER, which)}, "State of the container.", 4)
        .mappings(states())
        .thresholds(limits((None, GREEN))),
        number("Uptime", "s", {"uptime": select(UPTIME, CONTAINER, which)}, "Since the container's last start.", 4)
        .decimals(1)
        .thresholds(limits((None, GREEN))),
        number(
            "Restarts", "none", {"restarts": select(RESTARTS, CONTAINER, which)}, "Of the container in its pod.", 4
        ).thresholds(limits((None, GREEN), (1, ORANGE))),
        number("CPU of its limit", "percentunit", {"CPU": select(CPU_SHARE, CONTAINER, which)}, "Used now.", 4)
        .decimals(1)
        .min(0)
        .graph_mode(styles.BigValueGraphMode.AREA)
        .thresholds(SHARES),
        number("Memory of its limit", "percentunit", {"memory": select(MEMORY_SHARE, CONTAINER, which)}, "Used now.", 4)
        .decimals(1)
        .min(0)
        .graph_mode(styles.BigValueGraphMode.AREA)
        .thresholds(SHARES),
        number(
            "Volume used" if volume == "storage" else f"/{volume} used",
            "bytes",
            {"used": select(USED, VOLUME, where)},
            place,
            4,
        ).thresholds(limits((None, GREEN))),
    ]


def container_graphs(service: Row) -> list[timeseries.Panel]:
    """Return the lines of a container's dashboard."""
    which = of(service["name"])
    cpu = {"used": select(CPU, CONTAINER, which), "limit": select(CPU_LIMIT, CONTAINER, which)}
    memory = {"working set": select(MEMORY, CONTAINER, which), "limit": select(MEMORY_LIMIT, CONTAINER, which)}
    network = {"received": rate("rx_bytes", which), "sent": rate("tx_bytes", which)}
    volumes = {"$tag_volume_name": select(USED, VOLUME, which, "volume_name")}
    # In a working set, docker counts the files that are cached.
    return [
        graph("CPU", CORES, cpu, "Processors used, and how many the container may use.", 12),
        graph("Memory", "bytes", memory, "Working set with cached files, and the limit.", 12),
        graph("Network", "binBps", network, "All the pod's traffic.", 12),
        graph(
            "Volumes", "bytes", volumes, "Used by the files in each: run lies in memory, storage outlives the pod.", 12
        ),
        graph(
            "Restarts", "none", {"restarts": select(RESTARTS, CONTAINER, which)}, "Begins anew with a new pod.", 12, 6
        ).decimals(0),
        graph(
            "Uptime",
            "s",
            {"uptime": select(UPTIME, CONTAINER, which)},
            "Falls to nothing when the container starts.",
            12,
            6,
        ),
    ]


def tile(service: Row, width: int) -> stat.Panel:
    """Return a service's place in the overview."""
    which = of(service["name"])
    queries = {
        "state": select(STATE, CONTAINER, which),
        "CPU": select(CPU_SHARE, CONTAINER, which),
        "memory": select(MEMORY_SHARE, CONTAINER, which),
    }
    link = (
        dashboard.DashboardLink(service["title"]).type(parts.DashboardLinkType.LINK).url(f"/d/{uid(service['name'])}")
    )
    panel = number(service["name"], "percentunit", queries, service["description"], width, 3)
    panel = panel.decimals(0).thresholds(SHARES)
    panel.override_by_name(
        "state",
        [
            parts.DynamicConfigValue("unit", "none"),
            parts.DynamicConfigValue("mappings", states()),
        ],
    )
    return panel.links([link]).text_mode(styles.BigValueTextMode.VALUE_AND_NAME)


def overview_graphs() -> list[timeseries.Panel]:
    """Return the lines of all containers."""
    by = "container_name"
    alias = f"$tag_{by}"
    return [
        graph("CPU", CORES, {alias: select(CPU, CONTAINER, EVERY, by)}, "Processors used by each container.", 12, 10),
        graph(
            "Memory", "bytes", {alias: select(MEMORY, CONTAINER, EVERY, by)}, "Working sets, with cached files.", 12, 10
        ),
        graph("Received", "binBps", {alias: rate("rx_bytes", EVERY, by)}, "By each pod.", 12, 9),
        graph("Sent", "binBps", {alias: rate("tx_bytes", EVERY, by)}, "By each pod.", 12, 9),
        graph(
            "Restarts", "none", {alias: select(RESTARTS, CONTAINER, EVERY, by)}, "Of each container in its pod.", 12, 9
        ).decimals(0),
        graph(
            "Uptime", "s", {alias: select(UPTIME, CONTAINER, EVERY, by)}, "Since each container's last start.", 12, 9
        ),
    ]


def uid(name: str) -> str:
    """Return the name by which links find a dashboard; it never changes."""
    return f"ft-{name}"


def lay_out(panels: t.Sequence[t.Any]) -> None:
    """Put the panels into lines from the left; one of another height begins a new line."""
    x = y = height = 0
    for panel in panels:
        place = panel.grid_pos
        if x and (x + place.w > COLUMNS or place.h != height):
            x, y = 0, y + height
        place.x, place.y, height = x, y, place.h
        x += place.w


def restart_marks(which: str) -> Row:
    """Return a mark for each restart of a container, on every graph. The SDK's model has no place for the query."""
    where = f"\"namespace\" = '@namespace@' AND {which} AND $timeFilter"
    inner = ["SELECT", 'difference(max("restarts_total"))', "AS", '"restarts"', "FROM", f'"{CONTAINER}"']
    inner += ["WHERE", where, 'GROUP BY time($__interval), "pod_name", "container_name"', "fill(none)"]
    outer = ["SELECT", '"restarts"', "FROM", f"({' '.join(inner)})", "WHERE", '"restarts" > 0 AND $timeFilter']
    return {
        "name": "Restart",
        "enable": True,
        "hide": False,
        "iconColor": ORANGE,
        "datasource": {"type": SOURCE.type_val, "uid": SOURCE.uid},
        "target": {"refId": "Anno", "query": " ".join(outer), "rawQuery": True, "fromAnnotations": True},
    }


def assembled(name: str, title: str, description: str, panels: t.Sequence[Panel], marks: Row) -> Row:
    """Return a dashboard as Grafana stores it."""
    builder = (
        dashboard.Dashboard(title)
        .uid(uid(name))
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("10s")
        .readonly()
        .tooltip(parts.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("All dashboards")
            .type(parts.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .keep_time(True)
        )
    )
    for place, panel in enumerate(panels, 1):
        builder.with_panel(panel.id(place))
    lay_out(builder.build().panels or [])
    made: Row = json.loads(json.dumps(builder.build(), cls=JSONEncoder))
    made["annotations"] = {"list": [marks]}
    return made


SERVICE: Row = {"name": "@name@", "title": "@title@", "description": "@description@"}
STORED: Row = {**SERVICE, "storage": True}


def of_service(service: Row) -> Row:
    """Return the dashboard of a service."""
    panels: list[Panel] = [*container_numbers(service), *container_graphs(service)]
    marks = restart_marks(of(service["name"]))
    return assembled(service["name"], service["name"], service["description"], panels, marks)


def templates() -> dict[str, Row]:
    """Return all templates by the name of their file."""
    # The filter repeats the first panel of the overview.
    panels: list[Panel] = [tile(SERVICE, COLUMNS), *overview_graphs()]
    return {
        "service": of_service(SERVICE),
        "service-storage": of_service(STORED),
        "overview": assembled("overview", "Overview", "All containers of the platform.", panels, restart_marks(EVERY)),
    }


def files() -> dict[str, str]:
    """Return the content of every file of the folder."""
    return {f"{name}.json": json.dumps(made, indent=1) + "\n" for name, made in templates().items()}


def main() -> None:
    """Write the files, and remove others."""
    wanted = files()
    for file in FOLDER.glob("*.json"):
        if file.name not in wanted:
            file.unlink()
    for name, content in wanted.items():
        (FOLDER / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
