# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts answered of Docker: the version that their Debian carries, another source's engine, networks that they reach, their Swarm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...preflight.answers import Answer
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN
from . import compatibility, networks

ROLE = "docker"
#: docker_source -> the package that brings its engine.
ENGINES = {"debian": "docker.io", "docker": "docker-ce"}

CODES = (
    Code(
        "contact-docker-version",
        "The requested version of Docker is not the one that the server's Debian carries, or CapRover does not work with that one.",
        "Set docker_version as the server's Debian has it, or docker_source: docker; for CapRover a server with Debian 13.",
    ),
    Code(
        "contact-docker-source",
        "The server has an engine from the other package source: the two exclude each other.",
        "Set the docker_source of that engine, or remove the engine first.",
    ),
    Code(
        "contact-docker-pool",
        "A network of docker_address_pools overlaps one that the server reaches over an interface of its own.",
        "Set docker_address_pools: networks that the site does not use.",
    ),
    Code(
        "contact-docker-swarm",
        "The server is a node of a Docker Swarm, and containers are to keep running while the engine restarts, which Docker refuses there.",
        "Set docker_live_restore: false.",
    ),
)


def findings(answers: Iterable[Answer]) -> Iterator[Finding]:
    """What is wrong on each server."""
    for answer in answers:
        if answer.facts and ROLE in answer.roles:
            said = answer.of_service(ROLE)
            yield from _version(answer)
            yield from _source(answer, said.get("engines") or {})
            yield from _pools(answer, said.get("routes") or ())
            if said.get("swarm") and answer.values("docker_live_restore") is True:
                problem = "this server is a node of a Swarm, and Docker refuses live-restore there."
                yield Finding("contact-docker-swarm", answer.host, "docker_live_restore", problem, "set docker_live_restore: false")


def _version(answer: Answer) -> Iterator[Finding]:
    release = str(answer.facts.get("version") or "")
    carried = compatibility.DEBIAN.get(release)
    if carried is None or _said(answer, "docker_source") != "debian":
        return
    asked = _said(answer, "docker_version")
    if asked and not compatibility.fits(asked, carried):
        problem = f"Docker {asked} is requested, and Debian {release} carries {carried}."
        fix = f'set docker_version: "{carried}" or remove it, or set docker_source: docker'
        yield Finding("contact-docker-version", answer.host, "docker_version", problem, fix)
        return
    reason = compatibility.with_caprover(compatibility.parse(carried) or (), None) if _is_caprover(answer) else ""
    if reason:
        problem = f"{reason}, and Debian {release} carries {carried}."
        yield Finding(
            "contact-docker-version", answer.host, "docker_version", problem, "use a server with Debian 13, or set docker_source: docker"
        )


def _is_caprover(answer: Answer) -> bool:
    groups = answer.values("group_names")
    return "caprover" in answer.roles or (isinstance(groups, list | tuple) and "caprover" in groups)


def _source(answer: Answer, engines: Any) -> Iterator[Finding]:
    wanted = ENGINES.get(_said(answer, "docker_source"), "")
    for other in (name for name in sorted(engines) if wanted and name != wanted):
        source = next(name for name, package in ENGINES.items() if package == other)
        problem = f"{other} {engines[other]} is installed, and {wanted} of docker_source would replace it."
        fix = f"set docker_source: {source}, or remove it first: apt-get remove {other}"
        yield Finding("contact-docker-source", answer.host, "docker_source", problem, fix)


def _pools(answer: Answer, routes: Iterable[str]) -> Iterator[Finding]:
    given = answer.values("docker_address_pools")
    reached = []
    for route in routes:
        text, _space, interface = str(route).partition(" ")
        if found := networks.network(text):
            reached.append((f"{text}, which this server reaches over {interface}", found))
    for pool in networks.pools(given if isinstance(given, list | tuple) else ()):
        taken = networks.taken(pool, reached)
        # Also a part of a larger network that the server reaches: its own address is somewhere in it.
        for what in (*taken.overlapping, *taken.around):
            problem = f"{pool.base} overlaps {what}."
            fix = "set docker_address_pools: a network that the site does not use"
            yield Finding("contact-docker-pool", answer.host, f"docker_address_pools[{pool.index}]", problem, fix)


def _said(answer: Answer, name: str) -> str:
    value = answer.values(name)
    return "" if value is None or value is UNKNOWN else str(value)
