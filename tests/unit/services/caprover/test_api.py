# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against the stand-in: one login, tokens that end, who is waited for, and what is never tried again."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import api as caprover
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import refusals
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.api import Api
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.refusals import Refused
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.wire import Broken, Silent, Upload, check_url

from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import PASSWORD

RECORDED = json.loads((Path(__file__).parent / "data" / "recorded.json").read_text())
INFO = "/user/system/info"
Connect = Callable[..., Api]


@pytest.fixture
def connect(captain: StandIn) -> Connect:
    """A client of the stand-in."""

    def made(*passwords: str, url: str = "", mode: str = "apply", wait: float = 5, **more: Any) -> Api:
        ctx = Context(mode)
        ctx.interval = 0.005
        ctx.kept(caprover.Kept).locked = 0.0
        return Api(ctx, url or captain.url, list(passwords) or [PASSWORD], wait=wait, **more)

    return made


def logins(captain: StandIn) -> int:
    return captain.seen.count(("POST", "/login"))


def test_one_login_for_all_requests(captain: StandIn, connect: Connect) -> None:
    api = connect()
    for _turn in range(3):
        assert api.get(INFO)["rootDomain"] == "cap.test"
    assert (logins(captain), api.calls) == (1, 4)


def test_a_token_that_ended_is_renewed_once(captain: StandIn, connect: Connect) -> None:
    """A restart and a new password end all tokens."""
    api = connect()
    api.get(INFO)
    captain.model.restart()
    assert api.get(INFO)
    assert logins(captain) == 2
    captain.model.restart()
    captain.model.password = "somebody-changed-it"
    with pytest.raises(AgentError, match="does not take the password"):
        api.get(INFO)
    assert logins(captain) == 3


def test_one_login_for_all_questions_of_a_call(captain: StandIn) -> None:
    """A plan of a host asks for settings, apps and deploys; what was refused once is not tried again, because wrong ones count."""
    ctx = Context("check")
    ctx.interval = 0.005
    for _turn in range(3):
        assert Api(ctx, captain.url, [PASSWORD]).get(INFO)
    assert logins(captain) == 1
    captain.model.restart()
    assert Api(ctx, captain.url, [PASSWORD]).get(INFO) and logins(captain) == 2
    for _turn in range(3):
        with pytest.raises(AgentError, match="does not take the password"):
            Api(ctx, captain.url, ["a-wrong-one"]).get(INFO)
    assert len(captain.model.wrong) == 1
    assert Api(ctx, captain.url, ["a-wrong-one", PASSWORD]).get(INFO) and len(captain.model.wrong) == 1
    renewed = Api(ctx, captain.url, ["a-wrong-one", PASSWORD])
    renewed.login()
    captain.model.password = "a-wrong-one"
    renewed.renew("a-wrong-one")
    assert Api(ctx, captain.url, ["a-wrong-one"]).get(INFO) and len(captain.model.wrong) == 1


def test_the_new_password_is_tried_first_and_each_only_once(captain: StandIn, connect: Connect) -> None:
    api = connect("the-new-one", PASSWORD)
    api.login()
    assert api.password == PASSWORD
    assert [body["password"] for body in captain.bodies] == ["the-new-one", PASSWORD]
    api = connect("the-new-one", "an-old-one")
    with pytest.raises(AgentError) as caught:
        api.login()
    assert caught.value.code == "caprover-login" and "nor the previous one" in caught.value.msg
    assert len(captain.model.wrong) == 3
    assert "the-new-one" not in caught.value.msg


def test_a_lock_out_is_waited_for_once(captain: StandIn, connect: Connect) -> None:
    """Five wrong passwords lock all users out for 30 s; nothing loops."""
    captain.model.wrong.extend([time.monotonic()] * 5)
    with pytest.raises(AgentError) as caught:
        connect().login()
    assert caught.value.code == "caprover-locked"
    assert logins(captain) == 2
    assert len(captain.model.wrong) == 5


