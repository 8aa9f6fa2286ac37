# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import types

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import plan as build
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import request as asked
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.archive import SavedImage
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import APIError, ImageNotFound
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.load import Loaded

pytest.importorskip("docker")


class Daemon:
    """As much of a docker client as planning and pruning use."""

    refusal = ""
    newest = "sha256:1"
    registry: types.MappingProxyType = types.MappingProxyType({})

    def __init__(self, images=(), used=()):
        self.known, self.used, self.removed, self.pulled = list(images), used, [], []

    def inspect_image(self, reference):
        for image in self.known:
            if reference in (image["RepoTags"] or []):
                return {"Id": image["Id"], "Config": {"Labels": image["Labels"]}}
        raise ImageNotFound(reference)

    def images(self, filters):
        return [image for image in self.known if filters["label"] in (image["Labels"] or {})]

    def containers(self, **dummy):
        return [{"ImageID": identity} for identity in self.used]

    def remove_image(self, tag):
        self.removed.append(tag)

    def pull(self, repository, tag, stream, decode):
        self.pulled.append(f"{repository}:{tag}")
        yield {"status": "Pulling"}
        if self.refusal:
            yield {"error": self.refusal, "errorDetail": {"message": self.refusal}}
        else:
            self.known = [x for x in self.known if f"{repository}:{tag}" not in (x["RepoTags"] or [])]
            self.known.append(base(f"{repository}:{tag}", self.newest))

    def inspect_distribution(self, reference):
        if reference not in self.registry:
            raise APIError("no", response=types.SimpleNamespace(status_code=404))
        return {"Descriptor": {"digest": self.registry[reference]}}


def base(reference="alpine:3.23", identity="sha256:1"):
    return {"Id": identity, "RepoTags": [reference], "Labels": None, "Created": 0}


def ours(image, created, **labels):
    wanted = {asked.NAME_LABEL: image.name, asked.HASH_LABEL: f"{created:016}" + "0" * 48, **labels}
    return {
        "Id": f"sha256:o{created}",
        "RepoTags": [f"{image.repository}:{created:016}"],
        "Labels": wanted,
        "Created": created,
    }


@pytest.fixture
def request_of(tmp_path):
    def make(dockerfile="FROM alpine:3.23\n", **changes):
        (tmp_path / "Dockerfile").write_text(dockerfile)
        return {"name": "web", "context": str(tmp_path), "dockerfile": "Dockerfile", **changes}

    return make


@pytest.fixture
def image(request_of):
    return asked.read_image(request_of(), "fortytwo", None)


def planned(image, daemon, packages=None, check=False):
    build.plan(daemon, [image], build.provide_bases(daemon, [image], None, check), packages, None)
    return image


def test_an_image_that_is_missing_is_built(image):
    planned(image, Daemon([base()]))
    assert image.changed
    assert image.build
    assert image.reference == f"fortytwo/web:{image.hash[:16]}"


def test_an_image_with_tag_and_hash_is_not_built(image):
    daemon = Daemon([base()])
    planned(image, daemon)
    daemon.known.append({"Id": "sha256:2", "RepoTags": [image.reference], "Labels": image.all_labels(), "Created": 1})
    assert not planned(image, daemon).changed


def test_a_tag_on_something_else_does_not_count(image):
    daemon = Daemon([base()])
    planned(image, daemon)
    daemon.known.append({"Id": "sha256:2", "RepoTags": [image.reference], "Labels": None, "Created": 1})
    assert planned(image, daemon).build


def test_another_base_image_of_the_same_name_means_another_tag(image):
    first = planned(image, Daemon([base()])).reference
    assert planned(image, Daemon([base(identity="sha256:9")])).reference != first


def test_a_missing_base_is_pulled_but_not_in_check_mode(image):
    daemon = Daemon()
    planned(image, daemon, check=True)
    assert (daemon.pulled, image.changed, image.tag) == ([], True, "unknown")
    planned(image, daemon)
    assert daemon.pulled == ["alpine:3.23"]
    assert image.hash


