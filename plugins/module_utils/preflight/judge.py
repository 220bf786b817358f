# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All codes there are, and the judgement of a site by everything that gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from . import areas, belonging, consequences, definitions, formation, host_checks, membership
from .answers import Answer
from .findings import Code, Finding, Report
from .model import Site
from .rules import Area

AREAS = (
    Area("Inventory and variables", definitions.CODES, ()),
    *areas.AREAS,
    Area("Host checks, before changes", (*host_checks.CODES, *membership.CODES, *formation.CODES), ()),
)


def catalogue() -> dict[str, Code]:
    """Every code by its name.

    :raises ValueError: two areas declare one code
    """
    found: dict[str, Code] = {}
    for area in AREAS:
        for code in area.codes:
            if code.name in found:
                raise ValueError(f"the code {code.name} is declared twice")
            found[code.name] = code
    return found


def judge(site: Site, served: frozenset[str]) -> Report:
    """The findings about a site without asking a host.

    :param served: groups that the site map gives a role
    """
    found: list[Finding] = [
        *definitions.check_inventory(site),
        *definitions.check_groups(site, served),
        *definitions.check_definitions(site),
        *definitions.check_required(site),
        *areas.findings(site),
    ]
    codes = catalogue()
    return Report.of(together(site, consequences.without(site, found, codes)), codes, len(site.hosts))


def together(site: Site, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings that several hosts have alike become one of their group: three hundred hosts without a key are one line."""
    alike: dict[Finding, list[str]] = {}
    for finding in findings:
        if finding.where in site.hosts:
            alike.setdefault(replace(finding, where=""), []).append(finding.where)
        else:
            yield finding
    for finding, hosts in alike.items():
        for where in definitions.site_owner(site, hosts) if len(set(hosts)) > 1 else hosts:
            yield replace(finding, where=where)


def judge_clocks(answers: Iterable[Answer]) -> Report:
    """What the hosts' clocks say, for a verb: nothing that it needs works where one of them is off."""
    given = list(answers)
    return Report.of(host_checks.clocks(given), catalogue(), len(given), "host checks")


def judge_host_checks(
    answers: Iterable[Answer],
    clusters: Iterable[formation.Cluster] = (),
    verb: str = "",
    forks: int = 0,
    groups: Iterable[membership.Group] = (),
) -> Report:
    """What the hosts' answers say.

    :param clusters: that the hosts are members of
    :param verb: see :func:`host_checks.findings`
    :param forks: see :func:`formation.findings`
    :param groups: of the clusters of all roles, whatever the run is for
    """
    given = list(answers)
    apart = belonging.of_other_sites(host_checks.belongings(given))
    # Other findings about the servers of another site would contradict that: "site_name: <the other's>".
    own = [replace(answer, changes=(), left=(), unrecorded=(), taken=()) if answer.host in apart else answer for answer in given]
    formed = [cluster for cluster in clusters if not apart.intersection(cluster.members)]
    found = [*host_checks.findings(own, verb), *formation.findings(formed, forks), *membership.findings(own, groups)]
    kept = [one for one in found if one.code == belonging.OTHER_SITE or not apart.issuperset(one.where.replace(",", " ").split())]
    return Report.of(kept, catalogue(), len(given), "host checks")
