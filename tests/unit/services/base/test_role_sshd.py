# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's own sshd settings before the role comes: what is stricter stays; a login that would be lost is refused at the host checks."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.host import sshd

DROPIN = "/etc/ssh/sshd_config.d/01-vannah.conf"
MAIN = "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\nX11Forwarding yes\n"
OWN = {"PermitRootLogin prohibit-password", "LoginGraceTime 60", "ClientAliveInterval 60", "ClientAliveCountMax 5"}


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
    expected = {line for line in OWN if not line.startswith(tuple(left_out))}
    assert {line for line in text.splitlines() if line in OWN} == (expected | {"PermitRootLogin prohibit-password"} if asked else expected)
    check = program("base", "sshd-check")
    monkeypatch.setattr(check, "CONFIG", str(tmp_path / "etc/ssh/sshd_config"))
    (tmp_path / "etc/ssh/sshd_config").write_text(f"Include {DROPIN}\n{theirs}", encoding="utf-8")
    assert check.refused(DROPIN, {name.lower() for name in asked}, False, set(), text) == ""


# --- sshd-check --proposed ----------------------------------------------------------------------------------------------


@pytest.fixture
def check(program: Callable[..., ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    found = program("base", "sshd-check")
    config = tmp_path / "sshd_config"
    config.write_text(MAIN, encoding="utf-8")
    monkeypatch.setattr(found, "CONFIG", str(config))
    monkeypatch.setattr(found, "SSHD", "/bin/true")
    monkeypatch.setattr(found, "RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
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
        ({}, {"permitrootlogin": ["no"]}, "the role's settings of sshd would lock out the login user root (PermitRootLogin no)"),
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


def test_the_host_is_left_as_it_is(check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Host checks and check mode: sshd's directory is not made, and without it sshd can say nothing and has let no user in."""
    (tmp_path / "run").rmdir()
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(check, "connection", lambda: ("root", "192.0.2.7"))
    monkeypatch.setattr(check, "in_force", lambda *_words: {"refusal": ["Missing privilege separation directory: /run/sshd"]})
    monkeypatch.setattr(check.sys, "stdin", io.StringIO("X11Forwarding no\n"))
    assert check.main(["--proposed", DROPIN]) == 0 and sorted(tmp_path.rglob("*")) == before


def test_keys_of_a_directory_are_known_without_sshd(check: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sshd cannot be asked, its file says that keys come from elsewhere: no account is taken for one without a key."""
    Path(check.CONFIG).write_text(f"{MAIN}AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys\n", encoding="utf-8")
    monkeypatch.setattr(check, "in_force", lambda *_words: {})
    monkeypatch.setattr(check, "password_accounts", lambda *_words: pytest.fail("the accounts were looked at"))
    assert check.locked_out(DROPIN, set()) == []


@pytest.mark.parametrize(
    ("now", "out"),
    [
        ({}, ["rad", "ops"]),
        ({"refusal": ["no hostkeys available"]}, ["rad", "ops"]),
        ({"passwordauthentication": ["no"], "kbdinteractiveauthentication": ["no"], "trustedusercakeys": ["none"]}, ["rad", "ops"]),
        ({"passwordauthentication": ["yes"]}, ["ops"]),  # Match User rad
        ({"kbdinteractiveauthentication": ["yes"]}, ["ops"]),
        ({"trustedusercakeys": ["/etc/ssh/users.pub"]}, ["ops"]),
        ({"authorizedkeyscommand": ["/usr/bin/keys"]}, ["ops"]),
    ],
)
def test_who_comes_in_without_a_key_of_a_file_is_not_locked_out(
    check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: dict[str, list[str]], out: list[str]
) -> None:
    """sshd is asked about each account, with the drop-in that is to come: a Match or a certificate lets it in."""
    accounts = [(name, str(tmp_path / name)) for name in ("rad", "ops")]
    monkeypatch.setattr(check, "password_accounts", lambda *_words: accounts)
    monkeypatch.setattr(check, "in_force", lambda user, _address, text: now if (user, text) == ("rad", "X11Forwarding no\n") else {})
    assert check.locked_out(DROPIN, set(), "X11Forwarding no\n") == out


def test_logins_by_certificate_are_known_without_sshd(check: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(check.CONFIG).write_text(f"{MAIN}TrustedUserCAKeys /etc/ssh/users.pub\n", encoding="utf-8")
    monkeypatch.setattr(check, "password_accounts", lambda *_words: pytest.fail("the accounts were looked at"))
    assert check.locked_out(DROPIN, set()) == []


KEYS = "PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("name", "theirs", "above", "key_only", "words"),
    [
        ("00-local.conf", "PasswordAuthentication yes\n", "", True, ["'PasswordAuthentication yes' in", "00-local.conf"]),
        ("00-local.conf", "PasswordAuthentication yes\n", "", False, []),
        ("00-local.conf", "", "passwordauthentication=yes\n", True, ["'passwordauthentication=yes' in", "sshd_config before"]),
        ("00-local.conf", "ChallengeResponseAuthentication yes\n", "", True, ["'KbdInteractiveAuthentication no' would have no effect"]),
        ("00-local.conf", "PermitRootLogin yes\n", "", True, ["base_ssh_key_only: false"]),
        ("00-local.conf", "PermitRootLogin without-password\nPasswordAuthentication no\n", "", True, []),
        ("99-local.conf", "PasswordAuthentication yes\n", "", True, []),  # the drop-in comes first
        ("00-local.conf", "Match User rad\n  PasswordAuthentication yes\n", "", True, []),  # the owner's exception
        ("00-local.conf", "X11Forwarding yes\n", "", True, ["{X11Forwarding: null}"]),  # base_ssh_settings names it
        ("00-local.conf", "AllowUsers ops\n", "", True, []),  # each line counts
    ],
)
def test_what_another_file_says_first_is_refused(
    check: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: bool,
    name: str,
    theirs: str,
    above: str,
    key_only: bool,
    words: list[str],
) -> None:
    """The first value that sshd reads counts. Passwords would keep opening SSH, and no one would know."""
    folder = tmp_path / "sshd_config.d"
    folder.mkdir()
    (folder / name).write_text(theirs, encoding="utf-8")
    Path(check.CONFIG).write_text(f"{above}Include {folder}/*.conf\n", encoding="utf-8")
    own, text = folder / "01-vannah.conf", f"{KEYS}X11Forwarding no\nAllowUsers rad\n"
    if there:
        own.write_text(text, encoding="utf-8")
    monkeypatch.setattr(check, "locked_out", lambda *_words: [])
    said = check.refused(str(own), {"x11forwarding", "allowusers"}, key_only, set(), None if there else text)
    assert all(word in said for word in words) if words else said == "", said


@pytest.mark.parametrize("proposed", [True, False])
@pytest.mark.parametrize(
    ("main", "words"),
    [
        ("Match User rad\n  Include {folder}/*.conf\n", ["below 'Match User rad in ", "at the top of"]),
        ("Include {folder}/*.conf\nMatch User rad\n  Include {folder}/*.conf\n", ["below 'Match User rad in "]),
        ("Match User rad\n  X11Forwarding no\nMatch all\nInclude {folder}/*.conf\n", []),
        ('Include "{folder}/*.conf"\n', []),
        ("Include {folder}/../*.conf\n", ["does not read"]),
    ],
)
def test_a_folder_that_is_read_below_a_match_is_refused(
    check: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    proposed: bool,
    main: str,
    words: list[str],
) -> None:
    """Most options of the drop-in are not allowed there: sshd would not take its configuration any more."""
    folder = tmp_path / "sshd_config.d"
    folder.mkdir()
    Path(check.CONFIG).write_text(main.format(folder=folder), encoding="utf-8")
    own = folder / "01-vannah.conf"
    if not proposed:
        own.write_text("X11Forwarding no\n", encoding="utf-8")
    monkeypatch.setattr(check, "connection", lambda: ("", ""))
    monkeypatch.setattr(check.sys, "stdin", io.StringIO("X11Forwarding no\n"))
    assert check.main([*(["--proposed"] if proposed else []), str(own)]) == (1 if words else 0)
    said = capsys.readouterr().err
    assert all(word in said for word in words), said


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


#: sudo with its defaults, with become_flags -E or env_keep += SSH_CONNECTION, and as root without it.
KEPT = [["-i"], ["USER=root"], ["-i", "USER=root", "SSH_CONNECTION=192.0.2.7 40000 192.0.2.1 22"], ["-u", "SSH_CONNECTION", "USER=root"]]


@pytest.mark.parametrize("kept", KEPT)
def test_the_connection_is_found_above_sudo(check: ModuleType, tmp_path: Path, kept: list[str]) -> None:
    """Whatever sudo keeps of the environment: the shell that sshd has started says who has logged in."""
    program = (
        f"import importlib.util as u, importlib.machinery as m; l = m.SourceFileLoader('c', {check.__file__!r});"
        " c = u.module_from_spec(u.spec_from_loader('c', l)); l.exec_module(c); print(*c.connection())"
    )
    sudo = tmp_path / "sshd-check"  # a name that begins with sshd is not sshd
    shell = ["-c", '"$@"; true', "sh"]
    login = ["/usr/bin/env", "SSH_CONNECTION=192.0.2.7 40000 192.0.2.1 22", "USER=ops", "/bin/sh", *shell]
    sshd = tmp_path / "sshd"  # a daemon that was started from another login
    for path in (sudo, sshd):
        shutil.copy("/bin/sh", path)
    given = {**os.environ, "SSH_CONNECTION": "192.0.2.99 40000 192.0.2.1 22", "USER": "root"}
    argv = [str(sshd), *shell, *login, "/usr/bin/env", *kept, str(sudo), *shell, "/usr/bin/python3", "-c", program]
    assert subprocess.run(argv, env=given, capture_output=True, text=True, check=True).stdout == "ops 192.0.2.7\n"
