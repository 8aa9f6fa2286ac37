# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules against a minikube that only keeps files."""

from __future__ import annotations

import json
import pathlib
import sys

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import cli as cli_util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import cluster as cluster_util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.cli import Cli
from ansible_collections.fortytwo.ft_services.plugins.modules import minikube, minikube_defaults_info, minikube_info

# Behaves as minikube does towards the module: the same files, the same output, the same exit codes.
MINIKUBE = """#!{python} -SE
import json, os, shutil, sys
words = sys.argv[1:]
home = os.environ["MINIKUBE_HOME"]
with open(os.path.join(os.path.dirname(home), "calls"), "a") as log:
    log.write(" ".join(words) + "\\n")
def event(kind, **data):
    line = json.dumps({{"type": "io.k8s.sigs.minikube." + kind, "data": data}})
    print(line, flush=True)
    return line + "\\n"
if words[0] == "config":
    print('["v1.35.1", "v1.28.0"]')
    sys.exit(0)
folder = os.path.join(home, "profiles", words[words.index("-p") + 1])
config, state = os.path.join(folder, "config.json"), os.path.join(folder, "state")
flags = dict(word[2:].split("=", 1) for word in words if word.startswith("--") and "=" in word)
if words[0] == "status":
    told = open(state).read() if os.path.exists(state) else None
    both = {{"Kubelet": told, "APIServer": told}}
    wrong = os.path.exists(os.path.join(os.path.dirname(home), "lost"))
    named = "Misconfigured" if wrong else "Configured"
    profile = os.path.basename(folder)
    machines = [node.get("Name") for node in json.load(open(config))["Nodes"]] if told else []
    both |= {{"Host": told, "Kubeconfig": named}}
    called = [(f"{{profile}}-{{name}}" if name else profile, bool(name)) for name in machines]
    nodes = [{{"Name": name, "Worker": worker, **both}} for name, worker in called]
    print(json.dumps((nodes if len(nodes) > 1 else nodes[0]) if told else None))
    sys.exit(0 if told == "Running" else 7)
if words[0] == "addons" and words[1] == "list":
    print(json.dumps({{name: {{}} for name in ("ingress", "storage-provisioner", "default-storageclass")}}))
    sys.exit(0)
if words[0] in ("addons", "node"):
    if "-o" in words:
        sys.exit("Error: unknown shorthand flag: 'o' in -o")
    made = json.load(open(config))
    if words[0] == "addons":
        made["Addons"][words[2]] = words[1] == "enable"
    elif words[1] == "add":
        made["Nodes"].append({{**made["Nodes"][0], "Name": f"m0{{len(made['Nodes']) + 1}}", "ControlPlane": False}})
    else:
        made["Nodes"] = [node for node in made["Nodes"] if node["Name"] != words[2]]
    json.dump(made, open(config, "w"))
def take_the_context():
    with open(os.environ["KUBECONFIG"]) as old:
        text = old.read().replace("current-context: work", "current-context: " + os.path.basename(folder))
    open(os.environ["KUBECONFIG"], "w").write(text)
if words[0] == "update-context":
    take_the_context()
if words[0] == "delete":
    shutil.rmtree(folder)
if words[0] == "stop":
    open(state, "w").write("Stopped")
    if "keep-context-active" not in flags:
        open(os.path.join(folder, "entry-is-gone"), "w")
if words[0] == "start":
    os.makedirs(folder, exist_ok=True)
    if os.path.exists(os.path.join(folder, "entry-is-gone")):
        os.unlink(os.path.join(folder, "entry-is-gone"))
        if os.path.exists(os.environ["KUBECONFIG"]):
            take_the_context()
    if not os.path.exists(config):
        kubernetes = {{"KubernetesVersion": flags["kubernetes-version"], "ContainerRuntime": "docker"}}
        node = {{"Name": "", "IP": "192.168.49.2", "Port": 8443, "ControlPlane": True, **kubernetes}}
        made = {{"Driver": flags["driver"], "Nodes": [node], "CPUs": int(flags.get("cpus", "2"))}}
        made["Addons"] = {{"storage-provisioner": True, "default-storageclass": True}}
        made["MultiNodeRequested"] = flags.get("nodes", "1") != "1"
        made["ExposedPorts"] = flags["ports"].split(",") if "ports" in flags else []
        made["MountString"] = flags.get("mount-string", "")
        made["InsecureRegistry"] = [*filter(None, flags.get("insecure-registry", "").split(",")), "10.96.0.0/12"]
        made["Memory"] = int(flags.get("memory", "3072mb")[:-2])
        made["KicBaseImage"], made["StaticIP"] = flags.get("base-image", ""), flags.get("static-ip", "")
        names = [*filter(None, flags.get("apiserver-names", "").split(","))]
        made["KubernetesConfig"] = {{**kubernetes, "CNI": flags.get("cni", ""), "APIServerNames": names}}
        json.dump(made, open(config, "w"))
    elif "kubernetes-version" in flags:
        made = json.load(open(config))
        for part in (made["KubernetesConfig"], *made["Nodes"]):
            part["KubernetesVersion"] = flags["kubernetes-version"]
        json.dump(made, open(config, "w"))
    with open(os.path.join(folder, "events.json"), "w") as record:
        record.write(event("step", name="Creating Container", message="Creating"))
        if os.path.exists(os.path.join(os.path.dirname(home), "broken")):
            event("error", name="GUEST_START", exitcode="80", message="no luck", advice="be patient")
            sys.exit(80)
        record.write(event("step", name="Done", message="Done"))
    open(state, "w").write("Running")
"""


