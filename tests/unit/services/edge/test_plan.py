# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and sources become addresses, PEM texts files, and exports of roles sites."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.fields import BadSiteError
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.plan import AUTHORITY, PEM_FILES, merge
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.ports import ports

from .conftest import PEM, planned, site, tcp

EXPORTED = [
    {"name": "storage", "servers": ["store1:9000"], "upstream": {"tls": True}, "role": "minio"},
    {"name": "storage", "servers": ["store2:9000"], "upstream": {"tls": True}, "role": "minio"},
    {"name": "images", "servers": ["app1:5000"], "names": ["images.other.org"], "role": "registry"},
]


def test_servers() -> None:
    """A host of the inventory is its address; others stay."""
    (found,) = planned(site(servers=["app1:1", "six:2", "10.9.9.9:3", "pacs.other.org:4"])).sites
    assert found.pool.servers == ("10.0.0.1:1", "[2001:db8::6]:2", "10.9.9.9:3", "pacs.other.org:4")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], ()),
        (["any", "app1"], ()),
        (["docker"], ("10.0.0.1", "10.0.0.2")),
        (["app2", "10.1.2.3/8", "2001:db8::/32"], ("10.0.0.2", "10.0.0.0/8", "2001:db8::/32")),
        (["empty"], ("255.255.255.255",)),  # no host: not every host
    ],
)
def test_sources(given: list[str], found: tuple[str, ...]) -> None:
    assert planned(site(allow_from=given)).sites[0].allow_from == found


def test_an_unknown_source() -> None:
    with pytest.raises(BadSiteError, match="unknown-group is not a group") as caught:
        planned(site(name="first"), site(allow_from=["unknown-group"]))
    assert caught.value.path == "edge_sites[1].allow_from"


@pytest.mark.parametrize(
    ("upstream", "servers", "authority", "name"),
    [
        ({"tls": True}, ["app1:1", "app2:1"], AUTHORITY, "localhost"),
        ({"tls": True, "server_name": "orthanc"}, ["app1:1"], AUTHORITY, "orthanc"),
        ({"tls": True, "authority": PEM}, ["pacs.other.org:1"], PEM_FILES, "pacs.other.org"),
    ],
)
def test_who_servers_are(upstream: dict[str, Any], servers: list[str], authority: str, name: str) -> None:
    """Verified always: by a name that every certificate of the site's authority has, or by their own."""
    made = planned(site(upstream=upstream, servers=servers))
    assert made.sites[0].pool.authority.startswith(authority) and made.sites[0].pool.server_name == name
    assert list(made.pem.values()) == ([f"{PEM}\n"] if "authority" in upstream else [])


def test_servers_of_several_names() -> None:
    with pytest.raises(BadSiteError, match="several names"):
        planned(site(upstream={"tls": True, "authority": PEM}, servers=["a.org:1", "b.org:1"]))


@pytest.mark.parametrize(
    ("wanted", "names"), [(["all"], ["storage", "images"]), (["images"], ["images"]), ([], []), (["all", "other"], ["storage", "images"])]
)
def test_exports(wanted: list[str], names: list[str]) -> None:
    """All hosts of a service are one pool, below the site's domain."""
    found = {entry["name"]: entry for entry in merge([], EXPORTED, "clinic.health", wanted)}
    assert list(found) == names
    if "storage" in found:
        assert found["storage"]["servers"] == ["store1:9000", "store2:9000"] and found["storage"]["names"] == ["storage.clinic.health"]
        assert planned(found["storage"]).sites[0].pool.tls
    if "images" in found:
        assert found["images"]["names"] == ["images.other.org"]


def test_an_entry_over_an_export() -> None:
    """Its own keys count; the others are the export's, which stays as it is."""
    (found, _images) = merge([{"name": "storage", "max_body_mb": 5}], EXPORTED, "clinic.health", ["all"])
    assert found["max_body_mb"] == 5 and found["servers"] == ["store1:9000", "store2:9000"]
    assert merge(["nonsense"], [], "clinic.health", ["all"]) == ["nonsense"]
    assert EXPORTED[0]["servers"] == ["store1:9000"]


def test_ports() -> None:
    """Each once; a TCP site is open for the addresses that it lets in; what is not a site opens nothing."""
    entries = [site(), site(name="b", port=8443), tcp(allow_from=["10.0.0.0/8"]), {"name": "x", "port": 7}]
    found = {item["name"]: (item["port"], item["from"]) for item in ports(entries, 80, "443", ["any"], 9113)}
    assert found == {
        "edge-http": (80, ["any"]),
        "edge-https": (443, ["any"]),
        "edge-b": (8443, ["any"]),
        "edge-dicom": (4242, ["10.0.0.0/8"]),
        "edge-metrics": (9113, ["monitoring"]),
    }
    assert "edge-metrics" not in {item["name"] for item in ports(entries, 80, 443, ["any"])}
    assert ports([], 80, 443, ["any"], 0, ["10.0.0.9/24"])[-1] == {"name": "edge-vrrp", "proto": "vrrp", "from": ["edge"]}
