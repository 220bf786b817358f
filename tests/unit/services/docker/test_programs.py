# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker-engine and docker-prune: what they make of an engine's answers, in the words of Docker 26.1.5 on Debian 13."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

#: Of ``docker info --format '{{json .}}'`` what is looked at.
INFO: dict[str, Any] = {
    "ServerVersion": "26.1.5+dfsg1",
    "LoggingDriver": "journald",
    "LiveRestoreEnabled": True,
    "DockerRootDir": "/var/lib/docker",
    "RegistryConfig": {
        "AllowNondistributableArtifactsCIDRs": None,
        "AllowNondistributableArtifactsHostnames": None,
        "InsecureRegistryCIDRs": ["127.0.0.0/8"],
        "IndexConfigs": {
            "docker.io": {"Mirrors": ["https://mirror.example/"], "Name": "docker.io", "Official": True, "Secure": True},
            "registry.example:5000": {"Mirrors": [], "Name": "registry.example:5000", "Official": False, "Secure": False},
        },
        "Mirrors": ["https://mirror.example/"],
    },
}
WANTED = {
    "log-driver": "journald",
    "live-restore": True,
    "data-root": "/var/lib/docker",
    "registry-mirrors": ["https://mirror.example"],
    "insecure-registries": ["registry.example:5000"],
}


@pytest.fixture
def engine(program: Callable[[str, str], ModuleType]) -> ModuleType:
    return program("docker", "docker-engine")


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({}, []),
        ({"debug": True}, ["debug"]),
        ({"registry-mirrors": [], "insecure-registries": []}, ["registry-mirrors", "insecure-registries"]),
        ({"live-restore": False}, ["live-restore"]),
        ({"log-driver": "local"}, []),  # from its next start
        ({"registry-mirrors": []}, ["registry-mirrors"]),
        ({"insecure-registries": ["registry.example:5000", "other.example"]}, ["insecure-registries"]),
        ({"default-address-pools": []}, []),  # docker info does not say
    ],
)
def test_what_it_runs_with(engine: ModuleType, change: dict[str, Any], differs: list[str]) -> None:
    assert engine.differences({**WANTED, **change}, INFO) == differs


def test_an_address_that_is_trusted(engine: ModuleType) -> None:
    """Docker shows it as a network of one address."""
    registries = {**INFO["RegistryConfig"], "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128", "192.0.2.7/32"], "IndexConfigs": {}}
    found = {**INFO, "RegistryConfig": registries}
    assert engine.differences({**WANTED, "insecure-registries": ["192.0.2.7"]}, found) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((0, json.dumps(INFO), ""), ""),
        ((0, json.dumps({**INFO, "LiveRestoreEnabled": False}), ""), "other settings than {path}: live-restore"),
        ((1, json.dumps({"ServerErrors": ["Cannot connect to the Docker daemon"]}), ""), "does not answer: Cannot connect"),
        ((127, "", "there is no docker"), "does not answer: there is no docker"),
    ],
)
def test_runs(engine: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str, str], said: str) -> None:
    """A reload that it has refused is no reload."""
    path = tmp_path / "daemon.json"
    path.write_text(json.dumps(WANTED))
    monkeypatch.setattr(engine, "run", lambda *_words, **_options: answer)
    found = engine.runs(str(path))
    assert said.format(path=path) in found and bool(found) is bool(said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((0, "configuration OK\n", ""), ""),
        ((125, "", "unknown flag: --validate\n"), ""),  # Docker 20.10
        (
            (
                1,
                "",
                "unable to configure the Docker daemon with file /x: the following directives don't match any configuration option: bad\n",
            ),
            "refuses /x: unable to configure",
        ),
    ],
)
def test_check(engine: ModuleType, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str, str], said: str) -> None:
    monkeypatch.setattr(engine, "run", lambda *_words, **_options: answer)
    found = engine.check("/x")
    assert said in found and bool(found) is bool(said)


