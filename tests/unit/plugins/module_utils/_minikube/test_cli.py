# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import json
import pathlib
import platform
import sys
import tarfile
import types

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube import cli as cli_util
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.cli import Cli, LineTee

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


@pytest.fixture
def cli(tmp_path):
    params = {"home": str(tmp_path), "kubeconfig": None, "executable": "minikube"}
    return Cli(types.SimpleNamespace(params=params, get_bin_path=lambda name: None), "demo")


def answers(cli, monkeypatch, table):
    """Let docker answer by the first words of its command; returns the list of calls."""
    calls = []

    def docker(*words):
        calls.append(words)
        for start, answer in table.items():
            if " ".join(words).startswith(start):
                return answer
        return 0, "", ""

    monkeypatch.setattr(cli, "docker", docker)
    return calls


def test_lines_are_handed_over_whole_and_bytes_stay_as_they_are():
    lines = []
    tee = LineTee(io.BytesIO("one\ntw\u00f6\nrest".encode()), lines.append)
    taken = b""
    while chunk := tee.read(3):
        taken += chunk
    tee.close()
    assert taken.decode() == "one\ntw\u00f6\nrest"
    assert lines == ["one", "tw\u00f6", "rest"]


def test_run_command_delivers_lines_while_the_command_runs(tmp_path):
    """The command waits for a file that only the handler of its first line makes."""
    sign = tmp_path / "sign"
    script = (
        "import os, sys, time\n"
        "print('first', flush=True)\n"
        "end = time.monotonic() + 20\n"
        f"while not os.path.exists({str(sign)!r}) and time.monotonic() < end: time.sleep(0.01)\n"
        f"print('late' if not os.path.exists({str(sign)!r}) else 'x' * 100000)\n"
        "print('error text', file=sys.stderr)\n"
        "sys.exit(3)\n"
    )
    lines = []

    def on_line(line):
        lines.append(line)
        sign.touch()

    def tap(process):
        process.stdout = LineTee(process.stdout, on_line)

    with patch_module_args({}):
        module = AnsibleModule(argument_spec={})
        rc, out, err = module.run_command([sys.executable, "-c", script], before_communicate_callback=tap)
    assert (rc, err) == (3, "error text\n")
    assert lines == ["first", "x" * 100000]
    assert out == "".join(f"{line}\n" for line in lines)


def archive(path: pathlib.Path, tag: str, digest: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    body = json.dumps([{"Config": f"sha256:{digest}", "RepoTags": [tag], "Layers": []}]).encode()
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))


def test_only_cached_images_that_the_daemon_has_in_another_form_are_dropped(cli, monkeypatch):
    folder = pathlib.Path(cli.path("cache", "images", ARCH, "registry.k8s.io"))
    old, new = "a" * 64, "b" * 64
    for name, digest in (("same", old), ("changed", old), ("unknown", old)):
        archive(folder / f"{name}_v1", f"registry.k8s.io/{name}:v1", digest)
    (folder / "broken_v1").write_bytes(b"no archive")
    calls = answers(
        cli,
        monkeypatch,
        {
            "image inspect": (
                1,
                f'sha256:{old} ["registry.k8s.io/same:v1"]\nsha256:{new} ["other:v1","registry.k8s.io/changed:v1"]\n',
                "Error: No such image: registry.k8s.io/unknown:v1",
            )
        },
    )
    cli.drop_stale_images()
    assert sorted(path.name for path in folder.iterdir()) == ["broken_v1", "same_v1", "unknown_v1"]
    assert len(calls) == 1


def test_no_cache_needs_no_docker(cli, monkeypatch):
    calls = answers(cli, monkeypatch, {})
    cli.drop_stale_images()
    assert calls == []


def test_binaries_are_linked_and_replaced(cli, tmp_path):
    source = tmp_path / "bundle"
    source.mkdir()
    assert cli.missing_binaries(str(source)) == ["kubelet", "kubeadm", "kubectl"]
    for name in ("kubelet", "kubeadm", "kubectl"):
        (source / name).write_text(name)
    target = pathlib.Path(cli.path("cache", "linux", ARCH, "v1.34.4"))
    target.mkdir(parents=True)
    (target / "kubelet").write_text("an older one")
    (target / "kubeadm").symlink_to("/nowhere")
    cli.link_binaries(str(source), "v1.34.4")
    cli.link_binaries(str(source), "v1.34.4")
    assert {path.name: path.read_text() for path in target.iterdir()} == {
        "kubelet": "kubelet",
        "kubeadm": "kubeadm",
        "kubectl": "kubectl",
    }


