# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apps: the catalogue by itself, and what CapRover would refuse of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...agent.core.model import AgentError
from ...agent.services.caprover.wanted import app_name
from ...preflight.findings import Code, Finding, Level
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules import Area
from ...preflight.rules.entries import entries as entries_of
from ...preflight.rules.entries import is_open
from ...preflight.rules.places import place
from ...preflight.texts import Vaulted
from ...preflight.values import Problem
from ..docker import networks
from . import rules
from .caprover import Server
from .catalogue import App, BadAppError, parse
from .endpoints import services
from .references import secret_names

ROLE = "apps"

CODES = (
    *rules.CODES,
    Code(
        "apps-name-refused",
        "CapRover uses the name of an app itself (captain, registry, captain-...), and refuses it.",
        "Use another name.",
    ),
    Code(
        "apps-domain-refused",
        "A domain lies below CapRover's root domain, where CapRover gives out the names itself and refuses others.",
        "Use <name of the app>.<caprover_root_domain>, or a domain outside of caprover_root_domain, which may be apps.example.org.",
    ),
    Code(
        "apps-domain-certificate",
        "An app is to have TLS, and CapRover can get no certificate because it has none itself.",
        "Set caprover_root_tls: true; tls: false for the app, where an edge terminates TLS.",
    ),
    Code(
        "apps-domain-plain",
        "A domain outside of CapRover's root domain has no certificate: tls is false for its app, and the site has no edge for it.",
        "Set tls: true for the app, or put a host into the group edge, which gets the certificate.",
        Level.WARNING,
    ),
    Code(
        "apps-login-plain",
        "The environment of an app has a URL with a password in it in plain text.",
        "Write ${secret.NAME|url} in place of the password, with NAME in apps_secrets or of a role; and renew that password.",
        Level.WARNING,
    ),
    Code(
        "apps-secret-powerful",
        "An app gets the secret of a superuser, who may do anything to all data of the service.",
        "Use the secret of a role (postgresql_roles) or user (minio_users) that only this app has.",
        Level.WARNING,
    ),
    Code(
        "apps-publish-source",
        "A published port is opened for a name that is not a group, host, address or network of the site, so it would stay closed.",
        "Set from: any, or a list of groups, hosts, addresses and networks; an empty list opens it for no host.",
    ),
    Code(
        "apps-purge-empty",
        "Apps that left the catalogue are to be removed, and which apps are the site's is not known, or the catalogue is empty.",
        "Set apps_owner with a tag and apps in the catalogue, or apps_purge: false.",
    ),
)


def apps_hosts(site: Site) -> list[Host]:
    """Hosts with the role, in the inventory's order."""
    return [host for host in site.hosts.values() if ROLE in host.roles]


def catalogue(host: Host) -> list[Any] | None:
    """The catalogue as a host's variables have it; None where it is not known before the host checks, or is not a list."""
    given = host.get("apps")
    return list(given) if isinstance(given, list | tuple) and not is_open(list(given)) else None


def check_catalogue(site: Site) -> Iterator[Finding]:
    """All that is wrong with it."""
    known: list[tuple[Any, rules.Surroundings]] = []
    for host in apps_hosts(site):
        entries = catalogue(host)
        if not entries:
            continue
        around = surroundings(site, host)
        where, _variable, source = place(site, host, ("apps",), ROLE)
        # The same catalogue for all hosts of a group is judged once.
        if any(entries == other and around == context for other, context in known):
            continue
        known.append((entries, around))
        for one in (
            *rules.problems(entries, around),
            *refused(entries, host),
            *unopened(entries, site),
            *plain(entries, site, host),
            *exposed(entries),
        ):
            yield Finding(one.code, where, one.path, one.problem, one.fix, source)


def surroundings(site: Site, host: Host) -> rules.Surroundings:
    """What a catalogue may refer to on this site."""
    exported = [item for other in site.hosts.values() for item in other.exported("endpoints") if isinstance(item.get("values"), dict)]
    declared = host.known("apps_services")
    return rules.Surroundings(
        secrets=secrets_of(site), services=services(exported, declared if isinstance(declared, dict) and not is_open(declared) else None)
    )


def secrets_of(site: Site) -> frozenset[str] | None:
    """Names of the site's secrets: those that exist, and those that the inventory makes. None where they cannot be known now.

    A site without a file of secrets gets all of them with this run, some under names that only templates say.
    """
    if any(not file.opened or file.malformed for file in site.secrets):
        return None
    new = frozenset() if site.secrets else site.new_secrets()
    if new is None:
        return None
    names = {*new, *(name for file in site.secrets for name in file.values)}
    for host in site.hosts.values():
        names |= {str(item["name"]) for item in host.exported("secrets")}
        names |= {name for item in host.exported("named_secrets") for name in _named(host, item)}
        given = host.known("apps_secrets")
        names |= {str(name) for name in given} if isinstance(given, list | tuple) else set()
    return frozenset(names)


