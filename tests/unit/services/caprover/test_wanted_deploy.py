# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked to be deployed, and what is deployed already, before any server is asked."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import wanted_deploy

from tests.unit.services.returned import filled

DEPLOY = documented.spec("caprover_deploy")["apps"]["options"]


def deploy(**given: Any) -> Any:
    return wanted_deploy.deploy(filled(DEPLOY, {"name": "web", **given}), Context())


def tar(path: Path, *names: str) -> str:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return str(path)


def test_what_an_unchanged_deploy_is_known_by(tmp_path: Path) -> None:
    image = deploy(image="registry.example.org/web@sha256:abc")
    assert image["mark"] == "image registry.example.org/web@sha256:abc"
    assert json.loads(image["definition"]) == {"schemaVersion": 2, "imageName": "registry.example.org/web@sha256:abc"}
    assert deploy(captain_definition={"schemaVersion": 2, "imageName": "web:1"}) == deploy(image="web:1")
    lines = {"schemaVersion": 2, "dockerfileLines": ["FROM a"]}
    assert deploy(captain_definition=lines)["mark"] == deploy(captain_definition=json.dumps(lines))["mark"]
    assert deploy(captain_definition=lines)["mark"] != deploy(captain_definition={**lines, "dockerfileLines": ["FROM b"]})["mark"]
    one = deploy(tarball=tar(tmp_path / "a.tgz", "captain-definition"))
    assert one["mark"].startswith("sha256-") and one["definition"] == ""


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "app web: image, captain_definition and tarball: all missing"),
        ({"image": "a", "tarball": "/b"}, "more than one: image, tarball"),
        ({"image": "https://registry/a"}, "is not an image name"),
        ({"image": "a b"}, "is not an image name"),
        ({"captain_definition": "not json"}, "app web: captain_definition: it is not JSON"),
        ({"captain_definition": "[1]"}, "it is not a mapping"),
        ({"captain_definition": {"schemaVersion": 1, "imageName": "x"}}, "schemaVersion is 1. Fix: set schemaVersion: 2"),
        ({"captain_definition": {"schemaVersion": 2}}, "no source of the image"),
        ({"captain_definition": {"schemaVersion": 2, "imageName": "x", "dockerfileLines": ["y"]}}, "imageName, dockerfileLines"),
        (
            {"captain_definition": {"schemaVersion": 2, "dockerfileLines": ["FROM x", "#" * (2 << 20)]}},
            "2048 KiB large",
        ),
        ({"tarball": "/nowhere.tar"}, "app web: tarball: /nowhere.tar is not a file of this host"),
    ],
)
def test_deploys_that_cannot_be(given: dict[str, Any], text: str) -> None:
    with pytest.raises(AgentError) as caught:
        deploy(**given)
    assert text in caught.value.msg and "Fix: " in caught.value.msg


@pytest.mark.parametrize(
    ("names", "good"),
    [
        (["captain-definition"], True),
        (["./captain-definition", "./src/a"], True),
        (["web/Dockerfile", "web/a"], True),
        (["a", "b"], False),
        ([], False),
    ],
)
def test_tar_files(tmp_path: Path, names: list[str], good: bool) -> None:
    path = tar(tmp_path / "a.tar", *names)
    if good:
        assert deploy(tarball=path)["tarball"] == path
    else:
        with pytest.raises(AgentError, match="no captain-definition and no Dockerfile"):
            deploy(tarball=path)
    (tmp_path / "text").write_text("no tar")
    with pytest.raises(AgentError, match="is not a tar file"):
        deploy(tarball=str(tmp_path / "text"))


VERSIONS: list[Any] = [
    {"version": 0, "timeStamp": "", "deployedImageName": "caprover/caprover-placeholder-app:latest", "gitHash": ""},
    {"version": 1, "timeStamp": "", "deployedImageName": "web:1", "gitHash": ""},
    {"version": 2, "timeStamp": "", "gitHash": ""},
    {"version": 3, "timeStamp": "", "deployedImageName": "img-captain-web:3", "gitHash": "sha256-abc"},
]


@pytest.mark.parametrize(
    ("at", "image", "mark", "is_there"),
    [
        (1, "web:1", "image web:1", True),
        (1, "web:2", "image web:2", False),
        (3, "", "sha256-abc", True),
        (3, "", "sha256-def", False),
        (2, "", "", False),
        (0, "caprover/caprover-placeholder-app:latest", "image", False),
    ],
)
def test_what_is_deployed(at: int, image: str, mark: str, is_there: bool) -> None:
    """By CapRover's word. A version without an image failed; the first one is a placeholder."""
    asked: Any = {"image": image, "mark": mark}
    assert wanted_deploy.is_deployed(asked, {"versions": VERSIONS, "deployedVersion": at}) is is_there


def test_the_way_back() -> None:
    """An image that was built and pushed nowhere cannot be pulled, so it is built upon."""
    assert wanted_deploy.back_to(VERSIONS[1]) == ('{"schemaVersion": 2, "imageName": "web:1"}', "")
    assert wanted_deploy.back_to(VERSIONS[3]) == ('{"schemaVersion": 2, "dockerfileLines": ["FROM img-captain-web:3"]}', "sha256-abc")
    assert wanted_deploy.newest({"versions": VERSIONS}) == 3
    assert wanted_deploy.service({"isLegacyAppName": True}, "web") == "srv-captain--web"
