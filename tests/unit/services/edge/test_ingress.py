# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles export for the edge are sites that it serves."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.plan import merge

from tests.unit.lib.exported import Exported
from tests.unit.lib.sites import Judge, points, site

from .conftest import planned

DIGEST = "sha256:" + "5b" * 32
WEB = {"name": "vhc-web", "image": f"vhc/web@{DIGEST}", "port": 3000, "domains": ["dev.clinic.health"], "tls": False}


def test_object_store(exported: Exported) -> None:
    """All servers are one pool; an endpoint that is not the site's is not served."""
    groups = {"object_store": {"store1": "10.0.0.1", "store2": "10.0.0.2"}}
    found = [item for host in ("store1", "store2") for item in exported("ingress", host, groups, "minio")]
    (made,) = planned(*merge([], found, "clinic.health", ["all"])).sites
    assert (made.names, made.pool.servers, made.pool.tls) == (("storage.clinic.health",), ("store1:9000", "store2:9000"), True)
    assert exported("ingress", "store1", groups, "minio", object_store_backend="s3") == []


@pytest.mark.parametrize(
    ("more", "names"),
    [({}, ["dev.clinic.health"]), ({"tls": True}, []), ({"domains": []}, []), ({"state": "absent"}, []), ({"image": "Bad Image"}, [])],
)
def test_apps(exported: Exported, more: dict[str, Any], names: list[str]) -> None:
    """Those whose TLS the platform does not end."""
    groups = {"caprover": {"app1": "10.0.0.1"}}
    found = exported("ingress", "app1", groups, "apps", apps=[{**WEB, **more}], caprover_http_port=8080)
    assert [name for item in found for name in item["names"]] == names
    if names:
        assert found[0]["servers"] == ["app1:8080"] and planned(*merge([], found, "clinic.health", ["all"]))


def test_preflight_reads_them(judged: Judge) -> None:
    """A name of an app that a site of the edge has, too, is found before the run."""
    variables = f"""
caprover_accept_terms: true
caprover_http_port: 8080
apps: [{{name: vhc-web, image: 'vhc/web@{DIGEST}', port: 3000, domains: [dev.clinic.health], tls: false}}]
edge_sites: [{{name: other, names: [dev.clinic.health], servers: ['app1:1']}}]
"""
    hosts = "edge: e1\ndocker: app1\ncaprover: app1"
    found = {(code, name) for code, _where, name in points(judged(site(hosts, variables))) if code.startswith("edge-")}
    assert found == {("edge-site-twice", "edge_sites[1].names[0]")}
