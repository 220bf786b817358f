# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker: versions that work together, networks that overlap no host, registries that are trusted by name, settings that have one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...preflight.findings import Code, Finding, Level
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules import Area
from ...preflight.rules.directories import directory_problem
from ...preflight.rules.places import finding, place
from . import compatibility, networks, registries

ROLE = "docker"

CODES = (
    Code(
        "docker-version-missing",
        "Docker comes from Docker's own repository, and no version says which: the newest would come, and another one on the next host.",
        'Set docker_version, such as "28.5".',
    ),
    Code(
        "docker-caprover",
        "This version of Docker does not work with CapRover.",
        "Set docker_version: 25 or newer (Debian 13 carries 26.1); with 29 or newer, CapRover 1.14.1 or newer.",
    ),
    Code(
        "docker-traefik",
        "This version of Docker does not work with the site's Traefik.",
        "Use Traefik 3.6.1 or newer, or docker_version below 29.",
    ),
    Code(
        "docker-pool-invalid",
        "An entry of docker_address_pools is not a network, or its networks are larger than it is.",
        "Set base: a network such as 10.209.0.0/16, size: the prefix of each network that is taken from it, such as 24.",
    ),
    Code(
        "docker-pool-overlap",
        "A network of docker_address_pools holds an address of the site, or overlaps another one: what lies in it could not be reached.",
        "Set docker_address_pools: networks that the site does not use.",
    ),
    Code(
        "docker-pool-within",
        "A network of docker_address_pools lies within one that the site names as a whole: hosts with an address in that part could not be"
        " reached.",
        "Set docker_address_pools outside of it; or change nothing where no host has an address in that part.",
        Level.WARNING,
    ),
    Code(
        "docker-insecure-registry",
        "An entry of docker_insecure_registries is not the name of one registry.",
        "Write the registry's name or address, with its port: registry.example.org:5000.",
    ),
    Code(
        "docker-registry-mirror",
        "An entry of docker_registry_mirrors is not the URL of a registry, or is contacted "
        "without TLS although it is not listed as insecure.",
        "Write https://host:port without a path; list the host:port of one with http in docker_insecure_registries, too.",
    ),
    Code(
        "docker-setting-refused",
        "A key of docker_settings has a variable of its own, or would have the engine not start, or its containers not be filtered.",
        "Use the variable that the message names, or remove the key.",
    ),
    Code(
        "docker-live-restore",
        "Containers are to keep running while the engine restarts, on a host of a Swarm: Docker "
        "refuses that, and the engine would not join.",
        "Set docker_live_restore: false.",
    ),
    Code(
        "docker-data-directory",
        "Docker's directory is relative, one that others share (/, /home, /var/lib), or is not on persistent storage.",
        "Set docker_data_directory: an absolute path of its own, such as /var/lib/docker.",
    ),
)

#: Keys of docker_settings that are refused: what is wrong, and the fix.
REFUSED = {
    "data-root": ("it has a variable of its own", "use docker_data_directory"),
    "default-address-pools": ("it has a variable of its own", "use docker_address_pools"),
    "insecure-registries": ("it has a variable of its own", "use docker_insecure_registries"),
    "live-restore": ("it has a variable of its own", "use docker_live_restore"),
    "registry-mirrors": ("it has a variable of its own", "use docker_registry_mirrors"),
    "hosts": ("the unit says where the engine listens, and it does not start with both", "remove hosts from docker_settings"),
}


def docker_hosts(site: Site) -> Iterator[Host]:
    """Hosts with the role."""
    return (host for host in site.hosts.values() if ROLE in host.roles)


def check_version(site: Site) -> Iterator[Finding]:
    """The version, and what else speaks to this Docker. What Debian carries is known once the host is asked."""
    for host in docker_hosts(site):
        text = host.text("docker_version")
        if not text and host.known("docker_source") == "docker":
            problem = "docker_source is docker, and no version is named."
            yield finding(
                site, host, ("docker_source",), ROLE, "docker-version-missing", problem, 'set docker_version: a version such as "28.5"'
            )
        version = compatibility.parse(text)
        if version is None:
            continue
        reason = (
            compatibility.with_caprover(version, compatibility.parse(host.text("caprover_version"))) if "caprover" in host.groups else ""
        )
        if reason:
            fix = (
                "set docker_version: 25 or newer, which Debian 13 carries as 26.1"
                if version < compatibility.FIRST
                else "set caprover_version: 1.15.3"
            )
            yield finding(site, host, ("docker_version",), ROLE, "docker-caprover", f"{reason}, and Docker {text} is requested.", fix)
        # Traefik may run on another host than the containers that it asks Docker for.
        for other in site.hosts.values():
            older = compatibility.with_traefik(version, compatibility.parse(other.text("traefik_version")))
            if older:
                problem = f"{older}, and Docker {text} is requested beside the Traefik of {other.name}."
                fix = "set traefik_version: 3.6.1 or newer, or docker_version below 29"
                yield finding(site, host, ("docker_version",), ROLE, "docker-traefik", problem, fix)
                break


