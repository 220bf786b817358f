# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of Traefik 3.7 for the sites of an edge: what it reads when it starts, and what it reads again on SIGHUP. Pure.

https://doc.traefik.io/traefik/v3.7/reference/ has the options. What Traefik runs is told apart from what lies on the disk by the name of a
middleware, :func:`marker`, that nothing uses.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import yaml

from .nginx_text import address
from .plan import Plan, prepared
from .sites import EdgeSite
from .tls_profiles import GO_CURVES, ON_TCP, PROFILES, Profile
from .traefik_http import http
from .traefik_tcp import tcp

if TYPE_CHECKING:
    from ...agent.definition import Json

FILE = "/etc/traefik/vannah.yml"
ACCESS_LOG = "/var/log/traefik/access.log"
#: Seconds for a whole request with its body: Traefik has no time that counts from the last byte, and an upload of gigabytes takes hours.
WHOLE_REQUEST = 14400
#: Upper bounds of the histogram of latencies, in seconds.
BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 120.0]
#: Of the access log, beside the time: each of forty fields costs a hundredth of a small request.
#: https://doc.traefik.io/traefik/v3.7/reference/install-configuration/observability/logs-and-accesslogs/ has the names.
LOG_FIELDS = (
    "RouterName",
    "ClientHost",
    "ClientUsername",
    "TLSClientSubject",
    "RequestMethod",
    "RequestHost",
    "RequestPath",
    "RequestContentSize",
    "DownstreamStatus",
    "DownstreamContentSize",
    "Duration",
    "ServiceAddr",
    "OriginStatus",
)
HEAD = "# Made by vannah.healthcloud (role edge); changes are overwritten.\n"


def static(plan: Plan) -> str:
    """What Traefik reads when it starts: ports, logs, metrics."""
    settings = plan.settings
    made: Json = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "WARN", "noColor": True},
        # Its own interface, on the loopback.
        "api": {"insecure": True, "dashboard": False},
        "providers": {"file": {"filename": FILE, "watch": False}, "providersThrottleDuration": "200ms"},
        "entryPoints": {
            "traefik": {"address": f"127.0.0.1:{settings.status_port}"},
            **entry_points(plan, [settings.http_port, *plan.ports(tcp=False)], _of_http()),
            **entry_points(plan, plan.ports(tcp=True), {}),
        },
    }
    if settings.access_log:
        made["accessLog"] = {
            "filePath": ACCESS_LOG,
            "format": "json",
            # Lines that wait for the disk: a request does not.
            "bufferingSize": 1000,
            "fields": {
                "defaultMode": "drop",
                "names": dict.fromkeys(LOG_FIELDS, "keep"),
                "queryParameters": {"defaultMode": "drop"},
                "headers": {"defaultMode": "drop", "names": {"User-Agent": "keep"}},
            },
        }
    if settings.metrics:
        made["entryPoints"]["metrics"] = {"address": settings.metrics}
        # Those of entry points cost each request, and nothing reads them.
        labels = {"addRoutersLabels": True, "addEntryPointsLabels": False}
        made["metrics"] = {"prometheus": {"entryPoint": "metrics", **labels, "buckets": BUCKETS}}
    return HEAD + _yaml(made)


def dynamic(plan: Plan) -> str:
    """What Traefik reads again on SIGHUP: sites, certificates; its second line has the generation."""
    profile = PROFILES[plan.settings.profile]
    made: Json = {"http": http(plan, profile), "tls": _tls(plan, profile)}
    if plan.ports(tcp=True):
        made["tcp"] = tcp(plan)
    generation = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:32]
    made["http"].setdefault("middlewares", {})[marker(generation)] = {"headers": {"customRequestHeaders": {"X-Vannah-Generation": ""}}}
    return f"{HEAD}# generation {generation}\n{_yaml(made)}"


def marker(generation: str) -> str:
    """The middleware by which a generation is known."""
    return f"vannah-{generation}"


def _yaml(value: Any) -> str:
    # By way of JSON: texts and numbers of an inventory are of types of Ansible's own.
    return str(yaml.dump(json.loads(json.dumps(value)), Dumper=_Whole, sort_keys=True, width=10**6, default_flow_style=False))


class _Whole(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # libyaml, where it is there: ten times as fast
    """Writes a value as often as it stands there, not a reference to it."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 # the signature is yaml's
        """No value is one."""
        return True


def entry_points(plan: Plan, ports: list[int], options: Json) -> Json:
    """An entry point for each address of each port; :func:`.traefik_http.entries` names them."""
    found = {}
    for port in ports:
        for index, bind in enumerate(plan.settings.bind):
            where = address(bind, port)
            found[f"port-{port}-{index}"] = {"address": where if ":" in where else f":{where}", **options}
    return found


def _of_http() -> Json:
    return {
        "transport": {
            "respondingTimeouts": {"readTimeout": f"{WHOLE_REQUEST}s", "writeTimeout": "0s", "idleTimeout": "180s"},
            "lifeCycle": {"graceTimeOut": "30s"},
        }
    }


def _options(profile: Profile) -> Json:
    found: Json = {
        "minVersion": profile.oldest,
        "curvePreferences": [GO_CURVES[curve] for curve in profile.curves],
        "alpnProtocols": ["h2", "http/1.1"],
        "sniStrict": True,
    }
    if profile.iana:
        found["cipherSuites"] = list(profile.iana)
    return found


def _tls(plan: Plan, profile: Profile) -> Json:
    options = {"default": _options(profile)}
    for site in plan.sites:
        if not site.terminates:
            continue
        own = _options(profile)
        if site.is_tcp:
            # Clients of DICOM and databases often send no name, and the port is this site's alone.
            own["sniStrict"] = False
            own["alpnProtocols"] = list(ON_TCP)
        if site.clients is not None:
            kind = "RequireAndVerifyClientCert" if site.clients.required else "VerifyClientCertIfGiven"
            own["clientAuth"] = {"caFiles": [site.clients.authority], "clientAuthType": kind}
        if own != options["default"]:
            options[site.name] = own
    terminating = [site for site in plan.sites if site.terminates]
    found: Json = {"options": options, "certificates": [_certificate(site) for site in terminating]}
    nameless = [site for site in terminating if site.is_tcp]
    if nameless:
        found["stores"] = {"default": {"defaultCertificate": _certificate(nameless[0])}}
    return found


def _certificate(site: EdgeSite) -> dict[str, str]:
    return {"certFile": prepared(site.name, "fullchain.pem"), "keyFile": prepared(site.name, "privkey.pem")}