def test_a_pull_that_fails_inside_its_stream_is_a_failure(image):
    daemon = Daemon()
    daemon.refusal = "toomanyrequests: slow down"
    with pytest.raises(build.DaemonError, match=r"alpine:3\.23 .*toomanyrequests: slow down\. .*base_archives"):
        planned(image, daemon)


class Archives:
    """Stands for the loader of archives: one archive with the base image, which loading puts into the daemon."""

    def __init__(self, daemon, identity):
        self.daemon, self.identity = daemon, identity

    def plan(self):
        saved = SavedImage("alpine.tar", "alpine:3.23", self.identity, "c", ())
        return [Loaded(saved, None, all(known["Id"] != self.identity for known in self.daemon.known))]

    def load(self, plan):
        self.daemon.known = [base(identity=self.identity)] if plan[0].changed else self.daemon.known


@pytest.mark.parametrize("known", [[], [base(identity="sha256:old")]])
def test_check_mode_knows_the_tag_that_an_archived_base_will_give(image, known):
    daemon = Daemon(known)
    archives = Archives(daemon, "sha256:new")
    tags = []
    for check in (True, False, False):
        bases = build.provide_bases(daemon, [image], archives, check)
        build.plan(daemon, [image], bases, None, None)
        tags.append((bases[0].changed, bases[0].id, bases[0].archive, image.reference))
    assert tags[0] == tags[1] == (True, "sha256:new", "alpine.tar", tags[0][3])
    assert tags[2] == (False, "sha256:new", "alpine.tar", tags[0][3])
    assert daemon.pulled == []


def test_only_layers_made_from_the_same_packages_are_used_again(image):
    daemon = Daemon(
        [
            base(),
            ours(image, 1, **{asked.PACKAGES_LABEL: "p"}),
            ours(image, 2, **{asked.PACKAGES_LABEL: "q"}),
            ours(image, 3),
        ]
    )
    planned(image, daemon, packages="p")
    assert image.cache_from == ["sha256:o1"]
    assert image.previous["Id"] == "sha256:o3"


def test_changed_inputs_are_those_against_the_newest_earlier_image(request_of, image):
    planned(image, Daemon([base()]))
    earlier = ours(image, 1, **{asked.INPUTS_LABEL: image.all_labels()[asked.INPUTS_LABEL]})
    changed = asked.read_image(request_of("FROM alpine:3.23\nRUN true\n", args={"A": "secret"}), "fortytwo", None)
    planned(changed, Daemon([base(), earlier]))
    assert changed.changed_inputs() == ["arg A", "file Dockerfile"]
    assert "secret" not in str(changed.all_labels())


def test_prune_removes_own_images_without_a_name(image):
    planned(image, Daemon([base()]))
    nameless = [{**ours(image, n), "RepoTags": tags} for n, tags in ((1, None), (2, ["<none>:<none>"]), (3, []))]
    other = {**ours(image, 4), "RepoTags": None}
    other["Labels"][asked.NAME_LABEL] = "other"
    foreign = {"Id": "sha256:f", "RepoTags": None, "Labels": None, "Created": 1}
    digest = {**ours(image, 5), "RepoTags": None, "RepoDigests": ["r/web@sha256:0"]}
    daemon = Daemon([*nameless, other, foreign, digest], used=["sha256:o3"])
    assert build.prune(daemon, image, 2) == ["sha256:o2", "sha256:o1"]


def test_prune_keeps_the_newest_the_current_and_those_in_use(image):
    planned(image, Daemon([base()]))
    current = {**ours(image, 9), "Labels": image.all_labels(), "RepoTags": [image.reference]}
    foreign = {**ours(image, 1), "RepoTags": [f"elsewhere/web:{1:016}"]}
    daemon = Daemon([current, foreign, *(ours(image, n) for n in (2, 3, 4, 5, 6))], used=["sha256:o3"])
    assert build.prune(daemon, image, 2) == [f"fortytwo/web:{4:016}", f"fortytwo/web:{2:016}"]
    assert daemon.removed == [f"fortytwo/web:{4:016}", f"fortytwo/web:{2:016}"]


