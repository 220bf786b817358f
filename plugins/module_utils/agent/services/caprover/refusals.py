# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CapRover's refusals mean, as sentences that say what to do.

Its numbers are coarse (1000 for most), so its words decide. They are those of version 1.15.3, see tests/unit/services/caprover/data.
"""

from __future__ import annotations

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: CapRover's status codes (its src/api/ApiStatusCodes.ts).
OK = (100, 101, 102)
PARTLY, NOT_READY, USER_NOT_READY, EXISTS, WRONG_PASSWORD = 102, 1001, 1101, 1103, 1105
BAD_TOKEN, UNVERIFIED, BACK_OFF, NEEDS_OTP, BAD_NGINX = 1106, 1107, 1113, 1114, 1116
#: Its words where certbot, or a backup, has a lock of its own: after a start CapRover lists its certificates and renews them each day.
CERTBOT = "Another operation is in process"
#: Stands for the HTTP status of an answer that has none of CapRover's statuses in it: something else answers.
FOREIGN = 0
#: Seconds for which no login is possible after five wrong passwords (its src/routes/login/LoginRouter.ts).
LOCKED = 30
#: Characters that are shown of what it says: certbot's whole output may be in it.
LONGEST = 500

_UNVERIFIED = "check that its DNS records lead to this server, and that port 80 is reachable from the server itself too (hairpin NAT)"
#: Words of a refusal -> the option that they are about, what to do.
FIXES: tuple[tuple[str, str, str], ...] = (
    ("Bad domain name", "root_domain", "use a domain such as apps.example.org, without port or path"),
    ("Bad email address", "email", "use an address that the certificate authority may write to"),
    ("SSL is enabled for root", "root_domain", "set force_root_domain: true, which turns the TLS of all apps off"),
    ("enable SSL on the root domain", "force_tls", "set root_tls: true"),
    ("enable SSL for your root domain", "", "set root_tls: true of caprover_server first"),
    ("self-hosted Docker registry before changing", "root_domain", "set self_hosted_registry: false first"),
    ("volumes for a non-persistent", "volumes", "use an app that was created with persistent: true"),
    ("Node ID you requested", "node", "use a node of this Swarm; for an app whose node is gone, set state: absent, then create it again"),
    ("serviceUpdateOverride", "service_override", "use a mapping as Docker's service specification has it"),
    ("Cannot force SSL", "force_tls", "set tls: true for the app or for one of its domains"),
    ("without at least one SSL", "force_tls", "set force_tls: false, or keep a domain with TLS"),
    ("Environmental Variable", "environment", "give each variable a name"),
    ("Invalid ports", "ports", "write host and container ports from 1 to 65535"),
    ("port is missing", "ports", "write host and container of each port"),
    ("Invalid volume name", "volumes", "write letters, digits, single hyphens and dots, and _"),
    ("containerPath or", "volumes", "write path with volume or host_path"),
    ("Project not found", "project", "use a project that exists"),
    ("subdomain of root domain", "domains", "use a name below <app>.<root domain>, or one outside of the root domain"),
    ("Domain name is not accepted", "domains", "write lower-case letters, digits, hyphens and dots, at most 80"),
    ("App Name is not allowed", "name", "write lower-case letters, digits and single hyphens, fewer than 50"),
    ("could not be found", "name", "use the name of an app that exists, or create it with caprover_apps first"),
    ("Build in-progress", "", "run again when the build has ended"),
    ("Github/BitBucket/Gitlab", "repository", "write repo and branch, with user and password or with private_key"),
    ("encrypted SSH keys", "repository", "use a private_key without a passphrase"),
    ("Registry authentication failed", "registries", "write domain, user and password that docker login accepts on this server"),
    ("User, password and domain", "registries", "write domain, user and password"),
    ("Cannot remove the default push", "default_push_registry", "use another registry, or an empty text, as default_push_registry"),
    ("already a local registry", "self_hosted_registry", "restart CapRover: the second call has changed the registry's password"),
    ("Invalid cron schedule", "disk_cleanup", "write a schedule as cron has it, such as 0 3 * * *"),
    ("password is too long", "password", "write 8 to 29 characters"),
    ("Password is too small", "password", "write 8 to 29 characters"),
    ("version is not supported", "captain_definition", "set schemaVersion: 2"),
    ("only one, of these properties", "captain_definition", "use one of imageName, dockerfileLines, dockerfilePath, templateId"),
    ("file does not exist", "tarball", "use a tar file with captain-definition or Dockerfile at its top"),
    ("invalid reference format", "default_push_registry", "use a registry with an image_prefix, which CapRover needs to name the image"),
    ("Push failed", "", "check that default_push_registry answers and accepts the user's password"),
    ("ImageName for deployed version", "", "deploy an image with caprover_deploy"),
    ("Docker version is too old", "", "use Docker 25 or newer"),
)


_NO_ANSWER = "the proxy in front of CapRover gets no answer from it"
_PROXIES = {
    413: "the request is larger than the proxy in front of CapRover accepts",
    502: _NO_ANSWER,
    503: _NO_ANSWER,
    504: f"{_NO_ANSWER} in time",
}


class Refused(Exception):
    """CapRover answered, and did not do it.

    :ivar http: HTTP status; anything but 200 comes without a reason
    :ivar status: CapRover's own status, 0 beside a plain text
    :ivar said: its words
    """

    def __init__(self, http: int, status: int, said: str) -> None:
        super().__init__(f"{status or http}: {said}")
        self.http = http
        self.status = status
        self.said = said


def reason(error: Refused) -> str:
    """Its words, of long ones the lines that tell: nginx's ``[emerg]``, what certbot says beside a domain."""
    if error.http == 429:
        return "another operation on this server is still in progress (HTTP 429)"
    if error.http in _PROXIES:
        return f"{_PROXIES[error.http]} (HTTP {error.http})"
    if error.http == FOREIGN and not error.status:
        return f"what answers is not CapRover's API: {' '.join(error.said.split())[:80]}"
    if not error.status:
        return f"HTTP {error.http} without a reason"
    lines = [line.strip() for line in error.said.replace("\r", "\n").split("\n") if line.strip()]
    telling = [line for line in lines if "[emerg]" in line or line.startswith(("Detail:", "Hint:", "Domain:"))]
    text = " ".join(telling or lines)
    if len(text) > LONGEST:
        text = f"{text[:200]} ... {text[-(LONGEST - 200) :]}"
    return text.rstrip(". ") or f"status {error.status}"


