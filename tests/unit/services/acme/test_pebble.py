# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a real ACME server, obtained by the real client."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from .conftest import Host, Pebble, wanted


def ready(server: Host, pebble: Pebble, *certificates: dict[str, Any], **more: Any) -> Any:
    given = {"directory": pebble.directory, "ca": pebble.ca, "http_listen": f"127.0.0.1:{pebble.http_port}", **more}
    return server.settings(*certificates, **given)


def states(server: Host, settings: Any) -> list[str]:
    return [row["state"] for row in server.acme.status(settings, time.time())]


def test_issued_and_not_asked_for_again(server: Host, pebble: Pebble) -> None:
    settings = ready(server, pebble, wanted("web", "web.example.test", "www.example.test"))
    assert states(server, settings) == ["missing"]
    assert server.acme.renew(settings, time.time()) == []
    assert states(server, settings) == ["valid"]
    first = server.pem("web")
    assert first.count("BEGIN CERTIFICATE") >= 2, "with its chain"
    assert server.acme.described(first)["names"] == ["web.example.test", "www.example.test"]
    assert "PRIVATE KEY" in server.pem("web", "privkey")
    assert server.acme.renew(settings, time.time()) == [] and server.pem("web") == first


def test_renewed_with_a_new_key_when_it_ends_soon(server: Host, pebble: Pebble) -> None:
    settings = ready(server, pebble)
    assert server.acme.renew(settings, time.time()) == []
    (row,) = server.acme.status(settings, time.time())
    before = server.pem("web"), server.pem("web", "privkey")
    soon = row["ends"] - 29 * 86400
    assert [one["state"] for one in server.acme.status(settings, soon)] == ["due"]
    # What is issued now is judged with the same clock: it ends at the same time, so only the change is looked at.
    assert server.acme.renew(settings, soon) == []
    assert server.pem("web") != before[0] and server.pem("web", "privkey") != before[1]


def test_account_is_the_sites(server: Host, pebble: Pebble) -> None:
    """Another host with the same secret continues with the same account."""
    settings = ready(server, pebble)
    assert server.acme.renew(settings, time.time()) == []
    (registration,) = (server.root / "var/lib/vannah-acme/lego/accounts").rglob("account.json")
    known = json.loads(registration.read_text())["registration"]["uri"]
    registration.unlink()
    settings = ready(server, pebble, wanted("other"))
    assert server.acme.renew(settings, time.time()) == []
    assert json.loads(registration.read_text())["registration"]["uri"] == known
    assert registration.parent.joinpath("keys").is_dir() and (registration.parent / "keys").stat().st_mode & 0o77 == 0


def test_a_refused_challenge_leaves_the_old_one_and_is_not_repeated_at_once(server: Host, pebble: Pebble) -> None:
    settings = ready(server, pebble)
    assert server.acme.renew(settings, time.time()) == []
    before = server.pem("web")
    # The server does not find the challenge where it looks for it.
    settings = ready(server, pebble, wanted("web", "new.example.test"), http_listen="127.0.0.1:0")
    now = time.time()
    (problem,) = server.acme.renew(settings, now)
    assert problem.startswith("web: ") and "new.example.test" in problem
    assert server.pem("web") == before
    (row,) = server.acme.status(settings, now)
    assert (row["state"], row["waits"]) == ("other", True)
    (again,) = server.acme.renew(settings, now + 60)
    assert "not asked again before" in again
    settings = ready(server, pebble, wanted("web", "new.example.test"))
    assert "not asked again before" in server.acme.renew(settings, now + 120)[0], "still paused"
    assert server.acme.renew(settings, time.time(), at_once=True) == []
    assert states(server, settings) == ["valid"] and server.acme.failure(settings, "web") is None


def test_wildcard_by_dns(server: Host, pebble: Pebble) -> None:
    """lego's provider `exec`: a program sets the record, with a secret of its environment."""
    script = server.root / "set-record"
    script.write_text(
        "#!/usr/bin/python3\n"
        "import json, os, sys, urllib.request\n"
        "assert os.environ['EXEC_TOKEN'] == 'very-secret-token'\n"
        "call = {'present': 'set-txt', 'cleanup': 'clear-txt'}[sys.argv[1]]\n"
        f"url = 'http://127.0.0.1:{pebble.challenges}/' + call\n"
        "body = {'host': sys.argv[2], 'value': sys.argv[3]}\n"
        "urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode())).close()\n"
    )
    script.chmod(0o755)
    secrets = server.root / "etc/vannah/acme-secrets.json"
    one = wanted("wild", "*.example.test", "example.test", challenge="dns")
    settings = ready(server, pebble, one, dns_provider="exec")
    said = json.loads(secrets.read_text())
    said["environment"].update(EXEC_PATH=str(script), EXEC_PROPAGATION_TIMEOUT="5", EXEC_POLLING_INTERVAL="1")
    secrets.write_text(json.dumps(said))
    server.acme.command = _without_propagation(server.acme.command)
    assert server.acme.renew(settings, time.time()) == []
    assert server.acme.described(server.pem("wild"))["names"] == ["*.example.test", "example.test"]


def _without_propagation(command: Any) -> Any:
    """No name server answers for example.test here: lego would ask the real ones whether the record is there."""

    def made(*given: Any) -> Any:
        argv = command(*given)
        return [*argv[:-1], "--dns.disable-cp", argv[-1]]

    return made


@pytest.mark.parametrize("kind", ["ec256", "ec384", "rsa2048"])
def test_kinds_of_keys(server: Host, pebble: Pebble, kind: str) -> None:
    settings = ready(server, pebble, wanted("web", key_type=kind))
    assert server.acme.renew(settings, time.time()) == []
    assert states(server, settings) == ["valid"]


def test_others_get_it_from_the_host_that_obtains(server: Host, pebble: Pebble, tmp_path: Any) -> None:
    settings = ready(server, pebble)
    assert server.acme.renew(settings, time.time()) == []
    given = server.acme.export(settings, time.time())
    other = Host(tmp_path / "other", server.acme)
    for folder in ("etc/vannah/acme", "var/lib/vannah-acme"):
        (other.root / folder).mkdir(parents=True)
    theirs = ready(other, pebble, obtains=False)
    assert server.acme.install(theirs, given, time.time()) == []
    assert other.pem("web") == server.pem("web") and other.pem("web", "privkey") == server.pem("web", "privkey")
    assert states(other, theirs) == ["valid"]
