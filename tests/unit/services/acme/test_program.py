# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program without an ACME server: what is judged, put in place and put back, and when a failure is tried again."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import DIRECTORY, Host, wanted

DAY = 86400


def issued(folder: Path, names: tuple[str, ...] = ("web.example.test",), days: int = 90) -> tuple[str, str]:
    """A certificate and its key, as an authority would issue them."""
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=issued",
        "-days",
        str(days),
    ]
    argv += ["-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    subprocess.run([*argv, "-keyout", "k.pem", "-out", "c.pem"], cwd=folder, check=True, capture_output=True)
    return (folder / "c.pem").read_text(), (folder / "k.pem").read_text()


@pytest.mark.parametrize(
    ("life", "left", "state"),
    [
        (90, 60, "valid"),
        (90, 29.9, "due"),
        (90, 30.1, "valid"),
        (6, 2.5, "valid"),
        (6, 1.9, "due"),
        (90, 0, "expired"),
        (90, -5, "expired"),
    ],
)
def test_when_one_is_due(server: Host, tmp_path: Path, life: int, left: float, state: str) -> None:
    chain, key = issued(tmp_path, days=life)
    ends = server.acme.described(chain)["ends"]
    assert server.acme.judge(wanted(), chain, key, DIRECTORY, DIRECTORY, ends - left * DAY, 30)[0] == state


def test_what_makes_it_another_one(server: Host, tmp_path: Path) -> None:
    chain, key = issued(tmp_path, ("a.example.test", "B.example.test"))
    other = issued(tmp_path)[1]
    now = time.time()

    def judged(one: dict[str, Any], text: str | None, its_key: str | None, by: str = DIRECTORY) -> tuple[str, str]:
        return server.acme.judge(one, text, its_key, DIRECTORY, by, now, 30)[:2]

    both = wanted("web", "b.example.test", "a.example.test")
    assert judged(both, chain, key)[0] == "valid", "order and case do not matter"
    assert judged(wanted("web", "a.example.test"), chain, key) == ("other", "it is for a.example.test, b.example.test")
    assert judged(both, chain, key, "https://staging/directory") == ("other", "it was issued by https://staging/directory")
    assert judged(both, chain, other) == ("missing", "it does not belong to its key")
    assert judged(both, "rubbish", key)[0] == judged(both, None, None)[0] == judged(both, chain, None)[0] == "missing"


def units(server: Host, refuse: bool = False, active: bool = True) -> None:
    """A systemctl that notes what it is asked, and refuses the first reload where that is wanted."""
    log = server.root / "asked"
    program = server.root / "systemctl"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$*" >> {log}\n'
        f"case $1 in is-active) exit {0 if active else 3};; esac\n"
        + (f"[ $(grep -c reload {log}) -gt 1 ] || {{ echo 'cannot load certificate' >&2; exit 1; }}\n" if refuse else "")
    )
    program.chmod(0o755)
    log.write_text("")
    server.acme.SYSTEMCTL = str(program)


def test_put_in_place_whole_and_reloaded(server: Host, tmp_path: Path) -> None:
    one = wanted(units=["edge.service"])
    settings = server.settings(one)
    units(server)
    for _number in range(4):
        chain, key = issued(tmp_path)
        server.acme.put(settings, one, chain, key, DIRECTORY)
        assert (server.pem("web"), server.pem("web", "privkey")) == (chain, key)
    place = server.root / "etc/vannah/acme/web"
    assert place.is_symlink() and len(list((server.root / "etc/vannah/acme/.web").iterdir())) == 2, (
        "the previous one is kept, older ones are not"
    )
    assert (place / "privkey.pem").stat().st_mode & 0o777 == 0o640 and place.resolve().stat().st_mode & 0o777 == 0o750
    assert (server.root / "asked").read_text().count("reload-or-restart edge.service") == 4


def test_service_that_refuses_keeps_the_previous_one(server: Host, tmp_path: Path) -> None:
    one = wanted(units=["edge.service"])
    settings = server.settings(one)
    units(server, active=False)
    before = issued(tmp_path)
    server.acme.put(settings, one, *before, DIRECTORY)
    assert "reload" not in (server.root / "asked").read_text(), "a unit that does not run is not started"
    units(server, refuse=True)
    with pytest.raises(server.acme.Refused, match=r"cannot load certificate\. The previous certificate is in place"):
        server.acme.put(settings, one, *issued(tmp_path), DIRECTORY)
    assert server.pem("web") == before[0]
    assert (server.root / "asked").read_text().count("reload-or-restart") == 2