def check_pools(site: Site) -> Iterator[Finding]:
    """Each network by itself, against each other, and against what the site knows of its addresses."""
    for host in docker_hosts(site):
        entries = host.known("docker_address_pools")
        entries = entries if isinstance(entries, list | tuple) else ()
        where, name, source = place(site, host, ("docker_address_pools",), ROLE)
        for index, entry in enumerate(entries):
            wrong = networks.problem(entry) if isinstance(entry, Mapping) and UNKNOWN not in entry.values() else ""
            if wrong:
                fix = "set base: a network such as 10.209.0.0/16, size: 24"
                yield Finding("docker-pool-invalid", where, f"{name}[{index}]", f"{wrong}.", fix, source)
        found = list(networks.pools(entries))
        for pool in found:
            others = [(f"{other.base} of {name}[{other.index}]", other.base) for other in found if other.index > pool.index]
            # Who names the pool itself as clients of a service means containers.
            named = [(what, network) for what, network in _named(site, host) if network != pool.base]
            taken = networks.taken(pool, [*networks.of_hosts(site), *named, *others])
            for what in taken.overlapping:
                problem = f"{pool.base} overlaps {what}, which could not be reached from this host."
                fix = f"set {name}: a network that the site does not use"
                yield Finding("docker-pool-overlap", where, f"{name}[{pool.index}]", problem, fix, source)
            for what in taken.around:
                problem = f"{pool.base} lies within {what}: hosts with an address in that part could not be reached from this host."
                fix = f"set {name}: a network outside of it, or ignore it where no host has such an address"
                yield Finding("docker-pool-within", where, f"{name}[{pool.index}]", problem, fix, source)


def _named(site: Site, host: Host) -> Iterator[tuple[str, networks.Network]]:
    """Networks and addresses in the host's variables: of its administrators, its servers and its clients."""
    stated = [
        (str(item["variable"]), item.get("key")) for item in site.schema.exported("addresses") if item["form"] in ("network", "source")
    ]
    for variable, key in (("site_admin_addresses", None), ("site_time_servers", None), *stated):
        for text in _words(host.known(variable), key):
            found = networks.network(text)
            if found is not None and found.prefixlen:  # 0.0.0.0/0 is any address
                yield f"{text} of {variable}", found


def _words(value: Any, key: Any = None) -> Iterator[str]:
    """The texts of a value, of lists within it too; with ``key``, of that key of each of its items."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _words(value.get(key)) if key else ()
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _words(item, key)


def check_registries(site: Site) -> Iterator[Finding]:
    """Mirrors, and registries that are trusted without a certificate."""
    for host in docker_hosts(site):
        insecure = _texts(host.known("docker_insecure_registries"))
        for index, text in insecure.items():
            wrong = registries.insecure_problem(text)
            if wrong:
                fix = "write the name of one registry, such as registry.example.org:5000"
                yield _item(site, host, "docker_insecure_registries", index, "docker-insecure-registry", wrong, fix)
        for index, text in _texts(host.known("docker_registry_mirrors")).items():
            wrong = registries.mirror_problem(text, insecure.values())
            if wrong:
                fix = "write https://host:port, and for http the same host:port in docker_insecure_registries"
                yield _item(site, host, "docker_registry_mirrors", index, "docker-registry-mirror", wrong, fix)


def _texts(given: Any) -> dict[int, str]:
    return {index: item for index, item in enumerate(given if isinstance(given, list | tuple) else ()) if isinstance(item, str)}


def _item(site: Site, host: Host, variable: str, index: int, code: str, problem: str, fix: str) -> Finding:
    where, _name, source = place(site, host, (variable,), ROLE)
    return Finding(code, where, f"{variable}[{index}]", f"{problem}.", fix, source)


def check_settings(site: Site) -> Iterator[Finding]:
    """Keys of docker_settings, whatever they are set to; null leaves Docker's own default in the place of the role's."""
    for host in docker_hosts(site):
        given = host.known("docker_settings")
        for key, value in given.items() if isinstance(given, Mapping) else ():
            problem, fix = REFUSED.get(str(key), ("", ""))
            if str(key) == "iptables" and value is False:
                problem = (
                    "without Docker's rules containers have no network access, and the ports that they publish cannot be "
                    "distinguished from "
                    "the host's own"
                )
                fix = "remove iptables from docker_settings"
            if problem:
                where, _name, source = place(site, host, ("docker_settings",), ROLE)
                yield Finding("docker-setting-refused", where, f"docker_settings.{key}", f"{problem}.", fix, source)


def check_live_restore(site: Site) -> Iterator[Finding]:
    """CapRover runs on a Swarm."""
    for host in docker_hosts(site):
        if host.known("docker_live_restore") is True and "caprover" in host.groups:
            problem = "hosts of the group caprover are nodes of a Swarm, and Docker refuses live-restore there."
            yield finding(
                site,
                host,
                ("docker_live_restore",),
                ROLE,
                "docker-live-restore",
                problem,
                "set docker_live_restore: false, or leave it out",
            )


def check_data_directory(site: Site) -> Iterator[Finding]:
    """Where images, containers and volumes lie."""
    for host in docker_hosts(site):
        text = host.known("docker_data_directory")
        problem = directory_problem(text, "Docker's") if isinstance(text, str) else None
        if problem:
            fix = "set docker_data_directory: an absolute path of its own, such as /var/lib/docker"
            yield finding(site, host, ("docker_data_directory",), ROLE, "docker-data-directory", problem, fix)


RULES = (check_version, check_pools, check_registries, check_settings, check_live_restore, check_data_directory)

AREA = Area("Docker", CODES, RULES)
