# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a bundle gets complete: by which way, in which order, and what is said. The files themselves are small texts."""

from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._architecture import AMD64, ARM64
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle import ensure as subject
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.manifest import Bundle, BundleError
from ansible_collections.fortytwo.ft_services.plugins.module_utils._bundle.steps import Step, recipe_of

FILES = ("apk", "bin/minikube")
VERSIONS = {"minikube": "1.38.0", "go": "1.26", "wordpress": "6.8"}


class Module:
    """What the code under test uses of an AnsibleModule."""

    def __init__(self, folder, **parameters):
        self.params = {
            "path": str(folder / "bundle"),
            "work_path": str(folder / "work"),
            "recipes": str(folder),
            "mode": "build",
            "architecture": None,
            "versions": VERSIONS,
            "packages": {},
            "missing": [],
            "thorough": False,
            "refresh": False,
            "keep_work": False,
        } | parameters
        self.check_mode, self.warnings = False, []

    def get_bin_path(self, name):
        return None

    def run_command(self, words, **options):
        raise AssertionError(f"nothing is started here: {words}")

    def warn(self, text):
        self.warnings.append(text)


class Way:
    """A way to make the files: each is a text, and what was made is noted."""

    def __init__(self, name):
        self.name, self.made, self.plain, self.lane, self.kind = name, [], (), "assemble", AMD64

    def of(self, kind):
        self.kind = kind
        return self

    def steps(self):
        def step(path):
            def make(target, scratch):
                self.made.append(path)
                if path == "apk":
                    (target / "x86_64").mkdir(parents=True)
                    (target / "x86_64" / "telegraf-1.0-r0.apk").write_text(self.name)
                else:
                    target.write_text(self.name)

            return Step(path, recipe_of(self.name, path, self.kind.name), make, self.lane)

        return [step(path) for path in FILES]

    def addresses(self, paths):
        return dict.fromkeys(paths, "http://127.0.0.1:9/")

    def questions(self, paths):
        return {}


@pytest.fixture
def ways(monkeypatch):
    found = {name: Way(name) for name in ("build", "fetch")}
    monkeypatch.setattr(subject, "Forger", lambda *words: found["build"])
    monkeypatch.setattr(subject, "Fetcher", lambda *words: found["fetch"].of(words[-2]))
    monkeypatch.setattr(subject, "of_host", lambda: AMD64)
    monkeypatch.setattr(subject, "host_go", lambda *words: False)
    monkeypatch.setattr(subject, "paths", lambda versions: list(FILES))
    monkeypatch.setattr(subject, "absent_packages", lambda way, find: [])
    monkeypatch.setattr(subject, "free_bytes", lambda path: 10**12)
    monkeypatch.setattr(subject.os, "geteuid", lambda: 0)
    return found


def test_a_check_makes_nothing_and_says_what_is_to_do(ways, tmp_path):
    module = Module(tmp_path)
    module.check_mode = True
    result = subject.ensure(module)
    assert (result["changed"], result["todo"]) == (True, list(FILES))
    assert result["diff"]["after"] == "apk\nbin/minikube\n"
    assert result["needs"]["path"] > 0
    assert ways["build"].made == []
    assert not (tmp_path / "bundle" / "apk").exists()


def test_what_is_missing_is_made_once(ways, tmp_path):
    assert subject.ensure(Module(tmp_path))["todo"] == list(FILES)
    result = subject.ensure(Module(tmp_path))
    assert (result["changed"], result["needs"]) == (False, {"work_path": 0, "path": 0})
    assert sorted(ways["build"].made) == sorted(FILES)


def test_the_manifest_says_for_which_versions_the_bundle_is(ways, tmp_path):
    subject.ensure(Module(tmp_path))
    # Fetched or built, what only the other way needs means nothing to who uses the bundle.
    assert Bundle(tmp_path / "bundle").manifest["versions"] == {"minikube": "1.38.0", "go": "1.26"}


def test_what_either_way_made_is_good_for_the_other(ways, tmp_path):
    subject.ensure(Module(tmp_path, mode="fetch"))
    assert subject.ensure(Module(tmp_path, mode="forge"))["changed"] is False


