# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role writes, and what it tells others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

ONE = {"name": "web", "names": ["www.hospital.com"], "units": ["nginx.service"]}
WILD = {"name": "apps", "names": ["*.hospital.com"], "challenge": "dns"}


def inventory(**variables: Any) -> dict[str, Any]:
    hosts = {"edge1": {"ansible_host": "192.0.2.1"}, "edge2": {"ansible_host": "192.0.2.2"}}
    # Secrets are stood for, as in check mode.
    given = {
        "ansible_check_mode": True,
        "acme_email": "it@hospital.com",
        "acme_accept_terms": True,
        "acme_certificates": [ONE, WILD],
        **variables,
    }
    return {"all": {"children": {"edge": {"hosts": hosts, "vars": given}}}}


@pytest.mark.parametrize(("variables", "obtaining"), [({}, "edge1"), ({"acme_host": "edge2"}, "edge2")])
def test_one_host_obtains(render: Callable[..., Any], variables: dict[str, Any], obtaining: str) -> None:
    for host in ("edge1", "edge2"):
        made = render("acme", "acme", inventory(**variables), host)
        said = json.loads(made["files"]["/etc/vannah/acme.json"])
        assert said["obtains"] is (host == obtaining)
        (timer,) = [unit for unit in made["definition"]["units"] if unit["name"].endswith(".timer")]
        assert timer["state"] == ("started" if host == obtaining else "stopped")
        assert said["renew_days"] == 30 and said["http_listen"] == ":8402"
        assert said["certificates"][0] == {"challenge": "http", "key_type": "ec256", **ONE}
        assert said["certificates"][1]["challenge"] == "dns"


def test_staging_is_another_directory(render: Callable[..., Any]) -> None:
    made = render("acme", "acme", inventory(acme_staging=True), "edge1")
    assert json.loads(made["files"]["/etc/vannah/acme.json"])["directory"] == "https://acme-staging-v02.api.letsencrypt.org/directory"


EDGE = {"edge": {"edge1": "192.0.2.1", "edge2": "192.0.2.2"}}


def test_challenge_is_open_for_those_who_pass_it_on(exported: Callable[..., list[Any]]) -> None:
    def ports(host: str, **variables: Any) -> list[tuple[int, list[str]]]:
        given = {"acme_certificates": [ONE], **variables}
        return [(item["port"], item["from"]) for item in exported("firewall_ports", host, EDGE, role="acme", **given)]

    assert ports("edge1") == [(8402, ["edge"])]
    assert ports("edge1", acme_http_port=80) == [(80, ["any"])]
    assert ports("edge2") == ports("edge1", acme_certificates=[WILD]) == ports("edge1", acme_certificates=[]) == []


def test_others_know_its_certificates_and_its_secret(exported: Callable[..., list[Any]]) -> None:
    found = exported("certificates", "edge2", EDGE, role="acme", acme_certificates=[ONE])
    assert found == [{"name": "web", "path": "/etc/vannah/acme/web/fullchain.pem", "units": ["nginx.service"], "role": "acme"}]
    secrets = exported("secrets", "edge1", EDGE, role="acme", acme_certificates=[ONE])
    assert [(item["name"], item["kind"]) for item in secrets] == [("acme_account_key", "ec256")]
    assert exported("secrets", "edge1", EDGE, role="acme") == []
