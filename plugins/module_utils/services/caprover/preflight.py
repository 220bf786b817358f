# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CapRover: the managers of its Swarm, networks that overlap no host, its password, its TLS, its registries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...agent.services.caprover.server import LONGEST, SHORTEST
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules import Area
from ...preflight.rules.places import finding, place
from ..docker import networks

ROLE = "caprover"
PASSWORD = "caprover_password"
#: The longest prefix of an overlay network that leaves an address for a container beside the gateway and the load balancer.
LONGEST_PREFIX = 29

CODES = (
    Code(
        "caprover-terms",
        "CapRover's installer needs its makers' terms of service accepted.",
        "Set caprover_accept_terms: true, after reading TERMS_AND_CONDITIONS.md of CapRover's repository.",
    ),
    Code(
        "caprover-managers",
        "A manager of the Swarm is not a host of the group caprover, or is listed twice.",
        "Set caprover_managers: hosts of the group caprover, each once.",
    ),
    Code(
        "caprover-managers-even",
        "An even number of managers survives the loss of no more managers than one fewer would.",
        "List one, three or five hosts in caprover_managers.",
    ),
    Code(
        "caprover-docker",
        "A host of the group caprover does not get Docker.",
        "Put the host into the group docker, too.",
    ),
    Code(
        "caprover-pool",
        "An entry of caprover_address_pools is not an IPv4 network, or its networks are larger than it is.",
        "Set caprover_address_pools: networks such as 10.211.0.0/16, caprover_pool_size: the prefix of each network that"
        " is taken from them.",
    ),
    Code(
        "caprover-pool-overlap",
        "A network of caprover_address_pools contains an address of the site, or overlaps another pool: containers could not reach it.",
        "Set caprover_address_pools: networks that the site does not use.",
    ),
    Code(
        "caprover-tls",
        "TLS of CapRover needs what is not set: a root domain and an address for Let's Encrypt, or TLS of CapRover itself.",
        "Set caprover_root_domain and caprover_email for caprover_root_tls; caprover_root_tls for forced TLS and a registry of its own.",
    ),
    Code(
        "caprover-password",
        f"CapRover's password has fewer than {SHORTEST} or more than {LONGEST} characters: CapRover would refuse the login.",
        f"Write caprover_password with {SHORTEST} to {LONGEST} characters into secrets.yml (ansible-vault edit); or remove it there, so"
        " that one is generated.",
    ),
    Code(
        "caprover-push-registry",
        "Images that CapRover builds are to be pushed to a registry that it does not know, or to one without an image_prefix.",
        "Set caprover_default_push_registry: a registry of the site, one of caprover_registries with image_prefix, or none; or remove it.",
    ),
)


def caprover_hosts(site: Site) -> list[Host]:
    """Hosts with the role, in the inventory's order."""
    return [host for host in site.hosts.values() if ROLE in host.roles]


def managers(site: Site, host: Host) -> list[str] | None:
    """The managers as a host's variables name them; None where they are not known before the host checks."""
    given = host.get("caprover_managers")
    if given is UNKNOWN or not isinstance(given, list | tuple | None) or any(not isinstance(name, str) for name in given or ()):
        return None
    return list(given) if given else [one.name for one in site.members(ROLE)][:1]


def check_managers(site: Site) -> Iterator[Finding]:
    """Hosts of the group, each once, an odd number."""
    members = [host.name for host in site.members(ROLE)]
    for host in caprover_hosts(site):
        named = managers(site, host)
        if named is None:
            continue
        where, variable, source = place(site, host, ("caprover_managers",), ROLE)
        for index, name in enumerate(named):
            problem = "" if name in members else f"{name} is not a host of the group {ROLE}."
            problem = f"{name} is listed twice." if name in named[:index] else problem
            if problem:
                fix = f"set {variable}: some of {', '.join(members)}, each once"
                yield Finding("caprover-managers", where, f"{variable}[{index}]", problem, fix, source)
        count = len(set(named))
        if count % 2 == 0:
            problem = f"with {count} managers the Swarm tolerates the loss of as many as with {count - 1}."
            fix = f"set {variable}: an odd number of hosts: {count - 1}, or {count + 1}"
            yield Finding("caprover-managers-even", where, variable, problem, fix, source)


def check_hosts(site: Site) -> Iterator[Finding]:
    """Docker and the terms of service."""
    for host in caprover_hosts(site):
        if "docker" not in host.roles:
            problem = "CapRover runs on Docker, which this host does not get."
            yield Finding("caprover-docker", host.name, "-", problem, f"put {host.name} into the group docker")
        if host.known("caprover_accept_terms") is False:
            problem = "CapRover's installer does nothing before its makers' terms of service are accepted, which only you can do."
            fix = "set caprover_accept_terms: true, after reading TERMS_AND_CONDITIONS.md of CapRover's repository"
            yield finding(site, host, ("caprover_accept_terms",), ROLE, "caprover-terms", problem, fix)


