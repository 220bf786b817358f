# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a server is. Nothing that is read here shows a secret: of an environment only the names, of a registry no password."""

from __future__ import annotations

from . import fields, wanted_deploy
from .api import APPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...definition import Json as Item
    from .api import Api
    from .types import Definition, Node, Registry


_NODE = ("nodeId", "hostname", "type", "isLeader", "ip", "state", "status", "dockerEngineVersion")
_NAMES = {"nodeId": "id", "isLeader": "leader", "dockerEngineVersion": "docker"}


def read(api: Api) -> Item:
    """Ask the server for everything.

    :raises Silent: there is no answer
    :raises Refused: it does not say
    """
    info = api.get("/user/system/info", "rootDomain")
    version = api.get("/user/system/versionInfo")
    found = api.get(APPS, "appDefinitions")
    nodes = api.get("/user/system/nodes", "nodes")["nodes"]
    stored = api.get("/user/registries", "registries")
    return {
        "version": str(version.get("currentVersion") or ""),
        "latest_version": str(version.get("latestVersion") or ""),
        "root_domain": str(info.get("rootDomain") or ""),
        "captain_domain": f"{info.get('captainSubDomain') or 'captain'}.{info['rootDomain']}" if info.get("rootDomain") else "",
        "root_tls": bool(info.get("hasRootSsl")),
        "force_tls": bool(info.get("forceSsl")),
        "apps": [app(one, str(info.get("rootDomain") or "")) for one in found["appDefinitions"]],
        "nodes": [node(one) for one in nodes],
        "registries": [registry(one, stored.get("defaultPushRegistryId") or "") for one in stored["registries"]],
    }


def nothing() -> Item:
    """What there is to say of a server that does not answer."""
    empty: Item = {"version": "", "latest_version": "", "root_domain": "", "captain_domain": "", "root_tls": False, "force_tls": False}
    return {**empty, "apps": [], "nodes": [], "registries": []}


def app(now: Definition, root: str) -> Item:
    """An app, without the values of its environment."""
    version = wanted_deploy.deployed(now)
    exposed = not fields.value(now, "notExposeAsWebApp")
    own = [f"{now['appName']}.{root}"] if root and exposed else []
    return {
        "name": now["appName"],
        "service": wanted_deploy.service(now, now["appName"]),
        "persistent": bool(now.get("hasPersistentData")),
        "instances": fields.value(now, "instanceCount"),
        "image": version.get("deployedImageName", "") if version else "",
        "version": now.get("deployedVersion", 0),
        "building": bool(now.get("isAppBuilding")),
        "exposed": exposed,
        "http_port": fields.value(now, "containerHttpPort"),
        "domains": [*own, *(domain["publicDomain"] for domain in now.get("customDomain") or ())],
        "tls": [
            *(own if now.get("hasDefaultSubDomainSsl") else []),
            *(domain["publicDomain"] for domain in now.get("customDomain") or () if domain["hasSsl"]),
        ],
        "environment": sorted(pair["key"] for pair in fields.value(now, "envVars")),
        "volumes": [volume.get("volumeName") or volume.get("hostPath") or "" for volume in fields.value(now, "volumes")],
        "ports": sorted(port["hostPort"] for port in fields.value(now, "ports")),
        "tags": [tag["tagName"] for tag in fields.value(now, "tags")],
        "node": fields.value(now, "nodeId"),
    }


def node(found: Node) -> Item:
    """A node of the Swarm."""
    return {_NAMES.get(key, key): found.get(key) for key in _NODE}


def registry(found: Registry, default: str) -> Item:
    """A registry, without its password."""
    return {
        "domain": found["registryDomain"],
        "image_prefix": found["registryImagePrefix"],
        "user": found["registryUser"],
        "self_hosted": found["registryType"] == "LOCAL_REG",
        "default": found["id"] == default,
    }
