# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes how the services are into the ConfigMap state, which the status page's nginx reads as a file.

nginx so has no rights in the cluster, and no way to who has them. Anybody may read the page: it gets states, numbers
and Kubernetes' one-word reasons, never messages or log lines, as these may hold what the page must not show.
"""

from __future__ import annotations

import datetime
import http.client
import json
import os
import pathlib
import ssl
import sys
import time
import typing as t

ACCOUNT = pathlib.Path("/etc/service/kubernetes")
CONFIG = pathlib.Path("/etc/service/config")
# Seconds from one look to the next, and until a state that did not change is written again: the page tells its age.
LOOK, WRITE = 10, 60

Json = dict[str, t.Any]


def reason(pod: Json) -> str:
    """The word by which Kubernetes says why a container of the pod does not run; empty when all do."""
    for status in pod.get("status", {}).get("containerStatuses") or []:
        state = status.get("state", {})
        for kind in ("waiting", "terminated"):
            if kind in state:
                return str(state[kind].get("reason") or kind)
    return ""


def service(deployment: Json, pods: t.Sequence[Json]) -> Json:
    """State of one service: ``ready``, ``starting``, ``down`` or ``off``, and why."""
    spec, status = deployment["spec"], deployment.get("status", {})
    annotations = spec["template"].get("metadata", {}).get("annotations") or {}
    wanted = spec.get("replicas", 1)
    ready = status.get("readyReplicas", 0)
    why = next((text for text in map(reason, pods) if text), "")
    current = status.get("observedGeneration") == deployment["metadata"].get("generation")
    if not wanted:
        state = "off"
    elif ready >= wanted:
        state = "ready" if current and status.get("updatedReplicas", 0) >= wanted else "starting"
    elif why in ("", "ContainerCreating", "PodInitializing") and any(
        condition.get("type") == "Progressing" and condition.get("status") == "True"
        for condition in status.get("conditions") or []
    ):
        state = "starting"
    else:
        state = "down"
    return {
        "state": state,
        "why": why,
        "restarts": sum(
            each.get("restartCount", 0) for pod in pods for each in pod.get("status", {}).get("containerStatuses") or []
        ),
        "since": min((str(pod["status"].get("startTime", "")) for pod in pods if "status" in pod), default=""),
        "image": str(spec["template"]["spec"]["containers"][0]["image"]).rpartition("/")[2],
        # Of the certificate that its pods use, also after one was renewed.
        "certificate_until": annotations.get("ft-services/certificate-until"),
    }


def platform(deployments: t.Sequence[Json], pods: t.Sequence[Json], jobs: t.Sequence[Json]) -> Json:
    """State of all services of a namespace, and of the backup and the rehearsal by a schedule."""
    services = {}
    for deployment in deployments:
        labels = deployment["spec"]["selector"]["matchLabels"]
        mine = [pod for pod in pods if labels.items() <= (pod["metadata"].get("labels") or {}).items()]
        services[deployment["metadata"]["name"]] = service(deployment, mine)
    by_name = {each["metadata"]["name"]: scheduled(each) for each in jobs}
    return {"services": services, "backup": by_name.get("backup"), "rehearsal": by_name.get("rehearsal")}


def scheduled(job: Json) -> Json:
    """When what runs by a schedule began and succeeded last; ``schedule`` is null while it is switched off."""
    status = job.get("status") or {}
    return {
        "schedule": None if job["spec"].get("suspend") else job["spec"]["schedule"],
        "begun": status.get("lastScheduleTime"),
        "succeeded": status.get("lastSuccessfulTime"),
    }


class Api:
    """The API server, with the rights of this pod's account."""

    def __init__(self) -> None:
        """Find it by the environment, as programs in pods do."""
        self._host, self._port = os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"])
        self._context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))

    def ask(self, path: str, method: str = "GET", body: Json | None = None) -> Json:
        """Return what it answers. Raises OSError when it does not, or refuses."""
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=10, context=self._context)
        try:
            # The kubelet renews the token.
            headers = {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}"}
            if body is not None:
                headers["Content-Type"] = "application/merge-patch+json"
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != http.client.OK:
                raise OSError(f"{method} {path}: {answer.status} {answer.reason}")
            return t.cast(Json, json.loads(text))
        finally:
            connection.close()


def look(api: Api, namespace: str) -> Json:
    """Ask for everything that the page shows."""
    lists = [
        api.ask(f"/{group}/namespaces/{namespace}/{kind}")["items"]
        for group, kind in (("apis/apps/v1", "deployments"), ("api/v1", "pods"), ("apis/batch/v1", "cronjobs"))
    ]
    return {"kubernetes": api.ask("/version")["gitVersion"], **platform(*lists)}


def main() -> t.NoReturn:
    """Look and write, for as long as the container runs; say once what is in the way."""
    api, namespace = Api(), (CONFIG / "namespace").read_text().strip()
    written: Json = {}
    when, said = 0.0, ""
    while True:
        try:
            found = look(api, namespace)
            if found != written or time.monotonic() - when >= WRITE:
                at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                text = json.dumps({"at": at, **found})
                api.ask(f"/api/v1/namespaces/{namespace}/configmaps/state", "PATCH", {"data": {"state.json": text}})
                written, when = found, time.monotonic()
            wrong = ""
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            wrong = f"state: the status page is not told anything new: {error!r}"
        if wrong not in ("", said):
            sys.stderr.write(f"{wrong}\n")
        said = wrong
        time.sleep(LOOK)


if __name__ == "__main__":
    main()
