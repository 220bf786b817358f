# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The set-up of tests and demo: what is refused, where packages come from, when an image is made again."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest
from testbed import cache, demo, engine, images, machine, progress, venv
from testbed.shell import SetupError

GOOD = machine.Machine(is_root=True, python=(3, 11), has_apt=True, free={"/": 100 * machine.GIB})


@pytest.mark.parametrize(
    ("change", "containers", "words"),
    [
        ({}, True, []),
        ({}, False, []),
        ({"python": (3, 10)}, False, ["Python 3.10 is too old"]),
        ({"python": (3, 13)}, True, []),
        ({"is_root": False}, True, ["needs root"]),
        ({"is_root": False}, False, []),  # lint and unit tests need no root
        ({"has_apt": False}, True, ["not a Debian system"]),
        ({"free": {"/": machine.NEEDED_BYTES - 1}}, True, ["/ has 8.0 GiB free"]),
        ({"free": {"/": machine.NEEDED_BYTES}}, True, []),
        ({"free": {"/a": 0, "/b": 0}}, True, ["/a has", "/b has"]),
        ({"is_root": False, "has_apt": False, "free": {"/": 0}}, True, ["needs root", "not a Debian", "disk space"]),
    ],
)
def test_refusals(change: dict[str, object], containers: bool, words: list[str]) -> None:
    found = machine.refusals(dataclasses.replace(GOOD, **change), containers=containers)
    assert len(found) == len(words)
    for sentence, word in zip(found, words, strict=True):
        assert word in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence


def test_space_that_was_taken_before_is_not_asked_for_again() -> None:
    little = dataclasses.replace(GOOD, free={"/": machine.LEAST_BYTES})
    assert machine.refusals(little, containers=True, space=False) == []
    (said,) = machine.refusals(dataclasses.replace(GOOD, free={"/": 0}), containers=True, space=False)
    assert said == "Too little disk space: / has 0.0 GiB free, 0.12 GiB are needed. Fix: make room there."


def test_the_tools_need_space_too(tmp_path: Path) -> None:
    """`make check` has no containers; pip and venv do not name the disk."""
    machine.require_space(tmp_path, 1)
    with pytest.raises(SetupError, match=rf"Too little disk space: {tmp_path} has .* Fix: make room there\."):
        machine.require_space(tmp_path, 1 << 60)
    assert "machine.require_space(VENV.parent, machine.TOOLS_BYTES)" in Path(venv.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("sources.list", "deb http://mirror.example/debian trixie main\n", {"debian": "http://mirror.example/debian"}),
        (
            "sources.list",
            "deb [arch=amd64 signed-by=/x] http://mirror.example/debian/ trixie main\n",
            {"debian": "http://mirror.example/debian"},
        ),
        ("sources.list", "# deb http://mirror.example/debian trixie main\n", {}),
        ("sources.list", "deb-src http://mirror.example/debian trixie main\n", {}),
        ("sources.list", "deb https://mirror.example/debian trixie main\n", {}),  # the cache cannot pass TLS on
        ("sources.list", "deb http://other.example/ubuntu noble main\n", {}),
        (
            "sources.list.d/a.sources",
            "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\n",
            {"debian": "http://mirror.example/debian"},
        ),
        (
            "sources.list.d/a.sources",
            "URIs: http://one.example/debian\nURIs: http://two.example/debian\nURIs: http://sec.example/debian-security\n",
            {"debian": "http://one.example/debian", "debian-security": "http://sec.example/debian-security"},
        ),
    ],
)
def test_package_mirrors(tmp_path: Path, name: str, text: str, expected: dict[str, str]) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    assert machine.package_mirrors(tmp_path) == machine.PUBLIC_MIRRORS | expected


def test_package_mirrors_without_apt(tmp_path: Path) -> None:
    assert machine.package_mirrors(tmp_path / "none") == machine.PUBLIC_MIRRORS