def test_a_lock_out_that_ends(captain: StandIn, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    captain.model.wrong.extend([time.monotonic()] * 5)
    monkeypatch.setattr(Api, "_sleep_out", lambda _self: captain.model.wrong.clear())
    api = connect()
    api.login()
    assert not captain.model.wrong and api.get(INFO)["rootDomain"] == "cap.test"


def test_a_server_that_starts_is_waited_for(captain: StandIn, connect: Connect) -> None:
    """Recorded: refused, HTTP 500 or 404, 1001, and then an answer."""
    captain.model.times.restart = 0.2
    captain.crash()
    assert connect().get(INFO)
    assert len(captain.seen) > 4


def test_a_login_that_breaks_off_is_sent_again(captain: StandIn, connect: Connect) -> None:
    """Seen: Docker's proxy takes a connection before CapRover listens, and resets it."""
    captain.broken += ["/login", "/login"]
    assert connect().get(INFO)
    assert captain.seen.count(("POST", "/login")) == 3


@pytest.mark.parametrize(("mode", "wait"), [("check", 60), ("apply", 0)])
def test_who_does_not_wait(captain: StandIn, connect: Connect, mode: str, wait: float) -> None:
    captain.model.times.restart = 30
    captain.crash()
    with pytest.raises(Silent, match="it is starting"):
        connect(mode=mode, wait=wait).get(INFO)
    assert len(captain.seen) == 1


def test_nobody_there(connect: Connect) -> None:
    api = connect(url="http://127.0.0.1:9", wait=0.05)
    with pytest.raises(AgentError) as caught:
        api.insist("look", INFO)
    assert caught.value.code == "caprover-unreachable"
    assert "127.0.0.1:9" in caught.value.msg and "docker service ps captain-captain" in caught.value.msg


def test_another_write_is_waited_for(captain: StandIn, connect: Connect) -> None:
    """Two hosts may write; the second gets 429 at once, as a plain text."""
    api = connect()
    api.login()
    captain.writing.acquire()
    threading.Timer(0.1, captain.writing.release).start()
    api.post("/user/registries/setpush", {"registryId": ""})
    assert captain.seen.count(("POST", "/user/registries/setpush")) > 1


def test_a_write_that_continues_for_ever(captain: StandIn, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caprover, "BUSY", 0.1)
    captain.writing.acquire()
    with pytest.raises(AgentError, match="another operation on this server is still in progress"):
        connect().insist("set it", "/user/registries/setpush", {"registryId": ""})


def test_certbots_own_lock_is_waited_for(captain: StandIn, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded: after a start CapRover lists and renews its certificates, and refuses what needs certbot meanwhile."""
    captain.model.certbot_busy = 2
    connect().post("/user/system/enablessl", {"emailAddress": "ops@cap.test"})
    assert captain.seen.count(("POST", "/user/system/enablessl")) == 3
    monkeypatch.setattr(caprover, "BUSY", 0.05)
    captain.model.certbot_busy = 1000
    with pytest.raises(AgentError, match=r"Another operation is in process for Certbot.* Fix: run again when it has ended"):
        connect().insist("enable root TLS", "/user/system/enablessl", {"emailAddress": "ops@cap.test"})


def test_a_write_whose_answer_is_lost_is_not_sent_again(captain: StandIn, connect: Connect) -> None:
    api = connect()
    api.login()
    captain.broken.append("/user/registries/setpush")
    with pytest.raises(Broken):
        api.post("/user/registries/setpush", {"registryId": ""})
    assert captain.seen.count(("POST", "/user/registries/setpush")) == 1
    captain.broken.append("/user/registries/setpush")
    with pytest.raises(AgentError, match="the result is unknown"):
        api.insist("set the default", "/user/registries/setpush", {"registryId": ""})


def test_before_1_15_the_whole_definition_is_sent(captain: StandIn, connect: Connect) -> None:
    captain.close()
    old = StandIn()
    old.model.version, old.model.password = "1.14.1", PASSWORD
    old.calls = old._calls()
    try:
        api = connect(url=old.url)
        api.post("/user/apps/appDefinitions/register", {"appName": "web"})
        api.change_app(api.apps()["web"], {"envVars": [{"key": "A", "value": "1"}], "instanceCount": 2})
        old.forget()
        api.change_app(api.apps()["web"], {"description": "only this"})
        assert [method for method, path in old.seen if path.endswith("/update")] == ["POST"]  # PATCH was tried once, and is known not to be
        app = api.apps()["web"]
        assert (app["envVars"], app["instanceCount"], app["description"]) == ([{"key": "A", "value": "1"}], 2, "only this")
    finally:
        old.close()


@pytest.mark.parametrize(
    ("url", "plain", "good"),
    [
        ("http://127.0.0.1:3000", False, True),
        ("http://localhost:3000/", False, True),
        ("http://[::1]:3000", False, True),
        ("https://captain.apps.example.org", False, True),
        ("http://captain.apps.example.org", False, False),
        ("http://192.0.2.1:3000", True, True),
        ("captain.apps.example.org", False, False),
        ("https://captain.apps.example.org/api", False, False),
        ("https://user:x@captain.apps.example.org", False, False),
        ("https://captain.apps.example.org:port", False, False),
    ],
)
def test_urls(url: str, plain: bool, good: bool) -> None:
    if good:
        assert check_url(url, plain) == url.rstrip("/")
        return
    with pytest.raises(AgentError) as caught:
        check_url(url, plain)
    assert caught.value.code == "bad-url" and "https://captain." in caught.value.msg


def test_on_the_loopback_interface_forced_https_is_no_obstacle(captain: StandIn, connect: Connect) -> None:
    captain.model.force_ssl = True
    assert connect().get(INFO)["forceSsl"]


def test_elsewhere_the_redirect_is_said(captain: StandIn, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that followed would turn POST into GET."""
    captain.model.force_ssl = True
    monkeypatch.setattr(caprover, "LOOPBACK", ())
    with pytest.raises(AgentError) as caught:
        connect(plain=True).get(INFO)
    assert caught.value.code == "caprover-redirects" and "url: https://captain." in caught.value.msg


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[StandIn, str]]:
    """A server with a certificate for 127.0.0.1, and the file that vouches for it."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=captain", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", str(key), "-out", str(cert), *subject]
    subprocess.run(command, check=True, capture_output=True)
    stand_in = StandIn(cert=(str(cert), str(key)))
    stand_in.model.password = PASSWORD
    yield stand_in, str(cert)
    stand_in.close()


def test_tls_is_verified(secure: tuple[StandIn, str], connect: Connect) -> None:
    stand_in, cert = secure
    assert connect(url=stand_in.url, ca=cert).get(INFO)
    for url, ca, words in ((stand_in.url, "", "this system"), (stand_in.url.replace("127.0.0.1", "localhost"), cert, "localhost")):
        with pytest.raises(AgentError) as caught:
            connect(url=url, ca=ca, wait=0).get(INFO)
        assert caught.value.code == "caprover-untrusted" and words in caught.value.msg
    with pytest.raises(AgentError, match="cannot be read"):
        connect(url=stand_in.url, ca="/nowhere.pem")
    assert ssl.HAS_TLSv1_3


def test_an_upload_says_its_size(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"x" * 200_000)
    upload = Upload(str(tmp_path / "a.tar"), {"gitHash": "abc"})
    sent = b"".join(upload)
    assert len(sent) == upload.size == int(upload.heads()["content-length"])
    assert b'name="gitHash"\r\n\r\nabc\r\n' in sent and sent.endswith(f"--{upload.boundary}--\r\n".encode())


# --- refusals -------------------------------------------------------------------------------------------------------------------

#: Of these no one can be told more than CapRover says: a request that this collection does not send.
NOT_SENT = (
    "Auth token corrupted",
    "Auth token is no longer valid. Request for a new auth token",
    "Namespace unknown",
    "password is empty.",
    "This captain instance only accepts API v2",
    "Invalid credentials",
    "Old password is incorrect.",
    "Captain is not ready yet...",
    "appName is required",
    "Registry not found",
    "Either appName or appNames should be provided",
    "Either uploadedTarPathSource or captainDefinitionContent should be provided, but not both.",
)
#: Statuses that are no refusal of what is requested, or that say what to do beside a text of another program.
OTHERS = {100, 101, 102, 1103, 1109, 1113}


def test_every_recorded_refusal_has_a_fix() -> None:
    found = [one for one in RECORDED if one["status"] not in {0, *OTHERS} and one["said"] not in NOT_SENT]
    found = [one for one in found if "already has customDomain" not in one["said"] and "does not exist in" not in one["said"]]
    assert len(found) > 40
    for one in found:
        error = refusals.refusal("do it", Refused(one["http"], one["status"], one["said"]))
        assert "Fix: " in error.msg, (one["title"], error.msg)
        assert len(error.msg) < 900


@pytest.mark.parametrize(
    ("http", "status", "said", "suspects", "text"),
    [
        (
            500,
            0,
            "Internal Server Error",
            ["ports", "pre_deploy"],
            "HTTP 500 without a reason. Fix: correct ports, pre_deploy, which Docker",
        ),
        (500, 0, "Internal Server Error", [], "see docker service logs captain-captain"),
        (
            200,
            1116,
            "[warn] duplicate\r\n[emerg] unknown directive in x:1\r\ntest failed\r\n",
            [],
            "(nginx_config): [emerg] unknown directive in x:1",
        ),
        (200, 1000, "Node ID you requested is not part of the swarm cluster: z", [], "change app a (node)"),
        (
            200,
            1107,
            "certbot\nDomain: a.b\nDetail: no valid A records\n" + "x" * 3000,
            [],
            "Domain: a.b Detail: no valid A records. Fix: check that",
        ),
        (200, 1000, "nobody knows this one", [], "CapRover refused to change app a: nobody knows this one"),
        (200, 1000, "y" * 3000, [], "yyy ... yyy"),
    ],
)
def test_sentences(http: int, status: int, said: str, suspects: list[str], text: str) -> None:
    error = refusals.refusal("change app a", Refused(http, status, said), suspects)
    assert text in error.msg.replace("y" * 200, "yyy").replace("y" * 100, "yyy").replace("yyyyyy", "yyy"), error.msg
