# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers is a proxy, something else, or a CapRover that leaves something out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.api import Api

from tests.unit.services.caprover.test_api import INFO, Connect, connect

__all__ = ["connect"]


class Proxy:
    """What is sent to a server, and what comes back of it: an answer for each request, the last one again and again."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.answers = list(answers)
        self.sent = 0

    def __call__(self, method: str, _target: str, _headers: Any, _body: Any) -> tuple[int, dict[str, str], bytes]:
        self.sent += 1
        if self.sent == 1 and method == "POST":
            return 200, {}, b'{"status": 100, "description": "Login succeeded", "data": {"token": "t"}}'
        status, text = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return status, {}, text.encode()


@pytest.fixture
def behind(connect: Connect) -> Callable[..., tuple[Api, Proxy]]:
    """A client of something that gives these answers after the login."""

    def made(*answers: tuple[int, str], wait: float = 0) -> tuple[Api, Proxy]:
        proxy, api = Proxy(*answers), connect(wait=wait)
        api._wire = proxy
        return api, proxy

    return made


Behind = Callable[..., tuple[Api, Proxy]]
PAGE = "<html><body>Welcome to nginx!</body></html>"


def test_an_answer_without_data(behind: Behind) -> None:
    """It is no success: what is missing would be taken for a server without apps, and everything be created again."""
    api, _proxy = behind((200, '{"status": 100, "description": "fine"}'))
    with pytest.raises(AgentError) as caught:
        api.apps()
    assert caught.value.code == "caprover-answer" and "answers /user/apps/appDefinitions without appDefinitions" in caught.value.msg
    with pytest.raises(AgentError, match="without isAppBuilding, isBuildFailed, logs"):
        api.build("web")
    api, _proxy = behind((200, '{"status": 100, "data": null}'))
    for path, needed in ((INFO, "rootDomain"), ("/user/registries", "registries")):
        with pytest.raises(AgentError, match=f"without {needed}"):
            api.get(path, needed)


def test_a_login_without_a_token(connect: Connect) -> None:
    api = connect()
    api._wire = lambda *_sent: (200, {}, b'{"status": 100, "description": "Login succeeded"}')
    with pytest.raises(AgentError, match="answers /login without token"):
        api.get(INFO)


@pytest.mark.parametrize("http", [502, 503, 504])
def test_a_proxy_that_gets_no_answer(behind: Behind, http: int) -> None:
    """A read is repeated while there is time. Whether a write was done is not known: it is not sent again here."""
    api, proxy = behind((http, "<html>Bad Gateway</html>"), (200, '{"status": 100, "data": {"rootDomain": "a"}}'), wait=5)
    assert api.get(INFO) == {"rootDomain": "a"} and proxy.sent == 3
    api, proxy = behind((http, "<html>Bad Gateway</html>"))
    with pytest.raises(AgentError, match=f"the proxy in front of CapRover gets no answer from it.* .HTTP {http}.") as caught:
        api.insist("look", INFO)
    assert caught.value.code == "caprover-unreachable"
    api, proxy = behind((http, "<html>Bad Gateway</html>"), wait=5)
    with pytest.raises(AgentError, match="the result is unknown") as caught:
        api.insist("set it", "/user/registries/setpush", {"registryId": ""})
    assert caught.value.code == "caprover-broken-off" and proxy.sent == 2


def test_something_else_answers(behind: Behind) -> None:
    api, _proxy = behind((200, PAGE))
    with pytest.raises(AgentError, match=r"what answers is not CapRover's API: <html>.* Fix: .* correct url"):
        api.insist("look", INFO)
    with pytest.raises(AgentError, match=r"refused to set it \(url\): what answers is not CapRover's API: .* Fix: set url: "):
        api.insist("set it", "/user/registries/setpush", {"registryId": ""})


def test_a_request_that_is_too_large_for_a_proxy(behind: Behind) -> None:
    api, _proxy = behind((413, "<html>413 Request Entity Too Large</html>"))
    with pytest.raises(AgentError, match=r"larger than the proxy .* accepts \(HTTP 413\)\. Fix: run the task on CapRover's own host"):
        api.insist("deploy app web", "/user/apps/appData/web", {"a": "b"})
