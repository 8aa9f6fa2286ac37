# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import settings as pure

CONFIG = {
    "Name": "demo",
    "Driver": "docker",
    "CPUs": 2,
    "Memory": 4096,
    "DiskSize": 20000,
    "KicBaseImage": "fortytwo/kicbase:v0.0.50",
    "StaticIP": "192.168.49.2",
    "KubernetesConfig": {
        "KubernetesVersion": "v1.34.4",
        "ContainerRuntime": "docker",
        "CNI": "bridge",
        "FeatureGates": "",
        "ExtraOptions": [{"Component": "kubelet", "Key": "max-pods", "Value": "60"}],
    },
    "Nodes": [{"Name": "", "IP": "192.168.49.2", "Port": 8443, "KubernetesVersion": "v1.34.4", "ControlPlane": True}],
}
RUNNING = {"Name": "demo", "Host": "Running", "Kubelet": "Running", "APIServer": "Running", "Kubeconfig": "Configured"}
STOPPED = {"Name": "demo", "Host": "Stopped", "Kubelet": "Stopped", "APIServer": "Stopped", "Kubeconfig": "Stopped"}


def asked(**given):
    return pure.asked_settings({**pure.NOTHING, **given})


def event(kind, **data):
    return json.dumps({"specversion": "1.0", "type": f"io.k8s.sigs.minikube.{kind}", "data": data})


def test_settings_in_any_accepted_spelling_equal_the_profile():
    same = asked(
        driver="docker",
        container_runtime="docker",
        kubernetes_version="1.34.4",
        cpus=2,
        memory=4096,
        nodes=1,
        base_image="fortytwo/kicbase:v0.0.50",
        static_ip="192.168.49.2",
        cni="bridge",
        extra_config=["kubelet.max-pods=60"],
    )
    assert pure.differences(pure.current_settings(CONFIG), same) == []
    assert asked(container_runtime="cri-o")["container_runtime"] == "crio"
    assert asked(cni="auto")["cni"] == ""


def test_each_differing_setting_is_told_and_unasked_ones_are_not():
    found = pure.differences(
        pure.current_settings(CONFIG), asked(memory=6144, cni="calico", extra_config=["kubelet.v=4"], nodes=2)
    )
    assert {(d["setting"], str(d["current"]), str(d["asked"])) for d in found} == {
        ("memory", "4096", "6144"),
        ("cni", "bridge", "calico"),
        ("extra_config", "['kubelet.max-pods=60']", "['kubelet.v=4']"),
        ("nodes", "1", "2"),
    }
    text = pure.describe_differences("demo", found)
    assert "memory is 4096, asked for 6144" in text
    assert "state=absent" in text


def test_options_minikube_adds_by_itself_are_no_difference():
    gates = {**CONFIG, "KubernetesConfig": {**CONFIG["KubernetesConfig"], "FeatureGates": "Extra=true,Mine=false"}}
    assert pure.differences(pure.current_settings(gates), asked(feature_gates={"Mine": False})) == []
    assert pure.differences(pure.current_settings(gates), asked(feature_gates={"Mine": True})) != []


def test_only_a_newer_kubernetes_is_an_upgrade():
    version = {"setting": "kubernetes_version", "current": "v1.34.3", "asked": "v1.34.4"}
    assert pure.is_upgrade([version])
    assert not pure.is_upgrade([])
    assert not pure.is_upgrade([{**version, "asked": "v1.34.2"}])
    assert not pure.is_upgrade([version, {"setting": "memory", "current": 4096, "asked": 6144}])
    (older,) = pure.differences({"kubernetes_version": "v1.34.3"}, asked(kubernetes_version="1.34.2"))
    assert "next minor version" in pure.describe_differences("demo", [older])