def _named(host: Host, item: Mapping[str, Any]) -> Iterator[str]:
    """The secrets that a role makes for the entries of a list."""
    for entry in entries_of(host.known(str(item["variable"]))):
        if not entry.get(str(item["own"])):
            yield f"{item['prefix']}{entry.get(str(item['key']))}"


def refused(entries: list[Any], host: Host) -> Iterator[Problem]:
    """What CapRover would refuse of apps that are well described."""
    root, root_tls = host.text("caprover_root_domain"), host.known("caprover_root_tls")
    for index, entry in enumerate(entries):
        try:
            app = parse(entry)
        except BadAppError:
            continue
        try:
            app_name(app.name)
        except AgentError as error:
            yield Problem("apps-name-refused", f"apps[{index}].name", f"{error.msg.partition('. Fix:')[0]}.", "use another name")
        yield from _domains(f"apps[{index}]", app, root)
        if app.present and app.domains and app.tls and root_tls is False:
            problem = f"{app.domains[0]} is to have TLS, and CapRover has no certificate itself."
            yield Problem(
                "apps-domain-certificate", f"apps[{index}].tls", problem, "set caprover_root_tls: true, or tls: false behind an edge"
            )


def plain(entries: list[Any], site: Site, host: Host) -> Iterator[Problem]:
    """Domains outside of the root domain that nothing gives a certificate. Those below it may be for the site alone."""
    root = host.text("caprover_root_domain")
    if site.members("edge"):
        return
    for index, entry in enumerate(entries):
        try:
            app = parse(entry)
        except BadAppError:
            continue
        for number, domain in enumerate(app.domains if not app.tls else ()):
            if not (root and f".{domain}".endswith(f".{root}")):
                fix = "set tls: true, or put a host into the group edge"
                yield Problem("apps-domain-plain", f"apps[{index}].domains[{number}]", f"{domain} is served without TLS.", fix)


#: ``scheme://user:password@host`` with a password that is not a reference.
_LOGIN = re.compile(r"://[^\s:/@]*:(?!\$\{)[^\s/@]+@")
#: Secrets of those who may do anything to a service.
_ALL_POWERFUL = re.compile(r"(?:[a-z0-9_]+_)?(?:superuser|root)(?:_password)?")


def exposed(entries: list[Any]) -> Iterator[Problem]:
    """Environments that show a password, or give an app more rights than it needs."""
    for index, entry in enumerate(entries):
        given = entry.get("environment") if isinstance(entry, Mapping) else None
        for name, value in given.items() if isinstance(given, Mapping) else ():
            path = f"apps[{index}].environment.{name}"
            if isinstance(value, str) and not isinstance(value, Vaulted) and _LOGIN.search(value):
                fix = "write ${secret.NAME|url} in place of the password, and renew that password"
                yield Problem("apps-login-plain", path, "there is a URL with a password in plain text.", fix)
            for secret in sorted(one for one in secret_names([{"environment": {name: value}}]) if _ALL_POWERFUL.fullmatch(one)):
                problem = f"{secret} may do anything to all data of its service, and a fault in the app would give that away."
                yield Problem("apps-secret-powerful", path, problem, "use the secret of a role or user that only this app has")


def unopened(entries: list[Any], site: Site) -> Iterator[Problem]:
    """Sources of published ports that the firewall does not know."""
    for index, entry in enumerate(entries):
        try:
            app = parse(entry)
        except BadAppError:
            continue
        for number, one in enumerate(app.publish):
            for name in one.sources:
                if name != "any" and name not in site.groups and name not in site.hosts and not networks.network(name):
                    problem = f"{name} is not a group, host, address or network of the site."
                    yield Problem("apps-publish-source", f"apps[{index}].publish[{number}].from", problem, "write any, or names that exist")


def _domains(path: str, app: App, root: str) -> Iterator[Problem]:
    own = Server(root).own_domain(app)
    for number, domain in enumerate(app.domains):
        # Names below its own domain are an app's (recorded).
        if root and f".{domain}".endswith(f".{root}") and domain != own and not domain.endswith(f".{own}"):
            problem = f"CapRover gives out {root} and the names below it itself, and refuses {domain}."
            fix = f"use {own}, or a domain outside of {root}"
            yield Problem("apps-domain-refused", f"{path}.domains[{number}]", problem, fix)


def check_purge(site: Site) -> Iterator[Finding]:
    """Apps are removed only where it is certain which ones are the site's."""
    for host in apps_hosts(site):
        if host.known("apps_purge") is not True:
            continue
        where, variable, source = place(site, host, ("apps_purge",), ROLE)
        owner, entries = host.get("apps_owner"), host.get("apps")
        if owner in ("", None) or (entries is not UNKNOWN and not entries):
            problem = "apps that left the catalogue are to be removed, and the catalogue or the tag apps_owner is empty."
            yield Finding("apps-purge-empty", where, variable, problem, "set apps_purge: false, or set apps_owner and apps", source)


RULES = (check_catalogue, check_purge)

AREA = Area("Apps", CODES, RULES)