@pytest.mark.parametrize(
    ("name", "prefix", "registry", "expected"),
    [
        ("web", "fortytwo", None, "fortytwo/web"),
        ("web", "", None, "web"),
        ("web", "a/b/", "registry.example.com:5000", "registry.example.com:5000/a/b/web"),
    ],
)
def test_repository_of(name, prefix, registry, expected):
    assert asked.repository_of(name, prefix, registry) == expected


@pytest.mark.parametrize(("name", "prefix"), [("Web", "x"), ("web:latest", "x"), ("we b", "x"), ("web", "x:y/z:w")])
def test_repositories_that_are_refused(name, prefix):
    with pytest.raises(asked.BuildRefusedError, match="no valid image repository"):
        asked.repository_of(name, prefix, None)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"dockerfile": "FROM alpine\n"}, r"Image web, .*/Dockerfile: The base image alpine has no fixed tag"),
        ({"dockerfile": "FROM a:1\nRUN --mount=x true\n"}, r"uses RUN --mount, which needs BuildKit, but builder is"),
        ({"secrets": [{"id": "x", "env": "X"}]}, "option secrets is given, which needs BuildKit"),
        ({"tags": ["latest"]}, "latest in tags"),
        ({"tags": ["a b"]}, "a b in tags"),
        ({"platforms": ["linux/amd64", "linux/arm64"]}, "give push_to"),
        ({"etc_hosts": {"db": 10}}, "values of db in etc_hosts"),
        ({"args": {"DEBUG": True, "OK": "1", "EMPTY": None}}, "values of DEBUG, EMPTY in args are no texts: put"),
        ({"labels": {"VERSION": 1.1}}, r"VERSION in labels .*VERSION: \"\.\.\.\""),
        ({"paths": ["none"]}, "Image web: .* has no none"),
    ],
)
def test_refusals_name_the_image(tmp_path, changes, part):
    (tmp_path / "Dockerfile").write_text(changes.pop("dockerfile", "FROM a:1\n"))
    with pytest.raises(asked.BuildRefusedError, match=part):
        asked.read_image(
            {"name": "web", "context": str(tmp_path), "dockerfile": "Dockerfile", **changes},
            "x",
            None,
            {"builder": "classic"},
        )


def test_twins_are_refused(image):
    with pytest.raises(asked.BuildRefusedError, match="called web"):
        asked.refuse_twins([image, image])


def test_a_base_is_pulled_again_on_request(image):
    daemon = Daemon([base()])
    daemon.newest = "sha256:new"
    for check, pulled in ((True, []), (False, ["alpine:3.23"])):
        (found,) = build.provide_bases(daemon, [image], None, check, again=True)
        assert daemon.pulled == pulled
    assert (found.changed, found.id) == (True, "sha256:new")


def chain(request_of, **bases):
    return [
        asked.read_image(request_of("ARG BASE=x:1\nFROM ${BASE}\n", name=name, bases=parents), "fortytwo", None)
        for name, parents in bases.items()
    ]


def test_an_image_changes_with_the_one_it_starts_from(request_of):
    tags = []
    for identity in ("sha256:1", "sha256:2"):
        daemon = Daemon([base("x:1", identity)])
        images = chain(request_of, child={"BASE": "parent"}, parent={})
        build.plan(daemon, images, build.provide_bases(daemon, images, None, True), None, None)
        tags.append(images[0].tag)
        assert images[0].bases == []
        assert images[0].all_args() == {"BASE": images[1].reference}
    assert tags[0] != tags[1]
    assert "unknown" not in tags


