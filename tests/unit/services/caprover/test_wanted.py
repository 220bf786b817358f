# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of apps, before any server is asked."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import apr1, wanted

from tests.unit.services.returned import filled

RECORDED = json.loads((Path(__file__).parent / "data" / "recorded.json").read_text())
APP = documented.spec("caprover_apps")["apps"]["options"]


def app(**given: Any) -> Any:
    return wanted.app(filled(APP, {"name": "web", **given}))


def test_nothing_is_asked_of_what_is_not_said() -> None:
    made = app()
    assert made["fields"] == {}
    for key in ("environment", "auth", "node", "tags", "token", "domains", "tls", "persistent"):
        assert made[key] is None
    assert made["unset"] == []


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"instances": 0}, "instanceCount", 0),
        ({"expose": False}, "notExposeAsWebApp", True),
        ({"http_port": 3000}, "containerHttpPort", 3000),
        ({"websocket": True}, "websocketSupport", True),
        ({"force_tls": True}, "forceSsl", True),
        ({"redirect": "WWW.example.org"}, "redirectDomain", "www.example.org"),
        ({"redirect": ""}, "redirectDomain", ""),
        ({"ports": [{"host": 4242, "container": 104}]}, "ports", [{"hostPort": 4242, "containerPort": 104}]),
        ({"volumes": [{"path": " /data ", "volume": "a_b.c-d"}]}, "volumes", [{"containerPath": "/data", "volumeName": "a_b.c-d"}]),
        ({"volumes": [{"path": "/data", "host_path": "/srv"}]}, "volumes", [{"containerPath": "/data", "hostPath": "/srv"}]),
        ({"service_override": {"b": 1, "a": {}}}, "serviceUpdateOverride", '{"a": {}, "b": 1}'),
        ({"service_override": {}}, "serviceUpdateOverride", ""),
        ({"service_override": " Mode: x\n"}, "serviceUpdateOverride", "Mode: x"),
        ({"repository": {}}, "appPushWebhook", {}),
    ],
)
def test_fields_as_caprover_keeps_them(given: dict[str, Any], field: str, value: Any) -> None:
    assert app(**given)["fields"] == {field: value}


def test_values_of_an_environment_become_text() -> None:
    given = {"A": 1, "B": True, "C": 1.5, "D": "x ", "E": None, "F": ""}
    made = app(environment=given)["environment"]
    assert made == {"A": "1", "B": "true", "C": "1.5", "D": "x ", "E": None, "F": ""}
    assert wanted.pairs(made)[0] == {"key": "A", "value": "1"} and len(wanted.pairs(made)) == 5


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"instances": -1}, "app web: instances is -1. Fix: use a number from 0"),
    ({"http_port": 0}, "app web: http_port is 0. Fix: use a number from 1 to 65535"),
    ({"ports": [{"host": 70000, "container": 80}]}, "app web: ports: host is 70000"),
    ({"ports": [{"host": 80, "container": 0}]}, "app web: ports: container is 0"),
    ({"ports": [{"host": 80, "container": 1}, {"host": 80, "container": 2}]}, "host port 80 is listed twice"),
    ({"volumes": [{"path": "data", "volume": "a"}]}, "app web: volumes: path is 'data'"),
    ({"volumes": [{"path": "/data"}]}, "app web: volumes: /data is of both, or of neither"),
    ({"volumes": [{"path": "/data", "volume": "a", "host_path": "/b"}]}, "of both, or of neither"),
    ({"volumes": [{"path": "/data", "volume": "a--b"}]}, "volumes: /data: volume is 'a--b'"),
    ({"volumes": [{"path": "/data", "volume": ".a"}]}, "volume is '.a'"),
    ({"volumes": [{"path": "/data", "host_path": "b"}]}, "host_path is 'b'"),
    ({"volumes": [{"path": "/a", "volume": "a"}, {"path": "/a", "volume": "b"}]}, "path /a is listed twice"),
    ({"persistent": False, "volumes": [{"path": "/a", "volume": "a"}]}, "app web: persistent is false, but it has volumes"),
    ({"environment": {"A B=C": "x"}}, "app web: environment is a mapping with the variable 'A B=C'"),
    ({"environment": {"": "x"}}, "the variable ''"),
    ({"environment": {"A": ["x"]}}, "app web: environment: A is a list or a mapping. Fix: use a text, such as the output of to_json"),
    ({"basic_auth": {"user": "u"}}, "app web: basic_auth is half of a pair"),
    ({"basic_auth": {"user": "u:v", "password": "p"}}, "a name with a colon"),
    ({"tags": ["a", " "]}, "app web: tags is a list with an empty tag"),
    ({"service_override": "hello"}, "app web: service_override is no mapping"),
    ({"service_override": "{bad json"}, "app web: service_override is neither JSON nor YAML"),
    ({"service_override": [1]}, "app web: service_override is neither a mapping nor a text"),
    ({"repository": {"repo": "a/b"}}, "app web: repository is incomplete"),
    ({"repository": {"repo": "a/b", "branch": "c", "user": "u"}}, "repository is incomplete"),
    ({"repository": {"repo": "a/b", "branch": "c", "private_key": "-- ENCRYPTED --"}}, "encrypted with a passphrase"),
    ({"domains": [{"name": "a_b.example.org"}]}, "app web: domains: 'a_b.example.org' is not a domain"),
    ({"domains": [{"name": "a..b"}]}, "is not a domain"),
    ({"domains": [{"name": "a.b"}, {"name": "A.b"}]}, "domains: a.b is listed twice"),
    ({"redirect": "https://a.b"}, "app web: redirect: 'https://a.b' is not a domain"),
]


@pytest.mark.parametrize(("given", "text"), REFUSED)
def test_what_cannot_be_names_app_option_and_fix(given: dict[str, Any], text: str) -> None:
    with pytest.raises(AgentError) as caught:
        app(**given)
    assert text in caught.value.msg and "Fix: " in caught.value.msg


def test_names_are_judged_as_caprover_does() -> None:
    """By what a real server answered to each of them."""
    asked = [one for one in RECORDED if one["path"].startswith("/user/apps/appDefinitions/register")]
    for one in asked:
        name = one["body"]["appName"]
        if one["status"] == 1104:
            with pytest.raises(AgentError, match="CapRover refuses this name"):
                wanted.app_name(name)
        else:
            assert wanted.app_name(name) == name
    assert len(asked) > 12
    with pytest.raises(AgentError):
        wanted.app_name(None)


def test_hashes_are_those_of_caprover_and_of_openssl() -> None:
    """The first two are recorded, both of the password p1."""
    for stored in ("$apr1$VelFnqw0$3hYvVwttjnznIDrwTqUOc/", "$apr1$WocTE2d3$L2LFMZ97nJOQGmo.bTGky1"):
        assert apr1.fits("p1", stored) and not apr1.fits("p2", stored)
    assert not apr1.fits("p1", "") and not apr1.fits("p1", "$2b$10$x")
    for password, salt in (("a" * 40, "abc"), ("pässwörd", "saltsalt"), ("x", "1"), ("sixteen-letters!", "12345678")):
        argv = ["openssl", "passwd", "-apr1", "-salt", salt, "-stdin"]
        done = subprocess.run(argv, input=password.encode(), capture_output=True, check=True)
        assert apr1.apr1(password, salt) == done.stdout.decode().strip()