class ResultError(Exception):
    """What the module handed back."""

    def __init__(self, result):
        super().__init__(result)
        self.result = result


@pytest.fixture
def run(tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("minikube", MINIKUBE.format(python=sys.executable)), ("docker", "#!/bin/sh\nexit 0\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    # Neither the routes nor the engine of whoever runs the tests.
    monkeypatch.setattr(cli_util, "ROUTES", str(tmp_path / "routes"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)

    def ended(self, **result):
        raise ResultError(result)

    def failed(self, msg, **result):
        raise ResultError({"failed": True, "msg": msg, **result})

    for module in (minikube, minikube_info, minikube_defaults_info):
        monkeypatch.setattr(module.AnsibleModule, "exit_json", ended)
        monkeypatch.setattr(module.AnsibleModule, "fail_json", failed)

    def call(module=minikube, check=False, diff=False, **options):
        given = {"home": str(tmp_path), "kubeconfig": str(tmp_path / "kubeconfig"), **options}
        given |= {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": str(tmp_path)}
        with patch_module_args(given), pytest.raises(ResultError) as caught:
            module.main()
        return caught.value.result

    return call


DEMO = {"profile": "demo", "kubernetes_version": "1.34.4", "memory": 4096}


def calls(tmp_path: pathlib.Path) -> list[str]:
    log = tmp_path / "calls"
    found = [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    return found


def test_life_of_a_cluster(run, tmp_path):
    predicted = run(**DEMO, check=True, diff=True)
    made = run(**DEMO, diff=True)
    assert predicted["actions"] == made["actions"] == ["create"]
    assert predicted["diff"]["before"] == made["diff"]["before"] == {"state": "absent"}
    assert made["state"] == predicted["state"] == "running"
    assert made["docker_host"] == "tcp://192.168.49.2:2376"
    assert made["api_server"] == "https://192.168.49.2:8443"
    assert made["settings"]["memory"] == 4096

    calls(tmp_path)
    again = run(**DEMO)
    assert (again["changed"], again["actions"]) == (False, [])
    # One short command is all that a run without a change costs.
    assert calls(tmp_path) == ["status"]

    assert run(profile="demo", state="stopped", check=True)["changed"]
    stopped = run(profile="demo", state="stopped")
    assert (stopped["actions"], stopped["state"]) == (["stop"], "stopped")
    assert not run(profile="demo", state="stopped")["changed"]
    assert run(**DEMO)["actions"] == ["start"]

    assert run(profile="demo", state="absent", check=True)["state"] == "absent"
    gone = run(profile="demo", state="absent")
    assert (gone["actions"], gone["state"]) == (["delete"], "absent")
    assert not run(profile="demo", state="absent")["changed"]
    assert not run(profile="demo", state="stopped")["changed"]


def cut_record(tmp_path: pathlib.Path) -> pathlib.Path:
    record = next(tmp_path.rglob("events.json"))
    record.write_text(record.read_text().splitlines()[0] + "\n")
    (record.parent / "ft_services-creating").touch()
    return record


def test_a_creation_that_a_killed_run_left_behind_is_waited_for(run, tmp_path, monkeypatch):
    run(**DEMO)
    whole = next(tmp_path.rglob("events.json")).read_text()
    record = cut_record(tmp_path)
    busy = [[7], [7], []]

    def other_starts(self):
        if len(busy) == 1:
            record.write_text(whole)
        return busy.pop(0)

    monkeypatch.setattr(Cli, "other_starts", other_starts)
    monkeypatch.setattr(cluster_util.time, "sleep", lambda seconds: None)
    assert not run(**DEMO)["changed"]
    assert busy == []


def test_a_running_cluster_whose_creation_was_cut_short_is_brought_to_its_end_and_never_made_anew(run, tmp_path):
    run(**DEMO)
    record = cut_record(tmp_path)
    assert run(**DEMO, check=True)["actions"] == ["start"]
    assert run(**DEMO)["actions"] == ["start"]
    assert not run(**DEMO)["changed"]
    # By now there may be data in it.
    run(profile="demo", state="stopped")
    record.write_text(record.read_text().splitlines()[0] + "\n")
    assert run(**DEMO)["actions"] == ["start"]


def test_nothing_is_removed_while_the_engine_cannot_say_what_there_is(run, tmp_path):
    run(**DEMO)
    (tmp_path / "bin/docker").write_text("#!/bin/sh\nexit 1\n")
    calls(tmp_path)
    refused = run(profile="demo", state="absent")
    assert "demo cannot be removed while the docker engine does not answer" in refused["msg"]
    assert "delete" not in calls(tmp_path)


KUBECONFIG = "apiVersion: v1\ncontexts: []\ncurrent-context: {}\nkind: Config\n"


@pytest.mark.parametrize(
    ("current", "options", "kept"),
    [
        ("work", {}, "true"),
        ("demo", {}, "false"),
        ('""', {}, "false"),
        ("work", {"keep_context": False}, "false"),
    ],
)
def test_the_current_context_of_another_cluster_is_kept(run, tmp_path, current, options, kept):
    (tmp_path / "kubeconfig").write_text(KUBECONFIG.format(current))
    run(**DEMO, **options)
    assert f"--keep-context={kept}" in (tmp_path / "calls").read_text()
    run(profile="demo", state="stopped")
    (tmp_path / "calls").unlink()
    run(**DEMO, **options)
    # minikube remembers it, so a later start says it too.
    assert f"--keep-context={kept}" in (tmp_path / "calls").read_text()


@pytest.mark.parametrize(("options", "after"), [({}, "work"), ({"keep_context": False}, "demo")])
def test_the_context_is_kept_when_minikube_writes_it_anew(run, tmp_path, options, after):
    run(**DEMO, **options)
    (tmp_path / "kubeconfig").write_text(KUBECONFIG.format("work"))
    (tmp_path / "lost").touch()
    assert run(**DEMO, **options)["actions"] == ["update_context"]
    assert yaml.safe_load((tmp_path / "kubeconfig").read_text())["current-context"] == after


def current_context(tmp_path: pathlib.Path) -> str:
    return yaml.safe_load((tmp_path / "kubeconfig").read_text())["current-context"]


@pytest.mark.parametrize("broken", [False, True])
def test_the_context_is_kept_when_a_start_repairs_the_entry(run, tmp_path, broken):
    """A stop by hand removes the entry; then minikube's start makes the context the current one, also when it fails."""
    run(**DEMO)
    (tmp_path / "kubeconfig").write_text(KUBECONFIG.format("work"))
    folder = tmp_path / ".minikube/profiles/demo"
    (folder / "state").write_text("Stopped")
    (folder / "entry-is-gone").touch()
    if broken:
        (tmp_path / "broken").touch()
    assert bool(run(**DEMO).get("failed")) is broken
    assert not (folder / "entry-is-gone").exists()
    assert current_context(tmp_path) == "work"


def test_a_stop_leaves_the_entry_beside_the_context_of_another_cluster(run, tmp_path):
    run(**DEMO)
    (tmp_path / "kubeconfig").write_text(KUBECONFIG.format("work"))
    run(profile="demo", state="stopped")
    assert "--keep-context-active=true" in (tmp_path / "calls").read_text()
    run(**DEMO)
    (tmp_path / "kubeconfig").write_text(KUBECONFIG.format("demo"))
    (tmp_path / "calls").unlink()
    run(profile="demo", state="stopped")
    assert "--keep-context-active" not in (tmp_path / "calls").read_text()


def test_other_settings_are_refused_whatever_the_state(run):
    run(**DEMO)
    for state in ("present", "stopped"):
        run(profile="demo", state=state)
        result = run(**{**DEMO, "memory": 5000})
        assert result["failed"]
        assert result["differences"] == [
            {"setting": "memory", "current": 4096, "asked": 5000, "reason": "fixed when a cluster is made"}
        ]


def test_a_newer_kubernetes_is_an_upgrade_until_it_is_there(run, tmp_path):
    run(**DEMO)
    newer = {**DEMO, "kubernetes_version": "1.34.5"}
    predicted = run(**newer, check=True, diff=True)
    assert predicted["actions"] == ["upgrade"]
    assert predicted["diff"]["after"]["settings"]["kubernetes_version"] == "v1.34.5"
    # minikube writes the new version down first: what was cut short there is still to be done.
    (tmp_path / "broken").touch()
    assert "no luck" in run(**newer)["msg"]
    (tmp_path / "broken").unlink()
    done = run(**newer)
    assert (done["actions"], done["settings"]["kubernetes_version"]) == (["continue_upgrade"], "v1.34.5")
    assert "--kubernetes-version=v1.34.5" in (tmp_path / "calls").read_text().splitlines()[-2]
    assert not run(**newer)["changed"]
    # A stopped one starts and is upgraded at once; what is older, or more than one minor version newer, is refused.
    run(profile="demo", state="stopped")
    assert run(**{**DEMO, "kubernetes_version": "1.35.0"})["actions"] == ["upgrade"]
    for refused in ("1.34.5", "1.37.0"):
        result = run(**{**DEMO, "kubernetes_version": refused})
        assert "next minor version" in result["msg"]


def test_a_creation_that_failed_is_told_and_begun_anew(run, tmp_path):
    broken = tmp_path / "broken"
    broken.touch()
    result = run(**DEMO)
    assert "GUEST_START: no luck" in result["msg"]
    assert "be patient" in result["msg"]
    broken.unlink()
    # The settings may change, because nothing was there yet.
    again = run(**{**DEMO, "memory": 5000})
    assert again["actions"] == ["delete", "create"]
    assert again["settings"]["memory"] == 5000
    assert not run(**{**DEMO, "memory": 5000})["changed"]


def test_bad_input_is_refused_before_minikube_is_called(run, tmp_path):
    assert "write 2200 or more" in run(**{**DEMO, "memory": 100})["msg"]
    assert calls(tmp_path) == []
    assert "from 1.28.0 to 1.35.1" in run(**{**DEMO, "kubernetes_version": "1.20.0"})["msg"]
    assert "start" not in calls(tmp_path)
    assert run(**{**DEMO, "kubernetes_version": "1.36.0", "force": True})["changed"]


def test_incomplete_binaries_are_refused_and_complete_ones_linked(run, tmp_path):
    folder = tmp_path / "kubernetes"
    folder.mkdir()
    (folder / "kubelet").touch()
    result = run(**DEMO, binaries_path=str(folder))
    assert "has no kubeadm, kubectl" in result["msg"]
    for name in ("kubeadm", "kubectl"):
        (folder / name).touch()
    assert run(**DEMO, binaries_path=str(folder))["changed"]
    assert list((tmp_path / ".minikube" / "cache").rglob("v1.34.4/kubeadm"))


def test_purge_spares_the_folder_of_others(run, tmp_path):
    run(**DEMO)
    run(**{**DEMO, "profile": "other"})
    assert run(profile="demo", state="absent", purge=True)["actions"] == ["delete"]
    assert run(profile="other", state="absent", purge=True)["actions"] == ["delete", "purge"]
    assert not (tmp_path / ".minikube").exists()


def test_without_the_program(run, tmp_path):
    (tmp_path / "bin" / "minikube").unlink()
    # A role that is about to install it is run in check mode first.
    assert run(**DEMO, check=True)["actions"] == ["create"]
    assert "Install minikube" in run(**DEMO)["msg"]
    assert not run(profile="demo", state="absent")["changed"]


def test_info_lists_profiles_and_applies_a_query(run):
    assert run(minikube_info) == {"changed": False, "profiles": [], "result": None}
    run(**DEMO)
    run(**{**DEMO, "profile": "other"})
    run(profile="other", state="stopped")
    told = run(minikube_info, query="[?state=='running'].{name: profile, address: ip}")
    assert [(p["profile"], p["state"]) for p in told["profiles"]] == [("demo", "running"), ("other", "stopped")]
    assert told["result"] == [{"name": "demo", "address": "192.168.49.2"}]
    assert [p["profile"] for p in run(minikube_info, profile="other")["profiles"]] == ["other"]
    assert run(minikube_info, profile="nobody")["profiles"] == []
    assert "not a JMESPath expression" in run(minikube_info, query="[")["msg"]
    # The same keys, whatever there is.
    made = run(**DEMO)
    assert set(told["profiles"][0]) == set(made) - {"changed", "actions"}
    assert json.loads(json.dumps(told)) == told


def test_another_command_of_minikube_is_waited_for(run, monkeypatch):
    busy = [[7], [7], []]
    monkeypatch.setattr(Cli, "other_starts", lambda self: busy.pop(0))
    monkeypatch.setattr(cluster_util.time, "sleep", lambda seconds: None)
    assert run(**DEMO)["actions"] == ["create"]
    assert busy == []


def test_an_upgrade_that_a_killed_run_left_behind_is_waited_for(run, tmp_path, monkeypatch):
    run(**DEMO)
    newer = {**DEMO, "kubernetes_version": "1.34.5"}
    (tmp_path / "broken").touch()
    assert run(**newer)["failed"]
    (tmp_path / "broken").unlink()
    # Another start, for whatever reason and without a version, does not make it complete.
    run(profile="demo", state="stopped")
    assert run(profile="demo")["actions"] == ["start"]
    busy = [[7], [7], []]
    monkeypatch.setattr(Cli, "other_starts", lambda self: busy.pop(0))
    monkeypatch.setattr(cluster_util.time, "sleep", lambda seconds: None)
    # The cluster answers all the while.
    assert run(**newer)["actions"] == ["continue_upgrade"]
    assert busy == []
    assert not run(**newer)["changed"]


def test_another_command_that_does_not_end_is_named(run, monkeypatch):
    monkeypatch.setattr(Cli, "other_starts", lambda self: [7])
    result = run(**DEMO, wait_timeout=0)
    assert result["failed"]
    assert "process 7" in result["msg"]
    assert "Nothing was changed" in result["msg"]


def test_without_an_engine_check_mode_predicts_and_a_run_refuses(run, tmp_path):
    run(**DEMO)
    run(profile="demo", state="stopped")
    (tmp_path / "bin/docker").write_text("#!/bin/sh\necho Cannot connect >&2\nexit 1\n")
    assert run(**DEMO, check=True)["actions"] == ["start"]
    assert run(**{**DEMO, "kubernetes_version": "1.34.5"}, check=True)["actions"] == ["upgrade"]
    assert "memory" in run(**{**DEMO, "memory": 5000}, check=True)["msg"]
    assert run(profile="new", check=True)["actions"] == ["create"]


def fake_docker(tmp_path, **answers):
    """A docker that answers by the first words of its call, joined by _."""
    answers = {words.replace("_", " "): text for words, text in answers.items()}
    lines = "".join(f"case \"$*\" in '{words}'*) echo '{text}'; exit 0;; esac\n" for words, text in answers.items())
    (tmp_path / "bin/docker").write_text(f"#!/bin/sh\n{lines}exit 0\n")


NETWORKS = [
    {"Name": "compose", "IPAM": {"Config": [{"Subnet": "192.168.48.0/20"}]}},
    {"Name": "demo", "IPAM": {"Config": [{"Subnet": "192.168.67.0/24"}]}},
]


def test_an_address_in_a_network_of_docker_is_refused_before_anything_is_made(run, tmp_path):
    fake_docker(tmp_path, **{"network_ls_--quiet": "abc"}, network_inspect=json.dumps(NETWORKS))
    for check in (True, False):
        told = run(**DEMO, static_ip="192.168.49.77", check=check)
        assert told["failed"]
        assert "lies in the network compose (192.168.48.0/20) of docker: write another, for example" in told["msg"]
    assert "start" not in calls(tmp_path)
    # The profile's own network is no hindrance, nor is any to a cluster that is there.
    assert run(**DEMO, static_ip="192.168.67.2")["actions"] == ["create"]
    assert not run(**DEMO, static_ip="192.168.67.2")["changed"]


def test_what_is_not_said_is_not_compared(run, tmp_path):
    made = run(**DEMO, driver="none", container_runtime="containerd")
    assert made["settings"]["driver"] == "none"
    assert not run(**DEMO)["changed"]
    (driver,) = run(**DEMO, driver="docker")["differences"]
    assert (driver["setting"], driver["current"], driver["asked"]) == ("driver", "none", "docker")
    assert run(profile="new", check=True)["settings"]["driver"] == "docker"


@pytest.mark.parametrize(
    ("platform", "environment", "host"),
    [
        ("Docker Desktop 4.38.0 (181591)", "", "127.0.0.1"),
        ("Engine rootlesskit", "", "127.0.0.1"),
        ("Engine", "ssh://me@server", "server"),
    ],
)
def test_nodes_out_of_reach_are_told_by_their_forwarded_ports(run, tmp_path, monkeypatch, platform, environment, host):
    fake_docker(tmp_path, version=platform, port_demo_8443="127.0.0.1:32771", port_demo_2376="127.0.0.1:32772")
    monkeypatch.setenv("DOCKER_HOST", environment)
    made = run(**DEMO)
    assert made["api_server"] == f"https://{host}:32771"
    assert made["docker_host"] == f"tcp://{host}:32772"
    assert made["ip"] == "192.168.49.2"


def test_the_network_of_a_profile_is_its_own_or_a_free_one(run, tmp_path):
    fake_docker(tmp_path, **{"network_ls_--quiet": "abc"}, network_inspect=json.dumps(NETWORKS))
    told = run(minikube_defaults_info, profile="new")
    assert (told["network"], told["node_address"], told["exists"]) == ("192.168.76.0/24", "192.168.76.2", False)
    assert told["taken"][0] == "the network compose (192.168.48.0/20) of docker"
    run(**DEMO, static_ip="192.168.67.2")
    calls(tmp_path)
    told = run(minikube_defaults_info, profile="demo")
    assert (told["network"], told["node_address"], told["exists"]) == ("192.168.67.0/24", "192.168.67.2", True)
    assert calls(tmp_path) == []


def test_nodes_are_added_and_removed_one_by_one(run, tmp_path):
    assert run(**DEMO, cni="kindnet", nodes=1)["actions"] == ["create"]
    predicted = run(**DEMO, nodes=3, check=True)
    assert (predicted["actions"], predicted["settings"]["nodes"]) == (["add_node", "add_node"], 3)
    made = run(**DEMO, nodes=3, diff=True)
    assert (made["actions"], made["settings"]["nodes"]) == (["add_node", "add_node"], 3)
    assert [node["name"] for node in made["nodes"]] == ["demo", "demo-m02", "demo-m03"]
    assert {node["host"] for node in made["nodes"]} == {node["kubelet"] for node in made["nodes"]} == {"Running"}
    assert (made["diff"]["before"]["settings"]["nodes"], made["diff"]["after"]["settings"]["nodes"]) == (1, 3)
    assert not run(**DEMO, nodes=3)["changed"]

    refused = run(**DEMO, nodes=2)
    assert "nodes is 3, asked for 2 (a node goes with the volumes" in refused["msg"]
    calls(tmp_path)
    fewer = run(**DEMO, nodes=2, remove_nodes=True)
    assert (fewer["actions"], [node["name"] for node in fewer["nodes"]]) == (["remove_node"], ["demo", "demo-m02"])
    assert calls(tmp_path).count("node") == 1


def test_a_stopped_cluster_is_started_before_it_gets_another_node(run):
    run(**DEMO, cni="kindnet")
    run(profile="demo", state="stopped")
    assert run(**DEMO, nodes=2)["actions"] == ["start", "add_node"]


def test_a_cluster_for_one_node_gets_no_other(run, tmp_path):
    run(**DEMO, cni="bridge")
    refused = run(**DEMO, nodes=2)
    assert refused["failed"]
    # Asked for with this plug-in it is refused by its settings already.
    assert "connects the pods of one node only" in refused["msg"]
    assert "node" not in calls(tmp_path)


def test_addons_are_enabled_and_disabled_also_in_a_new_cluster(run, tmp_path):
    wanted = {"ingress": True, "storage-provisioner": False}
    predicted = run(**DEMO, addons=wanted, check=True)
    made = run(**DEMO, addons=wanted)
    assert predicted["actions"] == made["actions"] == ["create", "disable_addons", "enable_addons"]
    assert predicted["settings"]["addons"] == made["settings"]["addons"] == ["default-storageclass", "ingress"]
    calls(tmp_path)
    assert not run(**DEMO, addons=wanted)["changed"]
    assert calls(tmp_path) == ["status"]
    assert run(**DEMO, addons={"ingress": False})["settings"]["addons"] == ["default-storageclass"]
    refused = run(**DEMO, addons={"ingres": True})
    assert "has no addon ingres" in refused["msg"]


def test_further_settings_of_a_new_cluster_are_compared_afterwards(run):
    further = {
        "ports": ["127.0.0.1:8080:30080"],
        "mount": "/srv:/srv",
        "insecure_registry": ["192.168.49.1:5000"],
        "apiserver_names": ["cluster.example.test"],
    }
    made = run(**DEMO, **further, extra_args=["--embed-certs"])
    assert not run(**DEMO, **further)["changed"]
    assert made["settings"]["mount"] == "/srv:/srv"
    refused = run(**DEMO, **{**further, "mount": "/srv:/data"})
    assert [each["setting"] for each in refused["differences"]] == ["mount"]
    assert "is what an option of this module sets" in run(**DEMO, extra_args=["--cpus=3"])["msg"]