@pytest.mark.parametrize(
    ("bases", "part"),
    [
        ({"a": {"BASE": "b"}, "b": {"BASE": "a"}}, "images a, b start from each other in a circle"),
        ({"a": {"BASE": "c"}}, "Image a: c in bases is no image of this call"),
    ],
)
def test_chains_that_cannot_be(request_of, bases, part):
    with pytest.raises(asked.BuildRefusedError, match=part):
        asked.levels(chain(request_of, **bases))


def test_tags_that_mean_something_else_are_set_again(request_of):
    wanted = asked.read_image(request_of(tags=["1.4", "other/web:2"]), "fortytwo", None)
    daemon = Daemon([base()])
    planned(wanted, daemon)
    assert wanted.missing_tags == ["fortytwo/web:1.4", "other/web:2"]
    mine = {
        "Id": "sha256:m",
        "RepoTags": [wanted.reference, "other/web:2"],
        "Labels": wanted.all_labels(),
        "Created": 1,
    }
    daemon.known += [mine, {"Id": "sha256:o", "RepoTags": ["fortytwo/web:1.4"], "Labels": None, "Created": 1}]
    again = planned(asked.read_image(request_of(tags=["1.4", "other/web:2"]), "fortytwo", None), daemon)
    assert (again.build, again.changed, again.missing_tags) == (False, True, ["fortytwo/web:1.4"])
    mine["RepoTags"].append("fortytwo/web:1.4")
    daemon.known.pop()
    last = planned(asked.read_image(request_of(tags=["1.4", "other/web:2"]), "fortytwo", None), daemon)
    assert not last.changed


def test_what_the_registry_has_is_not_pushed_again(request_of):
    def look(registry):
        wanted = asked.read_image(request_of(tags=["1.4"]), "p", "r.example.com")
        daemon = Daemon([base()])
        daemon.registry = registry
        build.plan(daemon, [wanted], build.provide_bases(daemon, [wanted], None, True), None, "r.example.com")
        return wanted

    first = look({})
    assert (first.build, first.push, first.unpushed_tags) == (True, True, ["r.example.com/p/web:1.4"])
    second = look({first.reference: "sha256:d", "r.example.com/p/web:1.4": "sha256:d"})
    assert (second.build, second.push, second.unpushed_tags, second.digest) == (False, False, [], "sha256:d")


@pytest.mark.parametrize(
    ("dockerfile", "changes", "builder", "expected"),
    [
        ("FROM a:1\n", {}, "auto", "classic"),
        ("FROM a:1\n", {}, "buildkit", "buildkit"),
        ("FROM a:1\nRUN --mount=type=cache,target=/x true\n", {}, "auto", "buildkit"),
        ("FROM a:1\nCOPY <<E /x\nE\n", {}, "auto", "buildkit"),
        ("FROM a:1\n", {"ssh": ["default"]}, "auto", "buildkit"),
        ("FROM a:1\n", {"secrets": [{"id": "x", "env": "X"}]}, "auto", "buildkit"),
        ("FROM a:1\n", {"cache_from": ["a:1"]}, "auto", "classic"),
        ("FROM a:1\n", {"cache_from": ["type=local,src=/x"]}, "auto", "buildkit"),
    ],
)
def test_the_builder_that_an_image_needs(request_of, dockerfile, changes, builder, expected):
    wanted = asked.read_image(request_of(dockerfile, **changes), "p", None, {"builder": builder})
    assert wanted.options.builder == expected


def test_the_hash_does_not_depend_on_the_builder(request_of):
    tags = set()
    for builder in ("classic", "buildkit"):
        wanted = asked.read_image(request_of(), "p", None, {"builder": builder})
        tags.add(planned(wanted, Daemon([base()])).tag)
    assert len(tags) == 1


def test_an_ignore_file_of_one_dockerfile_chooses_buildkit(request_of, tmp_path):
    (tmp_path / "Dockerfile.dockerignore").write_text("x\n")
    assert asked.read_image(request_of(), "p", None).options.builder == "buildkit"
    assert asked.read_image(request_of(), "p", None, {"builder": "classic"}).options.builder == "classic"
