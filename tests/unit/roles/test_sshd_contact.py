# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's own sshd settings before the role comes: what is stricter stays; a login that would be lost is refused at the host checks."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent import sshd
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.model import Context

DROPIN = "/etc/ssh/sshd_config.d/01-vannah.conf"
MAIN = "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\nX11Forwarding yes\n"
OURS = {"PermitRootLogin prohibit-password", "LoginGraceTime 60", "ClientAliveInterval 60", "ClientAliveCountMax 5"}


def own(root: Path, **files: str) -> dict[str, Any]:
    """What the agent says of a host with these files below /etc/ssh."""
    for name, text in {"sshd_config": MAIN, **files}.items():
        path = root / "etc/ssh" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sshd.own(Context(root=str(root)))


NOTHING = {"permitrootlogin": "", "logingracetime": 120, "clientalive": 0}


@pytest.mark.parametrize(
    ("files", "differs"),
    [
        ({}, {}),
        ({"sshd_config.d__50-cloud-init.conf": "PermitRootLogin no\n"}, {"permitrootlogin": "no"}),
        ({"sshd_config": "PermitRootLogin no\n" + MAIN}, {"permitrootlogin": "no"}),
        ({"sshd_config": MAIN + "permitrootlogin=no # never\n"}, {"permitrootlogin": "no"}),
        (
            {"sshd_config.d__50-a.conf": "PermitRootLogin no\n", "sshd_config.d__60-b.conf": "PermitRootLogin yes\n"},
            {"permitrootlogin": "no"},
        ),
        (
            {"sshd_config.d__60-b.conf": "PermitRootLogin no\n", "sshd_config.d__50-a.conf": "PermitRootLogin yes\n"},
            {"permitrootlogin": "yes"},
        ),
        # Our own is not the host's.
        ({"sshd_config.d__01-vannah.conf": "PermitRootLogin prohibit-password\nLoginGraceTime 60\n"}, {}),
        # A Match of an included file ends with it; one of the main file does not.
        (
            {"sshd_config.d__50-a.conf": "Match User x\n  PermitRootLogin no\n", "sshd_config": MAIN + "LoginGraceTime 20\n"},
            {"logingracetime": 20},
        ),
        ({"sshd_config": MAIN + "Match Address 192.0.2.0/24\n  PermitRootLogin no\n"}, {}),
        (
            {"sshd_config.d__50-a.conf": "LoginGraceTime 1h30m\nClientAliveInterval 1m\nClientAliveCountMax 2\n"},
            {"logingracetime": 5400, "clientalive": 120},
        ),
        ({"sshd_config": "Include /etc/ssh/more/x.conf\n", "more__x.conf": "PermitRootLogin no\n"}, {"permitrootlogin": "no"}),
        ({"sshd_config": "Include m?re/*.conf\n", "more__x.conf": "PermitRootLogin no\n"}, {"permitrootlogin": "no"}),
        ({"sshd_config": "Include sshd_config\nPermitRootLogin no\n"}, {"permitrootlogin": "no"}),  # no end otherwise
        ({"sshd_config.d__.hidden.conf": "PermitRootLogin no\n", "sshd_config.d__x.conf.old": "PermitRootLogin no\n"}, {}),
    ],
)
def test_what_the_host_says_itself(tmp_path: Path, files: dict[str, str], differs: dict[str, Any]) -> None:
    assert own(tmp_path, **files) == {**NOTHING, **differs}


def test_a_host_without_sshd(tmp_path: Path) -> None:
    assert sshd.own(Context(root=str(tmp_path))) == NOTHING


