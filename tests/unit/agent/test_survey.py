# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The closer look at a host to which a role comes for the first time."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import ledger, main
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.host import facts, survey


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


@pytest.mark.parametrize("text", ["", "{broken", '{"version": 99, "components": {}}', '{"version": 1, "components": {"x": []}}'])
def test_host_checks_leave_a_broken_ledger(host: Any, text: str) -> None:
    """The converge that comes after them renames it and warns of it."""
    host.write("/var/lib/vannah/ledger.json", text)
    before = {path: path.read_bytes() for path in sorted(host.root.rglob("*")) if path.is_file()}
    answer = main.main(
        {"protocol": 1, "mode": "apply", "lease": {"action": "none"}, "op": "facts"}, root=str(host.root), runner=host.programs
    )
    assert answer["error"] is None and answer["ran"] == []
    assert {path: path.read_bytes() for path in sorted(host.root.rglob("*")) if path.is_file()} == before
    assert "renamed to" in ledger.load(host.ctx).warning


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


def states(*units: tuple[str, str, str]) -> str:
    """What systemctl show prints of units: active state, state below it, job."""
    return "\n\n".join(f"Job={job}\nActiveState={active}\nSubState={sub}" for active, sub, job in units) + "\n"


DONE, WORKS, QUEUED = ("active", "exited", ""), ("activating", "start", "99"), ("inactive", "dead", "120")
FAILED, MASKED = ("failed", "failed", ""), ("inactive", "dead", "")


@pytest.mark.parametrize(
    ("files", "units", "found"),
    [
        ([], (), ""),
        (["status.json", "result.json"], (DONE, DONE), ""),
        (["disabled"], (), ""),
        (["status.json"], (DONE, WORKS, QUEUED), "works"),
        (["status.json"], (DONE, QUEUED), "works"),  # the last stage waits for the other services of the boot
        (["status.json"], (("active", "running", ""), DONE, MASKED), "works"),  # one process for all stages
        # Nothing will write the result any more.
        (["status.json"], (DONE, DONE, FAILED), "broken"),
        (["status.json"], (DONE, MASKED), "broken"),
        (["status.json"], (MASKED, ("inactive", "dead", "0")), "broken"),
    ],
)
def test_cloud_init(host: Any, files: list[str], units: Any, found: str) -> None:
    for name in files:
        host.write(f"/run/cloud-init/{name}", "{}")
    host.programs.on("systemctl", "show", out=states(*units))
    seen = survey.survey(host.ctx, [], [])
    assert (seen["cloud_init"], seen["cloud_init_broken"]) == (found == "works", found == "broken")
    assert bool(host.programs.calls) is (files == ["status.json"])


def test_cloud_init_where_systemd_does_not_answer(host: Any) -> None:
    host.write("/run/cloud-init/status.json", "{}")
    host.programs.on("systemctl", "show", rc=1, err="Failed to connect to bus")
    assert survey.survey(host.ctx, [], [])["cloud_init"] is True


def test_cloud_init_that_finishes_between_the_looks(host: Any) -> None:
    host.write("/run/cloud-init/status.json", "{}")

    def finish(argv: list[str]) -> Result:
        host.write("/run/cloud-init/result.json", "{}")
        return Result(0, states(DONE))

    host.programs.on("systemctl", "show", do=finish)
    seen = survey.survey(host.ctx, [], [])
    assert not seen["cloud_init"] and not seen["cloud_init_broken"]


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


TABLE = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" + "".join(
    f"   {number}: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1\n"
    for number, (address, port, state, inode) in enumerate(
        [("00000000", 5000, "0A", "7"), ("0100007F", 5001, "0A", "8"), ("00000000", 2380, "01", "9"), ("00000000", 2379, "0A", "10")]
    )
)


@pytest.mark.parametrize(
    ("group", "unit_file", "unit", "managed"),
    [
        ("0::/system.slice/haproxy.service", "", "haproxy.service", ""),
        ("0::/system.slice/haproxy.service", "/etc/systemd/system/haproxy.service.d/vannah.conf", "haproxy.service", "managed"),
        ("0::/system.slice/etcd.service", "/etc/systemd/system/etcd.service", "etcd.service", "managed"),
        ("0::/system.slice/docker-ab.scope", "", "docker-ab.scope", ""),
        ("0::/user.slice/user-0.slice/user@0.service/app.slice/web.service", "", "web.service", ""),
        ("0::/", "", "", ""),
    ],
)
def test_who_has_a_port_of_a_role(host: Any, group: str, unit_file: str, unit: str, managed: str) -> None:
    """Listeners only, the loopback's too; the unit says whose the program is."""
    host.write("/proc/net/tcp", TABLE)
    host.write("/proc/31/comm", "haproxy\n")
    host.write("/proc/31/cgroup", f"{group}\n")
    (host.root / "proc/31/fd").mkdir()
    (host.root / "proc/31/fd/5").symlink_to("socket:[7]")
    if unit_file:
        host.write(unit_file, "# Made by vannah.healthcloud (role x); changes are overwritten.\n")
    found = survey.taken(host.ctx, {5000, 5001, 2380})
    assert found == {"5000": ["haproxy", unit, managed], "5001": ["", "", ""]}
    assert survey.taken(host.ctx, set()) == {}


def test_the_calls(host: Any) -> None:
    """``facts`` says which components there are, ``survey`` answers what it is asked; neither changes the host."""
    host.write("/var/lib/vannah/ledger.json", '{"version": 1, "components": {"ssh": {}}}')
    before = sorted(host.root.rglob("*"))
    payload = {"protocol": 1, "mode": "check", "lease": {"action": "none"}, "op": "facts"}
    assert main.main(payload, root=str(host.root), runner=host.programs)["made"] == ["ssh"]
    check = {"name": "base", "program": "", "arguments": [], "input": ""}
    answer = main.main({**payload, "op": "survey", "paths": ["/srv/x"], "checks": [check]}, root=str(host.root), runner=host.programs)
    names = {"paths", "discs", "cloud_init", "cloud_init_broken", "checks", "taken"}
    assert set(answer["survey"]) == names and answer["error"] is None
    assert answer["survey"]["checks"] == {"base": ""} and set(answer["survey"]["paths"]) == {"/srv/x"}
    assert sorted(host.root.rglob("*")) == before
