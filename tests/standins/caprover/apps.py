# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the stand-in that are about apps."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import re
import secrets
import time
from typing import Any

from .builds import Builder, Source
from .model import DockerError, Model, Plain, Refusal, fresh
from .swarm import Services, parsed

Item = dict[str, Any]

_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9])*")
_VOLUME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?")
#: Fields that PATCH takes; others are ignored without a message.
FIELDS = (
    "projectId description instanceCount captainDefinitionRelativeFilePath envVars volumes tags nodeId notExposeAsWebApp"
    " containerHttpPort httpAuth forceSsl ports customNginxConfig redirectDomain preDeployFunction serviceUpdateOverride"
    " websocketSupport appDeployTokenConfig appPushWebhook"
).split()


class Apps:
    """What the calls below ``/user/apps`` do."""

    def __init__(self, model: Model, swarm: Services, builder: Builder) -> None:
        self.model = model
        self.swarm = swarm
        self.builder = builder

    def list(self) -> Item:
        """All definitions."""
        found = []
        for name, app in self.model.apps.items():
            shown = {**copy.deepcopy(app), "appName": name, "isAppBuilding": self.model.building.get(name, False)}
            found.append({**shown, "isLegacyAppName": bool(app.get("isLegacyAppName"))})
        return {"appDefinitions": found, "rootDomain": self.model.root, "captainSubDomain": "captain", "defaultNginxConfig": "<template>"}

    def register(self, body: Item, detached: bool) -> str:
        """Make an app and deploy the placeholder."""
        name = body.get("appName") or ""
        reserved = name in ("captain", "registry") or name.startswith("captain-")
        if not _NAME.fullmatch(name) or len(name) >= 50 or reserved:
            raise Refusal(1104, "App Name is not allowed. Only lowercase letters, numbers and single hyphens are allowed")
        if name in self.model.apps:
            raise Refusal(1103, "App Name already exists. Please use a different name")
        self._project(body.get("projectId") or "")
        self.model.apps[name] = fresh(bool(body.get("hasPersistentData")), body.get("projectId") or "")
        wait = self.builder.schedule(name, Source(f'{{"schemaVersion": 2, "imageName": "{self.model.placeholder}"}}'))
        if not detached:
            with contextlib.suppress(Refusal, Plain):  # a failed placeholder is no failure of this call
                wait()
            time.sleep(self.model.times.update)
        return "App Definition Saved"

    def patch(self, body: Item) -> str:
        """Change the fields that are sent."""
        if not body.get("appName"):
            raise Refusal(1110, "appName is required")
        app = self.model.app(body["appName"])
        merged = {field: app.get(field) for field in FIELDS} | {field: body[field] for field in FIELDS if field in body}
        return self.update({**merged, "appName": body["appName"]})

    def update(self, body: Item) -> str:
        """Change everything: a field that is left out goes to its default, and the number of instances to 0."""
        name = str(body.get("appName") or "")
        self._project(str(body.get("projectId") or "").strip())
        self.not_building(name)
        app = self.model.app(name)
        before = copy.deepcopy(app)
        node = self._node(name, app, body)
        override = str(body.get("serviceUpdateOverride") or "").strip()
        if override and not parsed(override):
            raise Refusal(1110, "serviceUpdateOverride must be either a valid JSON object starting with { or an equivalent yaml")
        new = {**app, **self._values(app, body), "nodeId": node, "serviceUpdateOverride": override}
        if new["forceSsl"] and not (new["hasDefaultSubDomainSsl"] or any(domain["hasSsl"] for domain in new["customDomain"])):
            raise Refusal(1108, "Cannot force SSL without at least one SSL-enabled domain!")
        self.model.apps[name] = {key: value for key, value in new.items() if value is not None}
        time.sleep(self.model.times.update)
        self._apply(name)  # what fails from here on is saved
        if "bogus" in str(new["customNginxConfig"]):
            self.model.apps[name] = before
            text = 'invalid parameter "bogus_directive" in /etc/nginx/conf.d/captain.conf:131'
            warning = '[warn] 276#276: duplicate MIME type "text/html" in /etc/nginx/conf.d/captain.conf:19'
            emergency = f"[emerg] 276#276: {text}"
            raise Refusal(1116, f"2026/11/23 23:13:34 {warning}\r\n2026/11/23 23:13:34 {emergency}\r\nnginx: test failed\r\n")
        return "Updated App Definition Saved"

    def _apply(self, name: str) -> None:
        app = self.model.apps[name]
        image = next((one.get("deployedImageName") for one in app["versions"] if one["version"] == app["deployedVersion"]), None)
        if not image:
            text = "ImageName for deployed version is not available, this version was probably failed due to an unsuccessful build!"
            raise Refusal(1110, text)
        function = app.get("preDeployFunction") or ""
        if function and not re.search(r"preDeployFunction\s*=\s*(async\s+)?function", function):
            raise Plain
        try:
            self.swarm.update(self.model.service(name), app, image)
        except DockerError:
            raise Plain from None

    def _node(self, name: str, app: Item, body: Item) -> str:
        node = str(body.get("nodeId") or "")
        if not app["hasPersistentData"] and body.get("volumes"):
            raise Refusal(1108, "Cannot set volumes for a non-persistent container!")
        if node and node not in {one["nodeId"] for one in self.swarm.nodes}:
            raise Refusal(1000, f"Node ID you requested is not part of the swarm cluster: {node}")
        if not node and app["hasPersistentData"]:
            node = app.get("nodeId") or self.swarm.node_of(self.model.service(name))
            if not node:
                raise Refusal(1000, "Cannot find the service. Try again in a minute...")
        return node

    def _values(self, app: Item, body: Item) -> Item:
        count = _number(body.get("instanceCount") or 0)
        return {
            "projectId": str(body.get("projectId") or "").strip(),
            "description": str(body.get("description") or ""),
            "instanceCount": count if count is not None and count >= 0 else app["instanceCount"],
            "captainDefinitionRelativeFilePath": body.get("captainDefinitionRelativeFilePath") or app["captainDefinitionRelativeFilePath"],
            "envVars": _environment(body.get("envVars") or []),
            "volumes": _volumes(body.get("volumes") or []),
            "ports": _ports(body.get("ports") or []),
            "tags": body.get("tags") or [],
            "notExposeAsWebApp": bool(body.get("notExposeAsWebApp")),
            "containerHttpPort": _number(body.get("containerHttpPort") or 0) or 80,
            "forceSsl": bool(body.get("forceSsl")),
            "websocketSupport": bool(body.get("websocketSupport")),
            "customNginxConfig": str(body.get("customNginxConfig") or ""),
            "redirectDomain": str(body.get("redirectDomain") or ""),
            "preDeployFunction": str(body.get("preDeployFunction") or ""),
            "httpAuth": _auth(body.get("httpAuth") or {}),
            "appDeployTokenConfig": _token(body.get("appDeployTokenConfig") or {}),
            "appPushWebhook": _webhook(body.get("appPushWebhook") or {}),
        }

    def _project(self, project: str) -> None:
        if project and project not in {one["id"] for one in self.model.projects}:
            raise Refusal(1108, "Project not found")

    def not_building(self, name: str) -> None:
        """Refuse while an app builds."""
        if self.model.building.get(name):
            raise Refusal(1108, f"Build in-progress for {name}. Please wait...")

    def delete(self, body: Item) -> tuple[int, str, Item]:
        """Remove apps, and volumes of theirs."""
        name, names = body.get("appName"), body.get("appNames") or []
        if name and names:
            raise Refusal(1108, "Either appName or appNames should be provided")
        going = names or [name]
        volumes = list(body.get("volumes") or [])
        for one in going:
            self.model.app(one)
            self.not_building(one)
        for one in going:
            self.swarm.remove(self.model.service(one))
            del self.model.apps[one]
        used = {volume.get("volumeName") for app in self.model.apps.values() for volume in app["volumes"]}
        left = [volume for volume in volumes if volume in used]
        left += self.swarm.remove_volumes([volume for volume in volumes if volume not in used])
        time.sleep(self.model.times.update)
        if left:
            text = f"App is deleted. Some volumes were not safe to delete. Delete skipped for: {','.join(left)}"
            return 102, text, {"volumesFailedToDelete": left}
        return 100, "App is deleted", {}

    # --- domains --------------------------------------------------------------------------------------------------------

    def add_domain(self, body: Item) -> str:
        """Give an app a domain. That another app has it too is not looked at."""
        name, domain = body["appName"], str(body.get("customDomain") or "").lower().strip()
        root = f".{self.model.root}"
        if not re.fullmatch(r"[a-z0-9.-]+", domain):
            raise Refusal(1104, "Domain name is not accepted. Please use alphanumerical domains such as myapp.google123.ca")
        if domain.endswith(root) and f".{name}{root}" not in domain:
            raise Refusal(1104, "Domain name is not accepted. Custom domain cannot be subdomain of root domain.")
        if not self.model.resolves(domain):
            raise Refusal(1107, "Verification Failed.")
        app = self.model.app(name)
        if any(one["publicDomain"] == domain for one in app["customDomain"]):
            raise Refusal(1110, f"App already has customDomain: {domain} attached to app {name}")
        app["customDomain"].append({"publicDomain": domain, "hasSsl": False})
        return f"Custom domain is enabled for: {name} at {domain}"

    def remove_domain(self, body: Item) -> str:
        """Take a domain from an app."""
        name, domain = body["appName"], str(body.get("customDomain") or "").lower()
        app = self.model.app(name)
        left = [one for one in app["customDomain"] if one["publicDomain"] != domain]
        if len(left) == len(app["customDomain"]):
            raise Refusal(1000, f"Custom domain {domain} does not exist in {name}")
        if app["forceSsl"] and not (app["hasDefaultSubDomainSsl"] or any(one["hasSsl"] for one in left)):
            raise Refusal(1108, "Cannot force SSL without at least one SSL-enabled domain!")
        app["customDomain"] = left
        return f"Custom domain is removed for: {name} at {domain}"

    def enable_domain_ssl(self, body: Item) -> str:
        """TLS for a domain of an app."""
        self._root_ssl()
        name, domain = body["appName"], str(body.get("customDomain") or "").lower()
        found = [one for one in self.model.app(name)["customDomain"] if one["publicDomain"] == domain]
        if not found or not self.model.resolves(domain):
            raise Refusal(1107, "Verification Failed.")
        time.sleep(self.model.times.certificate)
        found[0]["hasSsl"] = True
        return f"Custom domain SSL is enabled for: {name} at {domain} "

    def enable_base_ssl(self, body: Item) -> str:
        """TLS for an app's own domain."""
        self._root_ssl()
        name = body.get("appName")
        app = self.model.app(name)
        time.sleep(self.model.times.certificate)
        app["hasDefaultSubDomainSsl"] = True
        return f"General SSL is enabled for: {name}"

    def _root_ssl(self) -> None:
        if not self.model.root_ssl:
            raise Refusal(1000, "You have to first enable SSL for your root domain")