def check_pools(site: Site) -> Iterator[Finding]:
    """Each network by itself, against each other, against Docker's own and against the addresses of the site."""
    for host in caprover_hosts(site):
        given, size = host.known("caprover_address_pools"), host.number("caprover_pool_size")
        where, name, source = place(site, host, ("caprover_address_pools",), ROLE)
        found: list[networks.Pool] = []
        for index, text in enumerate(given if isinstance(given, list | tuple) else ()):
            if text is UNKNOWN or size is None:
                continue
            entry = {"base": text, "size": size}
            wrong = networks.problem(entry).replace("base is", f"{text} is").replace("size is", f"{size} of caprover_pool_size is")
            if not wrong and size > LONGEST_PREFIX:
                wrong = f"{size} of caprover_pool_size leaves no address for containers"
            if not wrong and ":" in str(text):
                wrong = f"{text} is an IPv6 network, which a Swarm does not take"
            if wrong:
                fix = f"set {name}: networks such as 10.211.0.0/16, caprover_pool_size: 24"
                yield Finding("caprover-pool", where, f"{name}[{index}]", f"{wrong}.", fix, source)
                continue
            found += [networks.Pool(index, pool.base, pool.size) for pool in networks.pools([entry])]
        for pool in found:
            others = [(f"{other.base} of {name}[{other.index}]", other.base) for other in found if other.index > pool.index]
            taken = networks.taken(pool, [*networks.of_hosts(site), *_bridges(host), *others])
            for what in taken.overlapping:
                problem = f"{pool.base} overlaps {what}, which could not be reached from containers."
                fix = f"set {name}: a network that the site does not use"
                yield Finding("caprover-pool-overlap", where, f"{name}[{pool.index}]", problem, fix, source)


def _bridges(host: Host) -> Iterator[tuple[str, networks.Network]]:
    given = host.known("docker_address_pools")
    for pool in networks.pools(given if isinstance(given, list | tuple) else ()):
        yield f"{pool.base} of docker_address_pools", pool.base


def check_tls(site: Site) -> Iterator[Finding]:
    """What TLS needs."""
    for host in caprover_hosts(site):
        root_tls = host.known("caprover_root_tls")
        missing = [name for name in ("caprover_root_domain", "caprover_email") if root_tls is True and host.get(name) in ("", None)]
        for name in missing:
            problem = f"Let's Encrypt needs {name}, which is empty."
            yield finding(
                site, host, (name, "caprover_root_tls"), ROLE, "caprover-tls", problem, f"set {name}, or caprover_root_tls: false"
            )
        for name in ("caprover_force_tls", "caprover_self_hosted_registry"):
            if host.known(name) is True and root_tls is False:
                problem = f"{name} needs a certificate of CapRover itself."
                yield finding(site, host, (name,), ROLE, "caprover-tls", problem, f"set caprover_root_tls: true, or {name}: false")


def check_password(site: Site) -> Iterator[Finding]:
    """A password that a person chose."""
    for file in site.secrets:
        value = file.values.get(PASSWORD)
        if value is not None and not SHORTEST <= len(value) <= LONGEST and caprover_hosts(site):
            problem = "CapRover sets such a password, and then accepts no login with it."
            yield Finding(
                "caprover-password",
                file.path,
                PASSWORD,
                problem,
                f"write a {PASSWORD} of {SHORTEST} to {LONGEST} characters into {file.path} (ansible-vault edit)",
            )


def check_registries(site: Site) -> Iterator[Finding]:
    """The registry that is pushed to is one that CapRover gets."""
    site_registries = [str(item["name"]) for host in site.hosts.values() for item in _registries(host)]
    for host in caprover_hosts(site):
        wanted, given = host.text("caprover_default_push_registry"), host.known("caprover_registries")
        if wanted in ("", "none") or not isinstance(given, list | tuple) or host.known("caprover_self_hosted_registry") is True:
            continue
        known = [one for entry in given if isinstance(entry, Mapping) for one in _names(entry)]
        known += site_registries if host.known("caprover_site_registry") is not False else []
        if wanted not in known and UNKNOWN not in known:
            problem = f"CapRover does not get a registry {wanted} with an image_prefix."
            fix = (
                f"set caprover_default_push_registry: one of {', '.join(map(str, known))}, or none"
                if known
                else "add an entry to caprover_registries"
            )
            yield finding(site, host, ("caprover_default_push_registry",), ROLE, "caprover-push-registry", problem, fix)


def _registries(host: Host) -> Iterator[Mapping[str, Any]]:
    """What a host exports; its names are made of private variables, so the public ones are read."""
    if "registry" in host.roles:
        yield {"name": f"{host.text('registry_name') or host.name}:{host.text('registry_port', '5000')}"}


def _names(entry: Mapping[str, Any]) -> list[Any]:
    domain, prefix = entry.get("domain"), entry.get("image_prefix")
    return [domain, f"{domain}/{prefix}"] if prefix else []


RULES = (check_hosts, check_managers, check_pools, check_tls, check_password, check_registries)

AREA = Area("CapRover and its Swarm", CODES, RULES)
