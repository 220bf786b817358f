# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that does not exist yet is formed only with all its members. One that exists goes on with those that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .findings import Code, Finding

CODES = (
    Code(
        "contact-new-cluster",
        "A cluster does not exist yet, and one of its members cannot be reached, has failed, or is left out by `--limit`."
        " A cluster that exists is converged with a member down.",
        "Make the member reachable and run again without `--limit`, or take it out of the cluster's group.",
    ),
)


@dataclass(frozen=True)
class Cluster:
    """A cluster of the site.

    :ivar missing: member -> why it is not there; None where it answered
    :ivar exists: what the members that answered say of it; empty where none of them forms it
    """

    name: str
    group: str
    role: str
    members: Mapping[str, str | None]
    exists: tuple[bool, ...] = ()

    @property
    def new(self) -> bool:
        """Whether members answered that it would be formed by, and none of them knows of it."""
        return bool(self.exists) and not any(self.exists)


def findings(clusters: Iterable[Cluster]) -> Iterator[Finding]:
    """One for each cluster that would be formed without all of its members."""
    for cluster in clusters:
        missing = {name: why for name, why in cluster.members.items() if why is not None}
        if not cluster.new or not missing:
            continue
        names = ", ".join(missing)
        reasons = "; ".join(f"{name} {why}" for name, why in missing.items())
        yield Finding(
            "contact-new-cluster",
            cluster.group,
            "-",
            f"the cluster {cluster.name} does not exist yet and is formed only with all its members: {reasons}. No host was changed.",
            f"an inventory whose group {cluster.group} is without {names}, or make {names} reachable and run again for all hosts",
        )


def absence(name: str, failure: str, answered: bool, asked: bool) -> str | None:
    """Why a member is not there; None where it is.

    :param failure: what its host answered instead of facts
    :param answered: whether it gave its facts
    :param asked: whether the run is for it
    """
    if not asked:
        return "is left out of this run (--limit)"
    if answered:
        return None
    said = " ".join(failure.split()).rstrip(".")
    return f"cannot be reached or has failed ({said[:300]})" if said else "did not answer"
