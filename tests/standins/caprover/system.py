# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the stand-in that are about the server: login, root domain, TLS, registries and settings."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from .model import BACK_OFF, WRONG, Model, Plain, Refusal

Item = dict[str, Any]

_FIELD = r"(\*|[0-9]+)([-/][0-9]+)?(,[0-9]+)*"
_CRON = re.compile(rf"{_FIELD}( {_FIELD}){{4,5}}")


class System:
    """What the calls outside ``/user/apps`` do."""

    def __init__(self, model: Model) -> None:
        self.model = model

    # --- login ----------------------------------------------------------------------------------------------------------

    def login(self, body: Item) -> Item:
        """A token: five wrong passwords within 30 s lock all users out."""
        password = str(body.get("password") or "")
        if not password:
            raise Refusal(1000, "password is empty.")
        if len(password) > 29:
            text = "password is too long - maximum 29 characters."
            raise Refusal(
                1000, f"{text} If you had previously set a password longer than 29 characters, please use the first 29 characters."
            )
        if len(self.model.wrong) == WRONG and time.monotonic() - self.model.wrong[0] < BACK_OFF:
            raise Refusal(1113, "Too many wrong passwords... Wait for 30 seconds and retry.")
        if password != self.model.password[:29]:
            self.model.wrong.append(time.monotonic())
            raise Refusal(1105, "Invalid credentials")
        return {"token": f"token-{self.model.session}"}

    def check_token(self, token: str | None) -> None:
        """Refuse a token that is none, or of an earlier process or password."""
        if not token or not token.startswith("token-"):
            raise Refusal(1106, "Auth token corrupted")
        if token != f"token-{self.model.session}":
            raise Refusal(1106, "Auth token is no longer valid. Request for a new auth token")

    def change_password(self, body: Item) -> str:
        """A new password, which may be longer than login takes. All tokens end."""
        new = str(body.get("newPassword") or "")
        if len(new) < 8:
            raise Refusal(1000, "Password is too small.")
        if body.get("oldPassword") != self.model.password[:29]:
            raise Refusal(1105, "Old password is incorrect.")
        self.model.password = new
        self.model.session = uuid.uuid4().hex
        return "Password changed."

    # --- root domain ----------------------------------------------------------------------------------------------------

    def info(self) -> Item:
        """What a fresh server leaves out is left out."""
        found: Item = {"forceSsl": self.model.force_ssl, "rootDomain": self.model.root, "captainSubDomain": "captain"}
        return found if self.model.root_ssl is None else {"hasRootSsl": self.model.root_ssl, **found}

    def change_root(self, body: Item) -> str:
        """Another root domain; by force also where it has TLS, which ends all TLS."""
        domain = re.sub(r"^https?://", "", str(body.get("rootDomain") or "").lower().strip())
        if len(domain) < 3 or any(char in domain for char in "/:% \\"):
            raise Refusal(1000, "Bad domain name.")
        if any(one["registryType"] == "LOCAL_REG" for one in self.model.registries):
            raise Refusal(1108, "Delete your self-hosted Docker registry before changing the domain.")
        if self.model.root_ssl and domain != self.model.root and not body.get("force"):
            text = "SSL is enabled for root. You can still force change the root domain, but read docs for consequences!"
            raise Refusal(1000, text)
        if not self.model.resolves(domain):
            raise Refusal(1107, "Verification Failed.")
        if body.get("force"):
            self.model.root_ssl, self.model.force_ssl = False, False
            for app in self.model.apps.values():
                app["hasDefaultSubDomainSsl"], app["forceSsl"] = False, False
        self.model.root = domain
        return "Root domain changed."

    def enable_ssl(self, body: Item) -> str:
        """TLS for the root domain."""
        email = str(body.get("emailAddress") or "")
        if not re.fullmatch(r"[^@/:% ]+@[^@/:% ]+\.[^@/:% ]+", email):
            raise Refusal(1000, "Bad email address.")
        if self.model.certbot_busy:
            self.model.certbot_busy -= 1
            raise Refusal(1000, "Another operation is in process for Certbot. Please wait a few seconds and try again.")
        if not self.model.root or not self.model.resolves(self.model.root):
            said = "Saving debug log to /var/log/letsencrypt/letsencrypt.log\r\nRequesting a certificate for captain.captain.localhost\r\n"
            said += "Domain: captain.captain.localhost\r\n  Detail: no valid A records found\r\nSome challenges have failed.\r\n"
            raise Refusal(1107, f"Unexpected output when enabling SSL forcaptain.captain.localhost with ACME Certbot \n {said}")
        time.sleep(self.model.times.certificate)
        self.model.root_ssl, self.model.email = True, email
        return "Root SSL Enabled."

    def force_ssl(self, body: Item) -> str:
        """Only HTTPS from now on."""
        if body.get("isEnabled") and not self.model.root_ssl:
            raise Refusal(1000, "You first need to enable SSL on the root domain before forcing it.")
        self.model.force_ssl = bool(body.get("isEnabled"))
        return "Non-SSL traffic is now rejected." if self.model.force_ssl else "Non-SSL traffic is now allowed."

    # --- settings -------------------------------------------------------------------------------------------------------

    def set_cleanup(self, body: Item) -> str:
        """When unused images go."""
        cron = str(body.get("cronSchedule") or "")
        if cron and not _CRON.fullmatch(cron):
            raise Refusal(1110, "Invalid cron schedule")
        self.model.cleanup = {"mostRecentLimit": body.get("mostRecentLimit"), "cronSchedule": cron, "timezone": body.get("timezone")}
        return "Disk cleanup configs updated"

    def netdata(self) -> Item:
        """Whether netdata runs."""
        return {**self.model.netdata, "netDataUrl": f"captain.{self.model.root}/net-data-monitor"}

    def set_netdata(self, body: Item) -> str:
        """Start or end netdata."""
        if not body.get("netDataInfo"):
            raise Plain
        self.model.netdata = {key: body["netDataInfo"][key] for key in ("isEnabled", "data")}
        return "Netdata info is updated"

    def nginx(self) -> Item:
        """The templates; a value of one's own only where there is one."""
        return {key: {"byDefault": "<template>", **({"customValue": value} if value else {})} for key, value in self.model.nginx.items()}

    def set_nginx(self, body: Item) -> str:
        """Other templates."""
        if not {"baseConfig", "captainConfig"} <= set(body):
            raise Plain
        new = {key: str(body[key].get("customValue") or "") for key in ("baseConfig", "captainConfig")}
        if any("bogus" in value for value in new.values()):
            said = '[emerg] 501#501: unknown directive "bogus" in /etc/nginx/nginx.conf:1'
            raise Refusal(1116, f"2026/11/23 23:16:29 {said}\r\nnginx: configuration file /etc/nginx/nginx.conf test failed\r\n")
        self.model.nginx = new
        return "Nginx config is updated"

    # --- registries -----------------------------------------------------------------------------------------------------

    def registries(self) -> Item:
        """All of them, with passwords."""
        default = {} if self.model.default_registry is None else {"defaultPushRegistryId": self.model.default_registry}
        return {"registries": [dict(one) for one in self.model.registries], **default}

    def insert_registry(self, body: Item, kind: str = "REMOTE_REG") -> str:
        """Another registry, whether or not it is there already. The very first becomes the default."""
        made = self._registry(body)
        self.model.registries.append({"id": str(uuid.uuid4()), **made, "registryType": kind})
        if self.model.default_registry is None and kind == "REMOTE_REG":
            self.model.default_registry = self.model.registries[-1]["id"]
        return "Registry is added."

    def update_registry(self, body: Item) -> str:
        """Change one."""
        found = next((one for one in self.model.registries if one["id"] == body.get("id")), None)
        if found is None:
            raise Refusal(1111, "Registry not found")
        found.update(self._registry(body))
        return "Registry is updated."

    def _registry(self, body: Item) -> Item:
        keys = ("registryUser", "registryPassword", "registryDomain", "registryImagePrefix")
        made = {key: str(body.get(key, "undefined")) for key in keys}
        made["registryDomain"] = re.sub(r"^https?://", "", made["registryDomain"])
        if not all(made[key] for key in keys[:3]):
            raise Refusal(1110, "User, password and domain are required.")
        if not self.model.resolves(made["registryDomain"]) or made["registryPassword"] == "wrong":
            raise Refusal(1112, "Registry authentication failed. Either username, password or domain is incorrect.")
        return made

    def delete_registry(self, body: Item) -> str:
        """Remove one that is not the default."""
        identity = body.get("registryId")
        if not any(one["id"] == identity for one in self.model.registries):
            raise Refusal(1111, "Registry not found")
        if identity == self.model.default_registry:
            raise Refusal(1110, "Cannot remove the default push. First change the default push.")
        self.model.registries = [one for one in self.model.registries if one["id"] != identity]
        return "Registry deleted"

    def set_push(self, body: Item) -> str:
        """Another default."""
        identity = str(body.get("registryId") or "")
        if identity and not any(one["id"] == identity for one in self.model.registries):
            raise Refusal(1111, "Registry not found")
        self.model.default_registry = identity
        return "Push Registry changed"

    def enable_registry(self) -> str:
        """CapRover's own registry. A second call fails, and has replaced the password by then."""
        if not self.model.root_ssl:
            raise Refusal(1000, "Root domain needs SSL first")
        if any(one["registryType"] == "LOCAL_REG" for one in self.model.registries):
            self.model.registry_broken = True
            raise Refusal(1110, "There is already a local registry set up!")
        keys = ("registryUser", "registryPassword", "registryDomain", "registryImagePrefix")
        values = ("captain", uuid.uuid4().hex, f"registry.{self.model.root}:996", "captain")
        self.model.registry_broken = False
        self.insert_registry(dict(zip(keys, values, strict=True)), "LOCAL_REG")
        return "Local registry is created."

    def disable_registry(self) -> str:
        """No registry of its own; where there is none, an error that is not handled."""
        found = next((one for one in self.model.registries if one["registryType"] == "LOCAL_REG"), None)
        if found is None:
            raise Plain
        self.delete_registry({"registryId": found["id"]})
        return "Local registry is removed."
