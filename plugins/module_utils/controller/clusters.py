# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clusters a host is to be a member of, as its roles export them, and how a host shows that one exists already.

A role whose hosts form a cluster says so in ``meta/exports.yml``:

    clusters:
      - name: etcd
        group: etcd           # its members
        component: etcd       # a component of the role: once its unit was ready on a host, the cluster exists
        majority: true        # left out: false; a member's first start waits until most of them run
        odd: true             # left out: false; its members vote, and an even number of them is refused
        remove: words         # how a member leaves it; MEMBER stands for its name
        exists: [paths]       # any of them on a host proves it too: a lost ledger, data that are taken over
      data: [paths]         # left out: those of `exists`; where none of them is on a host that was a member, its data are missing
      lost: words           # left out: nothing; what else to do before a cluster whose data are lost is created again

Name, group, component, majority, odd, remove and lost are plain; the rest is templated for each host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import yaml

from .. import site_map
from . import collect, templating

KIND = "clusters"


class Declared(NamedTuple):
    """A cluster that a role declares."""

    role: str
    name: str
    group: str
    component: str
    majority: bool = False
    odd: bool = False
    remove: str = ""
    lost: str = ""


class Places(NamedTuple):
    """By the name of a cluster: what on a host proves that it is a member (``exists``), and where its data are (``data``)."""

    exists: dict[str, list[str]]
    data: dict[str, list[str]]


@cache
def declared() -> tuple[Declared, ...]:
    """The clusters of all roles of the site map, in its order."""
    found = []
    for entry in site_map.load().roles:
        path = collect.COLLECTION / "roles" / entry.role / "meta" / "exports.yml"
        try:
            text = path.read_bytes()
        except OSError:
            continue
        if f"\n{KIND}:".encode() in text:  # most roles form none, and reading YAML costs each run
            for item in yaml.safe_load(text)[KIND]:
                name, group, component = (str(item[key]) for key in ("name", "group", "component"))
                majority, odd = (bool(item.get(key)) for key in ("majority", "odd"))
                remove, lost = (str(item.get(key) or "") for key in ("remove", "lost"))
                found.append(Declared(entry.role, name, group, component, majority, odd, remove, lost))
    return tuple(found)


def of(groups: Iterable[str]) -> list[Declared]:
    """The clusters that a host in ``groups`` is a member of."""
    named = set(groups)
    return [cluster for cluster in declared() if cluster.group in named]


def places(clusters: Iterable[Declared], variables: Mapping[str, Any], loader: Any, templar: Any) -> Places:
    """Where to look on a host; without clusters that a host's settings do not form.

    :param variables: of the host, its facts among them
    :raises AnsibleError: an export cannot be templated
    """
    found = Places({}, {})
    for cluster in clusters:
        role = collect.load(loader, cluster.role, loader.get_basedir())
        where = f"role {role.name}: meta/exports.yml: {KIND}"
        templates = templating.Templates(templar, role.variables(variables), [])
        for item in collect.items(list(role.exports[KIND]), templates, where):
            if item["name"] == cluster.name:
                found.exists[cluster.name] = [str(path) for path in item["exists"] if path]
                found.data[cluster.name] = [str(path) for path in item.get("data", item["exists"]) if path]
    return found


declared()  # read before Ansible forks: every worker inherits it