def test_the_first_name_of_building_still_counts(ways, tmp_path):
    result = subject.ensure(Module(tmp_path, mode="forge"))
    assert result["mode"] == "build"
    assert ways["fetch"].made == []


def test_a_complete_bundle_asks_no_network(ways, tmp_path, monkeypatch):
    subject.ensure(Module(tmp_path))
    monkeypatch.setattr(subject, "choose", lambda *words: pytest.fail("asked the network"))
    result = subject.ensure(Module(tmp_path, mode="auto"))
    assert (result["mode"], result["changed"]) == ("offline", False)


def test_building_where_downloads_are_refused_is_said_loudly(ways, tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "choose", lambda *words: ("build", "no route to the download sites"))
    module = Module(tmp_path, mode="auto")
    assert subject.ensure(module)["mode_reason"] == "no route to the download sites"
    assert module.warnings == ["no route to the download sites"]


def test_what_no_longer_belongs_to_a_bundle_goes(ways, tmp_path, monkeypatch):
    subject.ensure(Module(tmp_path))
    bundle = tmp_path / "bundle"
    (bundle / "bin" / ".kubectl.partial").write_text("half")
    monkeypatch.setattr(subject, "paths", lambda versions: ["apk"])
    (bundle / "apk" / "x86_64" / "telegraf-1.0-r0.apk").unlink()
    subject.ensure(Module(tmp_path))
    assert not (bundle / "bin" / "minikube").exists()
    assert not (bundle / "bin" / ".kubectl.partial").exists()
    assert (bundle / "apk" / "x86_64" / "telegraf-1.0-r0.apk").is_file()


def test_the_work_folder_is_emptied_even_of_gos_read_only_cache(ways, tmp_path):
    cache = tmp_path / "work" / "go" / "mod" / "example"
    cache.mkdir(parents=True)
    (cache / "x.go").touch()
    cache.chmod(0o500)
    subject.ensure(Module(tmp_path))
    assert not cache.exists()


def test_the_work_folder_stays_where_that_is_asked(ways, tmp_path):
    (tmp_path / "work" / "go" / "mod").mkdir(parents=True)
    subject.ensure(Module(tmp_path, keep_work=True))
    assert (tmp_path / "work" / "go" / "mod").is_dir()


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("absent_packages", ["qemu-utils"], "apt-get install --no-install-recommends qemu-utils"),
        ("free_bytes", 10**9, r"GB of free space at .*; 1 GB are free"),
    ],
)
def test_a_host_that_cannot_is_refused_before_anything_is_made(ways, tmp_path, monkeypatch, name, answer, said):
    monkeypatch.setattr(subject, name, lambda *words: answer)
    with pytest.raises(BundleError, match=said):
        subject.ensure(Module(tmp_path))
    assert ways["build"].made == []


def test_building_without_root_is_refused(ways, tmp_path, monkeypatch):
    monkeypatch.setattr(subject.os, "geteuid", lambda: 1000)
    with pytest.raises(BundleError, match="Building needs root"):
        subject.ensure(Module(tmp_path))


def test_plain_http_is_warned_of(ways, tmp_path):
    ways["fetch"].plain = ("mirror.example",)
    module = Module(tmp_path, mode="fetch")
    subject.ensure(module)
    assert module.warnings[0].startswith("Plain HTTP to mirror.example")


def test_offline_takes_a_complete_bundle_of_the_same_versions(ways, tmp_path):
    subject.ensure(Module(tmp_path))
    result = subject.ensure(Module(tmp_path, mode="offline"))
    assert (result["mode"], result["changed"], result["todo"]) == ("offline", False, [])


def test_offline_names_what_is_missing_or_damaged(ways, tmp_path):
    subject.ensure(Module(tmp_path))
    (tmp_path / "bundle" / "bin" / "minikube").unlink()
    with pytest.raises(BundleError, match="bin/minikube: missing"):
        subject.ensure(Module(tmp_path, mode="offline"))


def test_offline_refuses_a_bundle_of_other_versions(ways, tmp_path):
    subject.ensure(Module(tmp_path))
    other = VERSIONS | {"minikube": "1.39.0"}
    with pytest.raises(BundleError, match=r"minikube 1\.38\.0 instead of 1\.39\.0"):
        subject.ensure(Module(tmp_path, mode="offline", versions=other))
    # Of no meaning to who uses it.
    subject.ensure(Module(tmp_path, mode="offline", versions=VERSIONS | {"go": "1.27"}))