def fix(error: Refused) -> tuple[str, str]:
    """The option that a refusal is about and what to write or do; both empty where its words are not known."""
    if error.http == 429 or CERTBOT in error.said:
        return "", "run again when it has ended; docker service logs captain-captain on its manager says which it is"
    if error.http == 413:
        return "", "run the task on CapRover's own host with url http://127.0.0.1:3000, or send less"
    if error.http in _PROXIES:
        return "", "see docker service ps captain-captain on its manager, and run again"
    if error.http == FOREIGN and not error.status:
        return "url", "set url: the address of CapRover itself"
    if error.status == BAD_NGINX:
        return "nginx_config", "write a configuration that nginx -t accepts"
    for words, option, text in FIXES:
        if words in error.said:
            return option, text
    # The words for it are certbot's, and there are many.
    return ("", _UNVERIFIED) if error.status == UNVERIFIED else ("", "")


def refusal(what: str, error: Refused, suspects: Iterable[str] = (), options: Iterable[str] = ()) -> AgentError:
    """The error that a person gets.

    :param what: what was tried: ``change app web1``
    :param suspects: options that Docker may refuse, where CapRover gives no reason
    :param options: options of the module, where only these can be meant
    """
    option, text = fix(error)
    if options and option not in options:
        option = ""
    if error.status == BAD_NGINX and what.endswith("nginx"):  # the server's own templates
        option = "nginx"
    said = f"CapRover refused to {what}{f' ({option})' if option else ''}: {reason(error)}"
    if not text:
        named = ", ".join(suspects) if not error.status and error.http == 500 else ""
        text = f"correct {named}, which Docker may refuse, or " if named else ""
        text += "see docker service logs captain-captain on its manager"
    return AgentError("caprover-refused", f"{said}. Fix: {text}")