@pytest.mark.parametrize(
    ("theirs", "left_out"),
    [
        ("", set()),
        ("PermitRootLogin yes\nLoginGraceTime 2m\nClientAliveInterval 120\n", set()),
        ("PermitRootLogin no\n", {"PermitRootLogin"}),
        ("PermitRootLogin forced-commands-only\n", {"PermitRootLogin"}),
        ("PermitRootLogin prohibit-password\n", set()),
        ("LoginGraceTime 20s\n", {"LoginGraceTime"}),
        ("LoginGraceTime 0\nClientAliveInterval 0\n", set()),
        ("ClientAliveInterval 15\n", {"ClientAlive"}),
        ("ClientAliveInterval 300\nClientAliveCountMax 0\n", set()),
    ],
)
@pytest.mark.parametrize("asked", [{}, {"PermitRootLogin": "prohibit-password"}])
def test_what_is_stricter_stays(
    tmp_path: Path,
    render: Callable[..., Any],
    program: Callable[..., ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    theirs: str,
    left_out: set[str],
    asked: Any,
) -> None:
    """The drop-in is read first, so it says nothing of these; and its check agrees that it loosens nothing."""
    facts = {"vannah": {"container": False, "sshd": own(tmp_path, **{"sshd_config.d__99-theirs.conf": theirs})}}
    site = {"all": {"hosts": {"db1": {"base_ssh_settings": asked}}}}
    text = render("base", "ssh", site, "db1", facts)["files"][DROPIN]
    expected = {line for line in OURS if not line.startswith(tuple(left_out))}
    assert {line for line in text.splitlines() if line in OURS} == (expected | {"PermitRootLogin prohibit-password"} if asked else expected)
    check = program("base", "sshd-check")
    monkeypatch.setattr(check, "CONFIG", str(tmp_path / "etc/ssh/sshd_config"))
    monkeypatch.setattr(check, "sections", lambda path, without: check.lines_in(theirs.splitlines(), "theirs"))
    assert check.refused(DROPIN, {name.lower() for name in asked}, False, set(), text) == ""


# --- sshd-check --proposed ----------------------------------------------------------------------------------------------


@pytest.fixture
def check(program: Callable[..., ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    found = program("base", "sshd-check")
    config = tmp_path / "sshd_config"
    config.write_text(MAIN, encoding="utf-8")
    monkeypatch.setattr(found, "CONFIG", str(config))
    monkeypatch.setattr(found, "SSHD", "/bin/true")
    monkeypatch.setattr(found.os, "makedirs", lambda *_words, **_options: None)
    return found


@pytest.mark.parametrize(
    ("settings", "user", "password", "option"),
    [
        ({}, "root", False, ""),
        ({"permitrootlogin": ["without-password"]}, "root", False, ""),
        ({"permitrootlogin": ["no"]}, "root", False, "PermitRootLogin no"),
        ({"permitrootlogin": ["no"]}, "ops", False, ""),
        (
            {"refusal": ["/dev/stdin: line 3: Bad configuration option: Alow"]},
            "ops",
            False,
            "sshd does not take them: /dev/stdin: line 3: Bad configuration option: Alow",
        ),
        ({"permitrootlogin": ["forced-commands-only"]}, "root", False, "PermitRootLogin forced-commands-only"),
        ({"permitrootlogin": ["without-password"]}, "root", True, "PermitRootLogin without-password"),
        ({"permitrootlogin": ["yes"]}, "root", True, ""),
        ({"allowusers": ["ops", "bob"]}, "root", False, "AllowUsers"),
        ({"allowusers": ["bob", "ops"]}, "ops", False, ""),
        ({"allowusers": ["op?"]}, "ops", False, ""),
        ({"allowusers": ["ops@192.0.2.*"]}, "ops", False, ""),
        ({"allowusers": ["ops@192.0.2.0/24"]}, "ops", False, ""),
        ({"allowusers": ["ops@198.51.100.0/24"]}, "ops", False, "AllowUsers"),
        ({"allowusers": ["* !ops"]}, "ops", False, "AllowUsers"),
        ({"denyusers": ["ops"]}, "ops", False, "DenyUsers"),
        ({"allowgroups": ["wheel"]}, "ops", False, "AllowGroups"),
        ({"allowgroups": ["wheel", "staff"]}, "ops", False, ""),
        ({"denygroups": ["sta*"]}, "ops", False, "DenyGroups"),
        ({"pubkeyauthentication": ["no"]}, "ops", False, "PubkeyAuthentication no"),
        ({"passwordauthentication": ["no"], "kbdinteractiveauthentication": ["no"]}, "ops", True, "PasswordAuthentication no"),
        ({"passwordauthentication": ["no"], "kbdinteractiveauthentication": ["yes"]}, "ops", True, ""),
    ],
)
def test_who_is_let_in(check: ModuleType, settings: dict[str, list[str]], user: str, password: bool, option: str) -> None:
    assert check.shut_out(settings, user, "192.0.2.7", ["staff"], password) == option


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [
        ({}, {}, None),
        ({}, {"permitrootlogin": ["no"]}, "the role's settings of sshd would keep out the login user root (PermitRootLogin no)"),
        ({"permitrootlogin": ["no"]}, {"permitrootlogin": ["no"]}, "sshd has not read them yet"),
        ({"permitrootlogin": ["no"]}, {"permitrootlogin": ["without-password"]}, None),
    ],
)
def test_a_login_that_would_be_lost(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], now: Any, then: Any, words: str | None
) -> None:
    monkeypatch.setattr(check, "connection", lambda: ("root", "192.0.2.7"))
    monkeypatch.setattr(check, "in_force", lambda _user, _address, text=None: now if text is None else then)
    monkeypatch.setattr(check.sys, "stdin", io.StringIO("X11Forwarding no\n"))
    assert check.main(["--proposed", DROPIN]) == (1 if words else 0)
    assert (words or "") in capsys.readouterr().err


def test_a_login_that_is_none_of_ssh_is_not_judged(check: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "connection", lambda: ("", ""))
    assert check.login_lost("PermitRootLogin no\n", False) == ""


@pytest.mark.parametrize("main", ["UsePAM yes\n", "Include other/*.conf\n"])
def test_a_configuration_that_does_not_read_our_folder(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], main: str
) -> None:
    Path(check.CONFIG).write_text(main, encoding="utf-8")
    monkeypatch.setattr(check, "connection", lambda: ("", ""))
    monkeypatch.setattr(check.sys, "stdin", io.StringIO(""))
    assert check.main(["--proposed", DROPIN]) == 1
    assert "put the line 'Include /etc/ssh/sshd_config.d/*.conf' at its top" in capsys.readouterr().err


