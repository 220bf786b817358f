# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the components of an edge need, made in one go: a host with hundreds of sites is rendered once. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ...task_types import Written
from . import certificates, rules
from .nginx import nginx
from .plan import plan
from .traefik import dynamic, static


def rendered(
    entries: Sequence[Any],
    settings: Mapping[str, Any],
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Written:
    """The files and certificates of an edge.

    :param settings: see :class:`.plan.Settings`; ``engine``
    :param given: ``passwords`` of users by name, ``certificates`` as ``edge_certificates`` has them
    :return: ``nginx``, ``static``, ``dynamic``: texts of the engine, empty for the other one; ``prepare``: a JSON text; ``certificates``,
        ``files``, ``pem``: as a component has them; ``watch``; ``revoked``: whether Traefik needs the program that knows revoked
        certificates of clients, and gives out the lists
    :raises ValueError: an entry is not a site, or the sites do not go together: the first error
    """
    engine = str(settings["engine"])
    for problem in rules.problems(entries, rules.Surroundings.of(settings, given)):
        if problem.code not in rules.WARNINGS:
            raise ValueError(f"{problem.path}: {problem.problem} Fix: {problem.fix}")
    made = plan(entries, {name: value for name, value in settings.items() if name != "engine"}, groups, hostvars)
    now = datetime.now(UTC)
    files = certificates.provided(made, given.get("certificates") or {}, now)
    pem = [{"path": path, "content": text, "on_change": "none"} for path, text in sorted(made.pem.items())]
    prepare = certificates.prepare(made, given.get("passwords") or {})
    return {
        "nginx": nginx(made) if engine == "nginx" else "",
        "static": static(made) if engine == "traefik" else "",
        "dynamic": dynamic(made) if engine == "traefik" else "",
        "prepare": json.dumps(prepare, indent=2, sort_keys=True) + "\n",
        "certificates": certificates.definitions(made),
        "files": files,
        "pem": pem,
        "watch": certificates.watched(made),
        "revoked": engine == "traefik"
        and (
            bool(made.settings.revoked) or any(site.clients is not None and site.clients.revoked and not site.is_tcp for site in made.sites)
        ),
    }