@pytest.mark.parametrize(
    ("output", "state"),
    [
        (json.dumps(RUNNING), "running"),
        (json.dumps([RUNNING, {**RUNNING, "Worker": True, "APIServer": "Irrelevant"}]), "running"),
        (event("warning", message="slow") + "\n" + json.dumps(RUNNING), "running"),
        (json.dumps(STOPPED), "stopped"),
        (json.dumps([RUNNING, {**STOPPED, "Worker": True}]), "degraded"),
        (json.dumps({**RUNNING, "APIServer": "Paused"}), "degraded"),
        (json.dumps({**RUNNING, "Kubelet": "Stopped"}), "degraded"),
        ("null", "gone"),
        (event("info", message='Profile "demo" not found'), "gone"),
        ("", "gone"),
    ],
)
def test_status_of_every_kind(output, state):
    assert pure.overall(pure.parse_status(output)) == state


def test_a_kubeconfig_that_points_elsewhere_does_not_make_the_cluster_unhealthy():
    nodes = pure.parse_status(json.dumps({**RUNNING, "Kubeconfig": "Misconfigured"}))
    assert pure.overall(nodes) == "running"
    assert pure.kubeconfig_wrong(nodes)


def seen(state, **more):
    return pure.Seen(**{"traces": ("profile",), "config": CONFIG, "overall": state, **more})


@pytest.mark.parametrize(
    ("found", "has_data", "plan"),
    [
        (pure.Seen(traces=(), config=None, overall="gone"), False, ["create"]),
        (seen("running"), False, []),
        (seen("running", unfinished=True), False, ["start"]),
        (seen("running", kubeconfig_wrong=True), False, ["update_context"]),
        # A cluster that is there and does not run is started, never made anew.
        (seen("stopped"), False, ["start"]),
        (seen("degraded"), True, ["start"]),
        (seen("gone"), True, ["start"]),
        # What never was a cluster is made anew.
        (seen("degraded"), False, ["delete", "create"]),
        (seen("gone"), False, ["delete", "create"]),
        (seen("stopped", unfinished=True), True, ["delete", "create"]),
        (seen("degraded", unfinished=True), True, ["delete", "create"]),
        (seen("gone", config=None), False, ["delete", "create"]),
        (seen("gone", config={}), False, ["delete", "create"]),
        # A cluster's data without a configuration is its owner's business.
        (seen("gone", config=None), True, None),
        (seen("gone", config={"Driver": ""}), True, None),
    ],
)
def test_plan_for_a_running_cluster(found, has_data, plan):
    assert pure.plan_present(found, has_data) == plan


def test_a_healthy_or_stopped_cluster_is_not_probed():
    assert not pure.needs_probe(seen("running"))
    assert not pure.needs_probe(seen("stopped"))
    assert pure.needs_probe(seen("degraded"))
    assert pure.needs_probe(seen("gone", config=None))


def test_a_creation_is_cut_only_when_it_has_no_end():
    step = [
        pure.parse_event(event("step", name=name)) for name in ("Creating Container", "Booting control plane", "Done")
    ]
    assert pure.creation_was_cut(step[:2])
    assert not pure.creation_was_cut(step)
    assert not pure.creation_was_cut(step[1:2])
    assert not pure.creation_was_cut([])


def test_lines_that_are_no_events_are_skipped():
    text = "\n".join(["noise", "null", "[]", '{"type": "other", "data": {}}', event("step", name="Done")])
    assert [e.kind for e in pure.parse_events(text)] == ["step"]


def test_a_failure_tells_the_error_that_ended_the_command():
    events = pure.parse_events(
        "\n".join(
            [
                event("error", message="should not be used with root privileges"),
                event("error", name="GUEST_START", exitcode="80", message="failed to start node", advice="Try again"),
                event("error", message="If the above advice does not help"),
            ]
        )
    )
    told = pure.failure("minikube start", 80, events, "noise\n\nlast line\n")
    assert told["msg"] == (
        "minikube start failed with exit code 80: GUEST_START: failed to start node\nminikube's advice: Try again"
    )
    assert told["error"]["exitcode"] == "80"
    assert told["stderr_lines"] == ["noise", "last line"]
    assert "last line" in pure.failure("minikube start", 1, [], "last line")["msg"]


