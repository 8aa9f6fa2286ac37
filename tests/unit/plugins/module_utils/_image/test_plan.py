# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fortytwo.ft_services.plugins.module_utils._image import plan as build
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.docker import ImageNotFound
from ansible_collections.fortytwo.ft_services.plugins.module_utils._image.load import Loaded, SavedImage

pytest.importorskip("docker")


class Daemon:
    """As much of a docker client as planning and pruning use."""

    refusal = ""

    def __init__(self, images=(), used=()):
        self.known, self.used, self.removed, self.pulled = list(images), used, [], []

    def inspect_image(self, reference):
        for image in self.known:
            if reference in image["RepoTags"]:
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
            self.known.append(base(f"{repository}:{tag}"))


def base(reference="alpine:3.23", identity="sha256:1"):
    return {"Id": identity, "RepoTags": [reference], "Labels": None, "Created": 0}


def ours(image, created, **labels):
    wanted = {build.NAME_LABEL: image.name, build.HASH_LABEL: f"{created}", **labels}
    return {
        "Id": f"sha256:o{created}",
        "RepoTags": [f"{image.repository}:t{created}"],
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
    return build.read_image(request_of(), "fortytwo", None)


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
            ours(image, 1, **{build.PACKAGES_LABEL: "p"}),
            ours(image, 2, **{build.PACKAGES_LABEL: "q"}),
            ours(image, 3),
        ]
    )
    planned(image, daemon, packages="p")
    assert image.cache_from == ["sha256:o1"]
    assert image.previous["Id"] == "sha256:o3"


def test_changed_inputs_are_those_against_the_newest_earlier_image(request_of, image):
    planned(image, Daemon([base()]))
    earlier = ours(image, 1, **{build.INPUTS_LABEL: image.all_labels()[build.INPUTS_LABEL]})
    changed = build.read_image(request_of("FROM alpine:3.23\nRUN true\n", args={"A": "secret"}), "fortytwo", None)
    planned(changed, Daemon([base(), earlier]))
    assert changed.changed_inputs() == ["arg A", "file Dockerfile"]
    assert "secret" not in str(changed.all_labels())


def test_prune_removes_own_images_without_a_name(image):
    planned(image, Daemon([base()]))
    nameless = [{**ours(image, n), "RepoTags": tags} for n, tags in ((1, None), (2, ["<none>:<none>"]), (3, []))]
    other = {**ours(image, 4), "RepoTags": None}
    other["Labels"][build.NAME_LABEL] = "other"
    foreign = {"Id": "sha256:f", "RepoTags": None, "Labels": None, "Created": 1}
    digest = {**ours(image, 5), "RepoTags": None, "RepoDigests": ["r/web@sha256:0"]}
    daemon = Daemon([*nameless, other, foreign, digest], used=["sha256:o3"])
    assert build.prune(daemon, image, 2) == ["sha256:o2", "sha256:o1"]


def test_prune_keeps_the_newest_the_current_and_those_in_use(image):
    planned(image, Daemon([base()]))
    current = {**ours(image, 9), "Labels": image.all_labels(), "RepoTags": [image.reference]}
    foreign = {**ours(image, 1), "RepoTags": ["elsewhere/web:t1"]}
    daemon = Daemon([current, foreign, *(ours(image, n) for n in (2, 3, 4, 5, 6))], used=["sha256:o3"])
    assert build.prune(daemon, image, 2) == ["fortytwo/web:t4", "fortytwo/web:t2"]
    assert daemon.removed == ["fortytwo/web:t4", "fortytwo/web:t2"]


@pytest.mark.parametrize(
    ("name", "prefix", "registry", "expected"),
    [
        ("web", "fortytwo", None, "fortytwo/web"),
        ("web", "", None, "web"),
        ("web", "a/b/", "registry.example.com:5000", "registry.example.com:5000/a/b/web"),
    ],
)
def test_repository_of(name, prefix, registry, expected):
    assert build.repository_of(name, prefix, registry) == expected


@pytest.mark.parametrize(("name", "prefix"), [("Web", "x"), ("web:latest", "x"), ("we b", "x"), ("web", "x:y/z:w")])
def test_repositories_that_are_refused(name, prefix):
    with pytest.raises(build.BuildRefusedError, match="no valid image repository"):
        build.repository_of(name, prefix, None)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"dockerfile": "FROM alpine\n"}, r"Image web, .*/Dockerfile: The base image alpine has no fixed tag"),
        ({"dockerfile": "FROM a:1\nRUN --mount=x true\n"}, "BuildKit"),
        ({"args": {"DEBUG": True, "OK": "1", "EMPTY": None}}, "values of DEBUG, EMPTY in args are no texts: put"),
        ({"labels": {"VERSION": 1.1}}, r"VERSION in labels .*VERSION: \"\.\.\.\""),
        ({"paths": ["none"]}, "Image web: .* has no none"),
    ],
)
def test_refusals_name_the_image(tmp_path, changes, part):
    (tmp_path / "Dockerfile").write_text(changes.pop("dockerfile", "FROM a:1\n"))
    with pytest.raises(build.BuildRefusedError, match=part):
        build.read_image({"name": "web", "context": str(tmp_path), "dockerfile": "Dockerfile", **changes}, "x", None)


def test_twins_are_refused(image):
    with pytest.raises(build.BuildRefusedError, match="called web"):
        build.refuse_twins([image, image])