def test_missing_packages_are_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "which", lambda program, path=None: "/usr/bin/tar" if program == "tar" else None)
    assert machine.missing_packages(machine.PROGRAMS) == ["debootstrap", "openssh-client", "openssl"]


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Recipes of our own to change."""
    (tmp_path / "files" / "etc").mkdir(parents=True)
    (tmp_path / "files" / "etc" / "x").write_text("1", encoding="utf-8")
    (tmp_path / "base.packages").write_text("# why\nsystemd\n", encoding="utf-8")
    for name in ("base", "server", "cache", "apps"):
        (tmp_path / f"{name}.Dockerfile").write_text(f"FROM {name}\n", encoding="utf-8")
    monkeypatch.setattr(images, "RECIPES", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("change", "remade"),
    [
        (lambda r: (r / "server.Dockerfile").write_text("FROM y\n"), {"trixie", "bookworm", "apps"}),
        (lambda r: (r / "base.Dockerfile").write_text("FROM y\n"), set(images.IMAGES)),
        (lambda r: (r / "base.packages").write_text("systemd\nnftables\n"), set(images.IMAGES)),
        (lambda r: (r / "base.packages").write_text("# another reason\nsystemd\n"), set()),
        (lambda r: (r / "files" / "etc" / "x").write_text("2"), set(images.IMAGES)),
        (lambda r: (r / "files" / "etc" / "x").chmod(0o700), set(images.IMAGES)),
        (lambda r: (r / "files" / "etc" / "y").write_text("1"), set(images.IMAGES)),
    ],
)
def test_an_image_is_made_anew_when_its_recipe_changes(recipes: Path, change: object, remade: set[str]) -> None:
    before = {tag: images.recipe(image) for tag, image in images.IMAGES.items()}
    assert len(set(before.values())) == len(before)
    change(recipes)  # type: ignore[operator]
    assert {tag for tag, image in images.IMAGES.items() if images.recipe(image) != before[tag]} == remade


def test_every_parent_is_there_and_of_the_same_release() -> None:
    for image in images.IMAGES.values():
        assert image.parent is None or images.IMAGES[image.parent].release == image.release
    assert set(images.DEMO) <= set(images.IMAGES)


@pytest.mark.parametrize(
    ("bridge", "interface", "expected"),
    [
        # Recorded of Docker 26.1: an engine that has run for a while, and one that has just started.
        ({"IPAM": {"Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]}}, {}, "172.17.0.1"),
        (
            {"IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}, "Options": {"com.docker.network.bridge.name": "docker7"}},
            {"docker7": "172.17.0.1"},
            "172.17.0.1",
        ),
        ({"IPAM": {"Config": None}}, {"docker0": "172.18.0.1"}, "172.18.0.1"),
        ({"IPAM": {"Config": [{"Subnet": "fd00::/64", "Gateway": "fd00::1"}]}}, {"docker0": "172.17.0.1"}, "172.17.0.1"),
    ],
)
def test_address_of_the_cache(bridge: dict[str, object], interface: dict[str, str], expected: str) -> None:
    assert cache.gateway(bridge, interface.get) == expected


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("echo 26.1.5", True),
        ("exit 0", False),  # docker-cli 26.1.5 of Debian 13 without an engine: nothing on standard output
        ("echo 'Cannot connect to the Docker daemon' >&2; exit 1", False),
        (None, False),
    ],
)
def test_an_engine_answers_when_it_says_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str | None, expected: bool
) -> None:
    put_client(tmp_path, monkeypatch, client)
    assert engine.answers() is expected


@pytest.mark.parametrize(
    ("client", "running", "ended"),
    [
        ("echo running", True, False),
        ("echo exited", False, True),
        ("echo created", False, False),  # it starts: waiting continues
        ("exit 0", False, False),  # a busy engine lost the answer
        ("exit 1", False, False),
    ],
)
def test_the_cache_is_judged_without_programs_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str, running: bool, ended: bool
) -> None:
    """`docker top` needs ps, which is not on a minimal Debian."""
    put_client(tmp_path, monkeypatch, f'[ "$1 $2" = "container inspect" ] || exit 9; {client}')
    assert cache.is_running() is running
    assert (cache._ended() is not None) is ended


def put_client(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str | None) -> None:
    """Put a client of the engine into PATH, as the only program there."""
    if script is not None:
        (folder / "docker").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_an_engine_without_a_bridge_has_no_cache() -> None:
    with pytest.raises(SetupError, match="docker0 has no address"):
        cache.gateway({"IPAM": {"Config": []}}, {}.get)


def test_configuration_of_the_cache() -> None:
    mirrors = machine.PUBLIC_MIRRORS | {"debian": "http://mirror.example/debian"}
    text = cache.configuration("172.17.0.1", mirrors, "http://proxy.example:8080")
    assert "BindAddress: 172.17.0.1\n" in text
    assert "Remap-debian: http://deb.debian.org/debian ; http://mirror.example/debian\n" in text
    assert "Remap-debiansecurity" not in text
    assert "Proxy: http://proxy.example:8080\n" in text
    assert "Proxy" not in cache.configuration("172.17.0.1", mirrors, None)


def test_stamp_of_the_environment_changes_with_lock_and_python() -> None:
    assert len({venv.stamp_of("a", "3.11"), venv.stamp_of("b", "3.11"), venv.stamp_of("a", "3.13")}) == 3
    assert venv.stamp_of("a", "3.11") == venv.stamp_of("a", "3.11")


def test_demo_files_go_and_others_stay(tmp_path: Path) -> None:
    for name in (".demo/ssh_key", "inventories/demo/secrets.yml", "inventories/demo/pki/ca.key", "inventories/demo/hosts.yml", ".venv/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    for _ in range(2):  # also when nothing is there
        demo.remove_files(tmp_path)
        left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
        assert left == [".venv/x", "inventories/demo/hosts.yml"]


def test_the_installation_of_the_tools_says_how_long_it_takes(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Not in a stage of the demo, which says it itself."""
    monkeypatch.setattr(progress.stream, "PLAIN_EVERY", 0.02)
    for stage in ("[1/7] ", ""):
        monkeypatch.setenv("VANNAH_STAGE", stage)
        with progress.shown("Installing the tools", 90):
            time.sleep(0.2)
        assert ("  ... Installing the tools  0:0" in capfd.readouterr().out) is (not stage)
    assert 'progress.shown("Installing the tools", EXPECTED)' in Path(venv.__file__).read_text(encoding="utf-8")