@pytest.mark.parametrize(
    ("made", "runs", "settings", "parts", "adopt", "said"),
    [
        (False, False, False, {}, False, []),
        (False, False, False, {"containers": [], "volumes": ["metadata.db", "backingFsBlockDev"]}, False, []),
        (False, True, False, {}, False, ["docker.service runs"]),
        (False, False, True, {}, False, ["there is "]),
        (False, False, False, {"containers": ["a", "b"], "volumes": ["metadata.db", "v"]}, False, ["containers has 2", "volumes has 1"]),
        (True, True, True, {"containers": ["a"]}, False, []),
        (False, True, True, {"containers": ["a"]}, True, []),
    ],
)
def test_host_check(
    engine: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    made: bool,
    runs: bool,
    settings: bool,
    parts: Any,
    adopt: bool,
    said: Any,
) -> None:
    """A foreign Docker is named, and what to write to continue with it."""
    for name, there in (("MADE", made), ("SETTINGS", settings)):
        monkeypatch.setattr(engine, name, str(tmp_path / name))
        if there:
            (tmp_path / name).write_text("{}")
    for part, names in parts.items():
        for name in ("", *names):
            (tmp_path / "data" / part / name).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(engine, "run", lambda *_words, **_options: (0 if runs else 3, "", ""))
    found = engine.host_check(str(tmp_path / "data"), adopt)
    assert all(text in found for text in said) and bool(found) is bool(said)
    assert not said or "docker_adopt: true" in found


# --- docker-prune -------------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
OLD = "2026-11-20T10:11:12.123456789Z"
DIGEST = "registry.example/vhc/web@sha256:0123"


@pytest.mark.parametrize(
    ("image", "goes"),
    [
        ({"RepoTags": [], "RepoDigests": [], "Created": OLD}, True),
        ({"RepoTags": None, "RepoDigests": None, "Created": OLD}, True),
        ({"RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"], "Created": OLD}, True),
        ({"RepoTags": [], "RepoDigests": [DIGEST], "Created": OLD}, False),  # docker image prune would remove it
        ({"RepoTags": ["web:1"], "RepoDigests": [], "Created": OLD}, False),
        ({"RepoTags": [], "RepoDigests": [], "Created": "2026-11-30T12:30:00Z"}, False),
        ({"RepoTags": [], "RepoDigests": [], "Created": ""}, False),
    ],
)
def test_what_has_no_name(program: Callable[[str, str], ModuleType], image: dict[str, Any], goes: bool) -> None:
    prune = program("docker", "docker-prune")
    assert list(prune.nameless([{"Id": "sha256:1", **image}], NOW)) == (["sha256:1"] if goes else [])


def test_prune_touches_nothing_else(program: Callable[[str, str], ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """No volume, no container, no network; an image in use is Docker's to refuse."""
    prune = program("docker", "docker-prune")
    asked: list[tuple[str, ...]] = []

    def docker(*words: str) -> SimpleNamespace:
        asked.append(words)
        out = {"ls": "sha256:1\nsha256:2\nsha256:1\n", "builder": "Total:\t3MB\n"}.get(words[1] if words[0] == "image" else words[0], "")
        if words[1] == "inspect":
            out = json.dumps([{"Id": name, "Created": OLD} for name in words[2:]])
        return SimpleNamespace(returncode=1 if words[-1] == "sha256:2" and words[1] == "rm" else 0, stdout=out, stderr="")

    monkeypatch.setattr(prune, "docker", docker)
    assert prune.main(["168"]) == 0
    assert [words[:2] for words in asked] == [("image", "ls"), ("image", "inspect"), ("image", "rm"), ("image", "rm"), ("builder", "prune")]
    assert "--all" not in asked[-1] and "until=168h" in asked[-1]
    assert capsys.readouterr().out == "1 images removed; build cache: Total:\t3MB\n"
    assert [prune.main(words) for words in ([], ["0"], ["x"])] == [64, 64, 64]