def test_failure_leaves_the_present_one_and_waits_longer_each_time(server: Host, tmp_path: Path) -> None:
    settings = server.settings()
    chain, key = issued(tmp_path, days=20)
    server.acme.put(settings, wanted(), chain, key, DIRECTORY)
    asked = []

    def obtain(_settings: Any, _wanted: Any) -> tuple[str, str]:
        asked.append(1)
        raise server.acme.Refused("urn:ietf:params:acme:error:rateLimited")

    server.acme.obtain = obtain
    now = time.time() + 19 * DAY
    pauses = []
    for _number in range(6):
        (problem,) = server.acme.renew(settings, now)
        assert "rateLimited" in problem
        next_try = server.acme.again(settings, wanted())
        pauses.append(round((next_try - now) / 3600))
        assert "not asked again before" in server.acme.renew(settings, next_try - 1)[0]
        now = next_try
    assert pauses == [1, 2, 4, 8, 16, 24] and len(asked) == 6
    assert server.pem("web") == chain
    # Other names are another question.
    other = server.settings(wanted("web", "other.example.test"))
    assert server.acme.again(other, wanted("web", "other.example.test")) == 0


def test_what_was_issued_is_checked(server: Host, tmp_path: Path) -> None:
    settings = server.settings()
    server.acme.obtain = lambda _settings, _wanted: issued(tmp_path, ("evil.example.test",))
    (problem,) = server.acme.renew(settings, time.time())
    assert "what was issued cannot be used: it is for evil.example.test" in problem
    assert not (server.root / "etc/vannah/acme/web").exists()


def test_secrets_are_nowhere_but_in_their_files(server: Host) -> None:
    settings = server.settings(wanted("wild", "*.example.test", challenge="dns"), dns_provider="exec")
    secrets = settings.secrets()
    argv = server.acme.command(settings, settings.certificates[0])
    assert not any(value in " ".join(argv) for value in (secrets["account_key"], "very-secret-token"))
    assert server.acme.hidden("exec: token very-secret-token refused", secrets) == "exec: token *** refused"
    server.acme.account(settings, secrets)
    (key,) = (server.root / "var/lib/vannah-acme/lego").rglob("*.key")
    assert key.stat().st_mode & 0o777 == 0o600
    assert subprocess.run(["openssl", "ec", "-in", str(key), "-noout"], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("said", "runs"), [("acme: error: 400 :: urn:ietf:params:acme:error:accountDoesNotExist :: not found", 2), ("acme: error: 429", 1)]
)
def test_an_account_that_the_authority_has_deleted_is_registered_again(
    server: Host, monkeypatch: pytest.MonkeyPatch, said: str, runs: int
) -> None:
    """Once, and only for that reason."""
    settings = server.settings()
    server.acme.account(settings, settings.secrets())
    registration = Path(server.acme.registered(settings), "account.json")
    registration.write_text("{}")
    seen: list[bool] = []

    def lego(argv: list[str], **_more: Any) -> subprocess.CompletedProcess[str]:
        seen.append(registration.exists())
        return subprocess.CompletedProcess(argv, 1, "", said)

    monkeypatch.setattr(server.acme, "run", lego)
    with pytest.raises(server.acme.Refused):
        server.acme.obtain(settings, settings.certificates[0])
    assert seen == [True, False][:runs]


def test_only_the_host_that_obtains_asks(server: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    server.settings(obtains=False)
    settings = server.acme.Settings
    monkeypatch.setattr(server.acme, "Settings", lambda: settings(str(server.root)))
    monkeypatch.setattr(server.acme, "STATE", str(server.root / "var/lib/vannah-acme"))
    for command in (["renew"], ["export"], []):
        assert server.acme.main(command) == 1
        assert "this host does not do that" in capsys.readouterr().err
    assert server.acme.main(["status"]) == 0 and '"state": "missing"' in capsys.readouterr().out


def test_words_of_the_client_are_readable(server: Host) -> None:
    said = (
        "2026/12/01 10:00:00 [INFO] acme: Registering account\n2026/12/01 10:00:01 Could not obtain certificates:\n\terror: one or more\n"
    )
    assert server.acme.last_words(said) == "Could not obtain certificates: error: one or more"
    assert server.acme.last_words("") == "lego gave no reason"


def test_a_write_leaves_nothing_beside(server: Host, tmp_path: Path) -> None:
    (tmp_path / "x.vannah").write_text("of a killed run")
    server.acme.write(str(tmp_path / "x"), "new", 0o600)
    assert sorted(os.listdir(tmp_path))[-1] == "x" and (tmp_path / "x").read_text() == "new"
