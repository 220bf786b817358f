# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The closer look at a host to which a role comes for the first time."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent import facts, main, survey
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.model import Context


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (None, []),
        ("", []),
        ("{broken", []),
        ("[]", []),
        ('{"version": 1, "components": {"ssh": {"files": {}}, "etcd": {}}}', ["etcd", "ssh"]),
    ],
)
def test_what_was_made(host: Any, text: str | None, names: list[str]) -> None:
    if text is not None:
        host.write("/var/lib/vannah/ledger.json", text)
    assert facts.made(host.ctx) == names


def test_a_place_is_its_nearest_parent(host: Any) -> None:
    (host.root / "srv").mkdir()
    found = survey.place(host.ctx, "/srv/db/17/vannah")
    assert (found["at"], found["real"]) == ("/srv", "/srv/db/17/vannah")
    assert found["device"] == os.stat(host.root).st_dev and found["size_mb"] >= found["free_mb"] >= 0
    assert not found["mounted"] and found["readonly"] is bool(os.statvfs(host.root).f_flag & os.ST_RDONLY)


def test_a_link_on_the_way_is_followed(host: Any) -> None:
    (host.root / "home/big").mkdir(parents=True)
    (host.root / "srv").symlink_to(host.root / "home/big")
    assert survey.place(host.ctx, "/srv/etcd")["real"] == "/home/big/etcd"


def test_the_root_of_a_file_system_is_mounted() -> None:
    assert survey.place(Context(), "/proc")["mounted"] and not survey.place(Context(), "/proc/self")["mounted"]
    assert survey.place(Context(), "/no/such/place")["at"] == "/"


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ({}, {}),
        ({"/usr": os.ST_RDONLY}, {"/usr": "readonly"}),
        ({"/var/lib/dpkg": os.ST_NOEXEC}, {"/var/lib/dpkg": "noexec"}),
        ({"/etc": os.ST_NOEXEC}, {}),  # nothing is started from there
        ({"/usr/local": os.ST_NOEXEC | os.ST_RDONLY}, {"/usr/local": "readonly"}),
        ({"/var/cache/apt": None}, {}),  # not there
    ],
)
def test_mounts_that_no_run_can_use(host: Any, monkeypatch: pytest.MonkeyPatch, flags: dict[str, Any], found: dict[str, str]) -> None:
    def statvfs(path: str) -> Any:
        flag = flags.get(path[len(str(host.root)) :], 0)
        if flag is None:
            raise FileNotFoundError(path)
        return SimpleNamespace(f_flag=flag)

    monkeypatch.setattr(survey.os, "statvfs", statvfs)
    assert survey.system(host.ctx) == found


DISC = "deb cdrom:[Debian GNU/Linux 12.4.0 _Bookworm_ - Official amd64 DVD]/ bookworm main"


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("/etc/apt/sources.list", f"# {DISC}\ndeb http://deb.debian.org/debian bookworm main\n", False),
        ("/etc/apt/sources.list", f"{DISC}\n", True),
        ("/etc/apt/sources.list.d/dvd.list", DISC.replace("deb ", "deb [trusted=yes] "), True),
        ("/etc/apt/sources.list.d/dvd.list.save", DISC, False),
        ("/etc/apt/sources.list.d/dvd.sources", "Types: deb\nURIs: cdrom:[Debian]/\nSuites: bookworm\n", True),
        ("/etc/apt/sources.list.d/dvd.sources", "Types: deb\nEnabled: no\nURIs: cdrom:[Debian]/\nSuites: bookworm\n", False),
        ("/etc/apt/sources.list.d/x.sources", "Types: deb\nURIs: http://cdrom.example.org/\nSuites: x\n", False),
    ],
)
def test_sources_that_are_discs(host: Any, path: str, text: str, found: bool) -> None:
    host.write(path, text)
    assert [line.startswith(path + ": ") for line in survey.discs(host.ctx)] == ([True] if found else [])


@pytest.mark.parametrize(
    ("files", "busy"),
    [([], False), (["status.json"], True), (["status.json", "result.json"], False), (["disabled"], False)],
)
def test_cloud_init(host: Any, files: list[str], busy: bool) -> None:
    for name in files:
        host.write(f"/run/cloud-init/{name}", "{}")
    assert survey.cloud_init(host.ctx) is busy


PROGRAM = """\
import sys
text = sys.stdin.read()
print("a warning first", file=sys.stderr)
if text.strip() == "bad":
    print(f"{sys.argv[1]} is refused", file=sys.stderr)
    sys.exit(1)
"""


@pytest.mark.parametrize(
    ("program", "given", "why"),
    [(PROGRAM, "good", ""), (PROGRAM, "bad", "x y is refused"), ("raise SystemExit(3)", "", "it ended with exit status 3")],
)
def test_a_check_of_a_role(program: str, given: str, why: str) -> None:
    assert survey.said(Context(), {"name": "x", "program": program, "arguments": ["x y"], "input": given}) == why


def test_the_trips(host: Any) -> None:
    """``facts`` says which components there are, ``survey`` answers what it is asked; neither changes the host."""
    host.write("/var/lib/vannah/ledger.json", '{"version": 1, "components": {"ssh": {}}}')
    before = sorted(host.root.rglob("*"))
    payload = {"protocol": 1, "mode": "check", "lease": {"action": "none"}, "op": "facts"}
    assert main.main(payload, root=str(host.root), runner=host.programs)["made"] == ["ssh"]
    check = {"name": "base", "program": "", "arguments": [], "input": ""}
    answer = main.main({**payload, "op": "survey", "paths": ["/srv/x"], "checks": [check]}, root=str(host.root), runner=host.programs)
    assert set(answer["survey"]) == {"paths", "system", "discs", "cloud_init", "checks"} and answer["error"] is None
    assert answer["survey"]["checks"] == {"base": ""} and set(answer["survey"]["paths"]) == {"/srv/x"}
    assert sorted(host.root.rglob("*")) == before