MISSING = [{"name": "grafana", "reason": "no registry has it"}, {"name": "telegraf", "package": "telegraf"}]


def test_what_a_built_bundle_lacks_is_said_less_what_somebody_brought(ways, tmp_path):
    result = subject.ensure(Module(tmp_path, missing=MISSING))
    assert result["missing"] == [{"name": "grafana", "reason": "no registry has it"}]
    assert Bundle(tmp_path / "bundle").manifest["missing"] == result["missing"]


def test_what_is_said_of_a_bundle_follows_the_release(ways, tmp_path):
    subject.ensure(Module(tmp_path))
    subject.ensure(Module(tmp_path, missing=MISSING))
    assert [entry["name"] for entry in Bundle(tmp_path / "bundle").manifest["missing"]] == ["grafana"]


@pytest.fixture
def on_arm(ways, monkeypatch):
    """The same on an arm64 host."""
    monkeypatch.setattr(subject, "of_host", lambda: ARM64)
    return ways


@pytest.mark.parametrize("mode", ["build", "forge"])
def test_building_for_arm64_is_refused_before_anything_changes(on_arm, tmp_path, mode):
    module = Module(tmp_path, mode=mode)
    module.check_mode = True
    with pytest.raises(BundleError, match=r"built on amd64 for amd64 alone.*host is arm64.*bundle_mode=fetch"):
        subject.ensure(module)
    assert list(tmp_path.iterdir()) == []


def test_a_complete_bundle_for_arm64_is_good_in_each_mode(on_arm, tmp_path):
    result = subject.ensure(Module(tmp_path, mode="fetch"))
    assert (result["architecture"], result["native"]) == ("arm64", True)
    for mode in ("build", "auto", "offline"):
        assert subject.ensure(Module(tmp_path, mode=mode))["changed"] is False


def test_where_nothing_can_be_fetched_arm64_has_no_other_way(on_arm, tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "choose", lambda addresses, questions, lost, buildable: buildable())
    with pytest.raises(BundleError, match=r"built on amd64 for amd64 alone.*bundle_mirrors"):
        subject.ensure(Module(tmp_path, mode="auto"))


def test_a_bundle_for_another_host_is_fetched_and_no_use_on_this_one(ways, tmp_path):
    result = subject.ensure(Module(tmp_path, mode="fetch", architecture="arm64"))
    assert (result["architecture"], result["native"], ways["fetch"].kind) == ("arm64", False, ARM64)
    with pytest.raises(BundleError, match="was made for arm64, and one for amd64 is wanted"):
        subject.ensure(Module(tmp_path, mode="offline"))
    # In its place comes one for this host, not a word of which is the other's.
    result = subject.ensure(Module(tmp_path, mode="fetch"))
    assert (result["todo"], Bundle(tmp_path / "bundle").architecture) == (list(FILES), "amd64")


def test_a_change_of_the_architecture_that_was_cut_short_is_no_bundle(ways, tmp_path, monkeypatch):
    subject.ensure(Module(tmp_path, mode="fetch"))

    def fail(*words):
        raise BundleError("no network any more")

    monkeypatch.setattr(subject.Forge, "run", fail)
    with pytest.raises(BundleError, match="no network"):
        subject.ensure(Module(tmp_path, mode="fetch", architecture="arm64"))
    for architecture in ("amd64", "arm64"):
        with pytest.raises(BundleError, match="was made for"):
            subject.ensure(Module(tmp_path, mode="offline", architecture=architecture))
    # No file was changed yet, so the way back is short.
    assert subject.ensure(Module(tmp_path, mode="fetch"))["changed"] is False
    subject.ensure(Module(tmp_path, mode="offline"))


def test_a_processor_that_nothing_is_made_for_is_named(ways, tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "of_host", lambda: None)
    monkeypatch.setattr(subject.platform, "machine", lambda: "riscv64")
    with pytest.raises(BundleError, match="this host is riscv64: there are bundles for amd64 and arm64 alone"):
        subject.ensure(Module(tmp_path))
