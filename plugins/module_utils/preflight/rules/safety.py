# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would split a cluster in halves of different age, leave out a check, or let trouble go unseen."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Code, Finding, Level
from ..model import Site

CODES = (
    Code(
        "safety-limit-part-of-cluster",
        "--limit selects only some members of a cluster: the others do not receive what they need to know of the change.",
        "Use --limit with the whole group, or no --limit.",
        Level.WARNING,
    ),
    Code(
        "safety-no-ssh-client",
        "The controller has no SSH client, by which Ansible reaches the servers.",
        "Install the SSH client on this machine (Debian: apt install openssh-client).",
    ),
    Code(
        "safety-run-by-tags",
        "--tags or --skip-tags would leave tasks out. The playbooks have no tags: the run would do nothing, or skip a check.",
        "Remove --tags and --skip-tags; use --limit for some hosts, or the playbook of one service that the message names.",
    ),
    Code(
        "safety-run-by-strategy",
        "Ansible's strategy is free or another one that does not keep tasks in step. Gates, which end a run for all hosts of a cluster, and"
        " tasks that run once would not work.",
        "Unset ANSIBLE_STRATEGY, and remove strategy from ansible.cfg.",
    ),
)


def check_limit(site: Site) -> Iterator[Finding]:
    """``--limit`` to some of a cluster's members."""
    limit = site.controller.limit
    if limit is None:
        return
    for group in site.schema.clusters():
        members = [host.name for host in site.members(group)]
        left = [name for name in members if name in limit]
        if left and len(left) < len(members):
            problem = f"--limit leaves {len(left)} of the {len(members)} members of this cluster."
            yield Finding("safety-limit-part-of-cluster", group, "-", problem, f"use --limit {group}, or no --limit")


def check_tags(site: Site) -> Iterator[Finding]:
    """A run that leaves tasks out by their tags."""
    if site.controller.tags:
        problem = f"{', '.join(site.controller.tags)}: the playbooks have no tags, and the run would leave out what belongs together."
        roles = sorted({role for host in site.hosts.values() for role in host.roles if site.controller.has_playbook(role)})
        one = f", the playbook converge.yml of one service ({', '.join(roles)})" if roles else ""
        fix = f"remove --tags and --skip-tags; use --limit for some hosts{one}"
        yield Finding("safety-run-by-tags", "-", "-", problem, fix)


def check_strategy(site: Site) -> Iterator[Finding]:
    """A run whose hosts do not wait for each other at each task."""
    strategy = site.controller.strategy
    # `debug` is linear, and other collections' strategies say so in their names (mitogen_linear).
    if not strategy.rpartition(".")[2].endswith(("linear", "debug")):
        problem = (
            f"the strategy {strategy} does not let hosts wait for each other, and a failed member of a cluster would not stop the others."
        )
        yield Finding("safety-run-by-strategy", "-", "-", problem, "unset ANSIBLE_STRATEGY, or remove strategy from ansible.cfg")


def check_client(site: Site) -> Iterator[Finding]:
    """Ansible's own message for it comes once for each server, and names a file."""
    by_ssh = [host.name for host in site.hosts.values() if host.get("ansible_connection") in (None, "ssh", "smart")]
    if by_ssh and not site.controller.ssh:
        problem = f"this machine has no SSH client, and reaches {by_ssh[0]}{' and others' if len(by_ssh) > 1 else ''} by SSH."
        yield Finding("safety-no-ssh-client", "-", "-", problem, "run apt install openssh-client on this machine")


RULES = (check_client, check_strategy, check_tags, check_limit)