def test_sshd_is_asked_with_the_drop_in_before_its_own_file(check: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def run(argv: list[str], **options: Any) -> Any:
        asked.append((argv, options["input"]))
        return subprocess.CompletedProcess(argv, 0, "port 22\nallowusers ops\nallowusers bob\n", "")

    monkeypatch.setattr(check.subprocess, "run", run)
    found = check.in_force("ops", "192.0.2.7", "X11Forwarding no\n\nMatch User bob\n    PasswordAuthentication yes\nMatch all\n")
    assert found == {"port": ["22"], "allowusers": ["ops", "bob"]}
    ((argv, text),) = asked
    assert argv == ["/bin/true", "-T", "-C", "user=ops,host=192.0.2.7,addr=192.0.2.7", "-f", "/dev/stdin"]
    assert text.splitlines() == [
        "X11Forwarding no",
        "",
        f"Include {check.CONFIG}",
        "",
        "Match User bob",
        "    PasswordAuthentication yes",
        "Match all",
    ]


def test_an_option_that_sshd_does_not_know_is_refused(check: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    said = subprocess.CompletedProcess([], 255, "", "/dev/stdin: line 1: Bad configuration option: Alow\nmore\n")
    monkeypatch.setattr(
        check.subprocess, "run", lambda argv, **_options: said if "-f" in argv else subprocess.CompletedProcess(argv, 0, "", "")
    )
    monkeypatch.setattr(check, "connection", lambda: ("ops", "192.0.2.7"))
    assert "Bad configuration option: Alow" in check.login_lost("Alow x\n", False)


def test_the_connection_is_found_above_sudo(check: ModuleType) -> None:
    """sudo drops SSH_CONNECTION; the shell that sshd has started still has it."""
    program = (
        f"import importlib.util as u, importlib.machinery as m; l = m.SourceFileLoader('c', {check.__file__!r});"
        " c = u.module_from_spec(u.spec_from_loader('c', l)); l.exec_module(c); print(*c.connection())"
    )
    inner = ["env", "-i", "/usr/bin/python3", "-c", program]
    outer = ["/bin/sh", "-c", '"$@"; true', "sh", *inner]
    given = {**os.environ, "SSH_CONNECTION": "192.0.2.7 40000 192.0.2.1 22", "USER": "ops"}
    assert subprocess.run(outer, env=given, capture_output=True, text=True, check=True).stdout == "ops 192.0.2.7\n"