def test_a_note_of_creation_counts_only_with_a_cut_record(cli, monkeypatch):
    answers(cli, monkeypatch, {})
    assert cli.traces() == ()
    cli.mark("create")
    # Nothing but the note is no trace of a profile.
    assert cli.traces() == ()
    assert not cli.unfinished()
    events = pathlib.Path(cli.path("profiles", "demo", "events.json"))
    step = '{"type": "io.k8s.sigs.minikube.step", "data": {"name": "%s"}}\n'
    events.write_text(step % "Creating Container")
    assert cli.unfinished()
    assert cli.traces() == (cli.path("profiles", "demo"),)
    events.write_text(step % "Creating Container" + step % "Done")
    assert not cli.unfinished()
    events.write_text(step % "Creating Container")
    cli.mark_finished()
    assert not cli.unfinished()


def test_traces_of_docker_are_found_by_label(cli, monkeypatch):
    calls = answers(cli, monkeypatch, {"ps": (0, "demo\ndemo-m02\n", ""), "volume": (1, "not for us", "error")})
    assert cli.traces() == ("container demo", "container demo-m02")
    assert all("label=name.minikube.sigs.k8s.io=demo" in words for words in calls)


VOLUME = {"volume ls": (0, "demo\n", "")}


@pytest.mark.parametrize(
    ("table", "config", "expected"),
    [
        ({}, {"Driver": "docker"}, False),  # no volume
        ({**VOLUME, "run": (0, "", "")}, {"Driver": "docker", "KicBaseImage": "base"}, True),
        ({**VOLUME, "run": (1, "", "")}, {"Driver": "docker", "KicBaseImage": "base"}, False),
        ({**VOLUME, "run": (125, "", "no such image")}, {"Driver": "docker", "KicBaseImage": "base"}, True),
        ({**VOLUME, "run": (1, "", "daemon is down")}, {"Driver": "docker", "KicBaseImage": "base"}, True),
        ({}, {"Driver": "kvm2"}, True),  # docker knows nothing about it
    ],
)
def test_data_is_only_denied_by_proof(cli, monkeypatch, table, config, expected):
    answers(cli, monkeypatch, table)
    assert cli.has_data(config, None) is expected


def test_nothing_is_decided_while_docker_does_not_answer(cli, monkeypatch):
    answers(cli, monkeypatch, {"volume ls": (1, "", "daemon is down")})

    def fail_json(msg):
        raise SystemExit(msg)

    cli.module.fail_json = fail_json
    with pytest.raises(SystemExit, match="daemon is down"):
        cli.has_data({"Driver": "docker"}, None)


def test_the_driver_of_a_profile_without_configuration_is_read_from_its_machine(cli, monkeypatch):
    answers(cli, monkeypatch, {})
    assert cli.has_data(None, "base") is False
    machine = pathlib.Path(cli.path("machines", "demo", "config.json"))
    machine.parent.mkdir(parents=True)
    machine.write_text('{"DriverName": "virtualbox"}')
    assert cli.has_data(None, "base") is True


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [((0, "tmpfs\n", ""), "default", True), ((0, "tmpfs\n", ""), "", False), ((0, "ext4\n", ""), "default", False)],
)
def test_volumes_in_memory_are_at_risk(cli, monkeypatch, kind, content, expected):
    inside = "exec --workdir / demo"
    answers(cli, monkeypatch, {f"{inside} findmnt": kind, f"{inside} ls": (0, content, "")})
    assert cli.volumes_at_risk("demo") is expected


def test_a_configuration_that_cannot_be_read_as_one_is_none(cli):
    path = pathlib.Path(cli.path("profiles", "demo", "config.json"))
    assert cli.config() is None
    path.parent.mkdir(parents=True)
    for text in ("", "{", "[]"):
        path.write_text(text)
        assert cli.config() is None
    path.write_text('{"Driver": "docker"}')
    assert cli.config() == {"Driver": "docker"}


def test_a_shell_that_points_to_a_node_does_not_lead_our_calls_there(cli, monkeypatch):
    monkeypatch.setenv("MINIKUBE_ACTIVE_DOCKERD", "demo")
    monkeypatch.setenv("MINIKUBE_EXISTING_DOCKER_HOST", "unix:///run/mine.sock")
    environment = cli._environment()
    assert environment["DOCKER_HOST"] == "unix:///run/mine.sock"
    assert environment["DOCKER_TLS_VERIFY"] == ""
    monkeypatch.delenv("MINIKUBE_ACTIVE_DOCKERD")
    assert "DOCKER_HOST" not in cli._environment()


def test_another_command_on_the_same_profile_is_noticed(cli, monkeypatch, tmp_path):
    lines = {
        "11": b"/usr/local/bin/minikube\0start\0-p\0demo\0",
        "12": b"minikube\0delete\0--profile=demo\0",
        "13": b"minikube\0start\0-p\0other\0",
        "14": b"minikube\0status\0-p\0demo\0",
        "15": b"python3\0start\0demo\0",
    }
    for pid, line in lines.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_bytes(line)
    monkeypatch.setattr(cli_util, "PROCESSES", str(tmp_path))
    assert sorted(cli.other_starts()) == [11, 12]