# --- how fields are kept --------------------------------------------------------------------------------------------------------


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _environment(given: list[Item]) -> list[Item]:
    made = []
    for pair in given:
        key, value = str(pair.get("key") or "").strip(), pair.get("value") or ""
        if not key and not value:
            continue
        if not key:
            raise Refusal(1000, "Environmental Variable key is empty!")
        made.append({"key": key, "value": str(value)})
    return made


def _volumes(given: list[Item]) -> list[Item]:
    made = []
    for one in given:
        path, host, name = (str(one.get(key) or "").strip() for key in ("containerPath", "hostPath", "volumeName"))
        if not path or not (host or name):
            raise Refusal(1000, "containerPath or the source paths (volume name or host path) are missing")
        if not host and (not _VOLUME.fullmatch(name) or "--" in name or ".." in name):
            raise Refusal(1000, f"Invalid volume name: {name}")
        made.append({"containerPath": path, **({"hostPath": host} if host else {"volumeName": name})})
    return made


def _ports(given: list[Item]) -> list[Item]:
    made = []
    for one in given:
        host, container = _number(one.get("hostPort")), _number(one.get("containerPort"))
        if not host or not container:
            raise Refusal(1000, "Host or container port is missing")
        if not (0 < host < 65536 and 0 < container < 65536):
            raise Refusal(1000, f"Invalid ports: {host} or {container}")
        made.append({"hostPort": host, "containerPort": container})
    return made


def _auth(given: Item) -> Item | None:
    if not given.get("user"):
        return None
    if not given.get("password"):
        return {"user": str(given["user"]), "passwordHashed": str(given.get("passwordHashed"))}
    from .apache import apache_hash

    return {"user": str(given["user"]), "passwordHashed": apache_hash(str(given["password"]), secrets.token_hex(4))}


def _token(given: Item) -> Item:
    if not given.get("enabled"):
        return {"enabled": False}
    return {"enabled": True, "appDeployToken": str(given.get("appDeployToken") or "").strip() or secrets.token_hex(32)}


def _webhook(given: Item) -> Item | None:
    repo = given.get("repoInfo") or {}
    if not any(repo.values()):
        return None
    login = bool(repo.get("user") and repo.get("password"))
    if not (repo.get("repo") and repo.get("branch")) or not (login or repo.get("sshKey")):
        raise Refusal(1110, "Missing required Github/BitBucket/Gitlab field")
    info = {key: str(repo.get(key) or "") for key in ("repo", "user", "password", "sshKey", "branch")}
    return {"tokenVersion": hashlib.sha256(info["repo"].encode()).hexdigest(), "pushWebhookToken": "<JWT>", "repoInfo": info}