def test_a_command_without_json_tells_its_reason_without_the_frame_around_it():
    stderr = (
        "* Adding node m02\n\nX Exiting due to GUEST_NODE_ADD: failed to add node: not ready\n* \n"
        "╭──╮\n│    * please let us know: │\n╰──╯\n"
    )
    told = pure.failure("minikube node add", 80, [], stderr)
    assert told["msg"].startswith("minikube node add failed with exit code 80: GUEST_NODE_ADD: failed to add node")
    assert (told["error"]["name"], told["error"]["exitcode"]) == ("GUEST_NODE_ADD", "80")
    assert not any("let us know" in line for line in told["stderr_lines"])


def test_an_error_that_force_passes_over_is_the_cause():
    """As minikube 1.38 tells with --force that docker does not run."""
    events = pure.parse_events(
        "\n".join(
            [
                event(
                    "error", name="PROVIDER_DOCKER_NOT_RUNNING", exitcode="63", message="no daemon", advice="Start it"
                ),
                event("error", name="MK_USAGE", exitcode="14", message="Ensure your Docker is running", advice=""),
            ]
        )
    )
    told = pure.failure("minikube start", 14, events, "")
    assert "PROVIDER_DOCKER_NOT_RUNNING: no daemon; then MK_USAGE: Ensure your Docker is running" in told["msg"]
    assert told["msg"].endswith("minikube's advice: Start it")
    assert told["error"]["name"] == "PROVIDER_DOCKER_NOT_RUNNING"


def test_the_call_for_a_new_profile_and_for_an_old_one():
    given = asked(
        driver="docker", memory=4096, cni="", feature_gates={"A": True, "B": False}, extra_config=["kubelet.v=4"]
    )
    new = pure.start_command(
        "minikube", "demo", given, "create", preload=False, wait_timeout=60, force=True, keep_context=True
    )
    assert {"--driver=docker", "--memory=4096mb", "--feature-gates=A=true,B=false", "--extra-config=kubelet.v=4"} < set(
        new
    )
    assert {"--preload=false", "--wait-timeout=60s", "--force", "--interactive=false"} < set(new)
    assert not [word for word in new if word.startswith(("--cni", "--cpus", "--nodes"))]
    old = pure.start_command(
        "minikube", "demo", given, "start", preload=True, wait_timeout=60, force=False, keep_context=False
    )
    assert old[:4] == ["minikube", "start", "-p", "demo"]
    assert not {"--force", "--driver=docker", "--memory=4096mb"} & set(old)
    newer = pure.start_command(
        "minikube",
        "demo",
        asked(kubernetes_version="1.34.4"),
        "upgrade",
        preload=True,
        wait_timeout=60,
        force=False,
        keep_context=False,
    )
    assert newer == [*old, "--kubernetes-version=v1.34.4"]


def test_home_is_completed_as_minikube_does(monkeypatch):
    monkeypatch.setenv("MINIKUBE_HOME", "/srv/one")
    assert pure.mini_path(None) == "/srv/one/.minikube"
    assert pure.mini_path("/srv/two/.minikube") == "/srv/two/.minikube"
    monkeypatch.delenv("MINIKUBE_HOME")
    monkeypatch.setenv("HOME", "/home/alice")
    assert pure.mini_path(None) == "/home/alice/.minikube"


def test_the_first_kubeconfig_is_taken(monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/srv/a:/srv/b")
    assert pure.kubeconfig_path(None) == "/srv/a"
    assert pure.kubeconfig_path("/srv/c") == "/srv/c"


def test_machine_names_of_one_and_of_many_nodes():
    one, two = {"Name": ""}, {"Name": "m02"}
    assert pure.machine_name("demo", [one], one) == "demo"
    assert [pure.machine_name("demo", [one, two], node) for node in (one, two)] == ["demo", "demo-m02"]


def test_image_ids_of_all_writers_of_archives():
    digest = "ab" * 32
    for name in (f"{digest}.json", f"blobs/sha256/{digest}", f"sha256:{digest}"):
        assert pure.image_id(name) == f"sha256:{digest}"
    assert pure.image_id("config.json") is None
