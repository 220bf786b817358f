# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role may declare in ``meta/exports.yml``: each kind with the form of what stands in it.

A new kind is one line of :data:`KINDS` and the type beside it; docs/architecture.md, "What a role declares", says who reads it. All roles
are held against it by preflight and by a unit test. An item of a list may have ``when`` besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

from ..controller.rolling import Rolling
from ..controller.waves import Wave
from ..task_types import Written
from .backups import BackupJob, BackupPath, Kept, ObjectStore
from .fields import Amount, Duration, Group, Option, Path, Plain, Port, Proto, Source, Text, Unit
from .forms import Known, is_template, problems
from .secret_kinds import ChosenSecret, ForeignSecret, GivenSecret, NamedSecret, Secret

#: Without ``port`` for a protocol that has none, such as VRRP.
FirewallPort = TypedDict(
    "FirewallPort", {"name": Text, "port": NotRequired[Port], "proto": Proto, "from": list[Source | list[Source]] | Source}
)
Alert = TypedDict("Alert", {"alert": Text, "expr": Text, "for": Duration, "labels": dict[str, str], "annotations": dict[str, str]})


class Needs(TypedDict):
    """``host``: what the role needs of a host in addition to the others. ``component`` and ``records`` are read without templates."""

    component: Plain
    memory_mb: Amount
    unit: NotRequired[Unit]
    records: NotRequired[Plain]
    when: NotRequired[bool]


class DataDirectory(TypedDict):
    """Where data lie; ``shared``: made to hold directories of others."""

    path: Path
    needs_mb: Amount
    shared: NotRequired[bool]
    variable: NotRequired[Option]
    stated: NotRequired[Path]
    mounted: NotRequired[bool]
    unit_hides_homes: NotRequired[bool]


class RestartPolicy(TypedDict):
    """Which variable says when the members of a group are restarted."""

    variable: Option
    group: Group


class Addresses(TypedDict):
    """A variable that holds addresses; ``key`` of its items."""

    variable: Option
    form: Literal["address", "bind", "network", "source"]
    key: NotRequired[Plain]


class ScrapeTarget(TypedDict):
    """Where metrics are."""

    job: Text
    port: Port
    scheme: Literal["http", "https"]
    authentication: Literal["none", "certificate", "token"]
    path: NotRequired[Path]


class Certificate(TypedDict):
    """A certificate on the host that the site's own CA has not signed; ``units`` that use it."""

    name: Text
    path: Path
    units: NotRequired[list[Unit]]


class DatabaseCluster(TypedDict):
    """A database cluster as others see it."""

    name: Text
    port: Port
    releases: Any


class DatabaseSettings(TypedDict):
    """Settings that another service needs of the database."""

    settings: Written


class Ingress(TypedDict):
    """What the edge serves to clients; the keys are those of ``edge_sites``."""

    name: Plain
    servers: list[Any]
    names: NotRequired[list[Any]]
    upstream: NotRequired[Written]
    paths: NotRequired[list[Any]]
    max_body_mb: NotRequired[Any]
    timeouts: NotRequired[Written]
    request_headers: NotRequired[Written]
    response_headers: NotRequired[Written]
    hsts: NotRequired[bool]


class Bind(TypedDict):
    """Addresses that the host has to have."""

    variable: Option
    addresses: list[str]


class RoleCall(TypedDict):
    """A question of the planning call."""

    module: Plain
    params: Written
    stage: NotRequired[Literal["host_check", "components", "objects"]]
    refuses: NotRequired[list[Plain]]


class Cluster(TypedDict):
    """A cluster that the role's hosts form: ``controller/clusters.py``."""

    name: Plain
    group: Group
    component: Plain
    exists: list[Path]
    majority: NotRequired[bool]
    odd: NotRequired[bool]
    remove: NotRequired[Text]
    data: NotRequired[list[Path]]
    lost: NotRequired[Text]


class Endpoint(TypedDict):
    """A service of the site as clients on other hosts reach it."""

    name: Plain
    values: Written


class Exclusion(TypedDict):
    """No host may be in both groups."""

    group: Group
    other: Group
    why: Text


class HostCheck(TypedDict):
    """A program of the role's that may refuse a host."""

    program: Plain
    arguments: list[Any]
    template: NotRequired[Plain]


class KnownByAddress(TypedDict):
    """Who writes the host's address down."""

    why: Text


class OwnAddress(TypedDict):
    """Who needs the host's address on an interface."""

    what: Text
    listens: bool


class DefaultUnit(TypedDict):
    """A unit that its package does not enable."""

    unit: Unit


class DefaultFile(TypedDict):
    """A file that a package's scripts read."""

    path: Path
    content: Text


class Registry(TypedDict):
    """A registry of images."""

    name: Text
    user: str
    password: str


class Summary(TypedDict):
    """What people are told of a site."""

    runs: Text
    title: NotRequired[Text]
    text: NotRequired[Text]
    command: NotRequired[Text]


class TakeoverPath(TypedDict):
    """What must be empty on a host that is taken over."""

    path: Path
    adopt: bool


class Effect(TypedDict):
    """What a change of a variable does: :class:`..effects.Statement`."""

    effect: Literal["live", "reload", "rolling", "together", "new"]
    verb: NotRequired[Text]
    waits: NotRequired[Text]
    why: NotRequired[Text]
    fix: NotRequired[Text]
    value: NotRequired[Text]
    line: NotRequired[list[str | int]]
    prefix: NotRequired[bool]
    secret: NotRequired[bool]
    judged_with: NotRequired[Option]


class Identity(TypedDict):
    """What a cluster knows of a host."""

    why: Text
    fix: NotRequired[Text]
    value: NotRequired[Text]
    secret: NotRequired[bool]


class Membership(TypedDict):
    """What makes a host a member, and how it leaves."""

    unit: Unit
    fix: Text


class ChangePorts(TypedDict, total=False):
    """What the role does while ports change: ``controller/port_changes.py``."""

    holds_both: bool
    takes_over: Literal["rolling", "together"]
    one_value: list[Option]


@dataclass(frozen=True)
class Kind:
    """A kind of declaration.

    :ivar form: of an item of the list, or of the mapping
    :ivar required: every role declares it; an empty list says that there is nothing
    :ivar listed: whether it is a list, or a template that gives one
    """

    form: Any
    required: bool = False
    listed: bool = True


#: Every kind there is.
KINDS: dict[str, Kind] = {
    "firewall_ports": Kind(FirewallPort, required=True),
    "secrets": Kind(Secret, required=True),
    "data_directories": Kind(DataDirectory, required=True),
    "restart_policy": Kind(RestartPolicy, required=True),
    "update_exclude": Kind(Text, required=True),
    "addresses": Kind(Addresses, required=True),
    "scrape_targets": Kind(ScrapeTarget, required=True),
    "alert_rules": Kind(Alert, required=True),
    "backup_paths": Kind(BackupPath, required=True),
    "keeps": Kind(Kept, required=True),
    "backup_jobs": Kind(BackupJob),
    "certificates": Kind(Certificate),
    "object_stores": Kind(ObjectStore),
    "database_clusters": Kind(DatabaseCluster),
    "database_settings": Kind(DatabaseSettings),
    "ingress": Kind(Ingress),
    "artifacts": Kind(Text),
    "binds": Kind(Bind),
    "calls": Kind(RoleCall),
    "chosen_secrets": Kind(ChosenSecret),
    "clusters": Kind(Cluster),
    "endpoints": Kind(Endpoint),
    "excludes": Kind(Exclusion),
    "foreign_secrets": Kind(ForeignSecret),
    "given_secrets": Kind(GivenSecret),
    "host_checks": Kind(HostCheck),
    # The service's own words, which only its own folder reads.
    "host_facts": Kind(Written),
    "known_by_address": Kind(KnownByAddress),
    "named_secrets": Kind(NamedSecret),
    "own_address": Kind(OwnAddress),
    "package_defaults": Kind(DefaultUnit | DefaultFile),
    "registries": Kind(Registry),
    "revocation_urls": Kind(Text),
    "summary": Kind(Summary),
    "takeover_paths": Kind(TakeoverPath),
    "host": Kind(Needs, required=True, listed=False),
    "effects": Kind(dict[Option, Literal["live", "reload", "rolling", "together", "new"] | Effect], required=True, listed=False),
    "identity": Kind(dict[str, Identity], listed=False),
    "follows": Kind(dict[str, str], listed=False),
    "membership": Kind(Membership, listed=False),
    "converged": Kind(bool, listed=False),
    "rolling": Kind(Rolling, listed=False),
    "wave": Kind(Wave, listed=False),
    "change_ports": Kind(ChangePorts, listed=False),
}
#: Mappings whose templates use a host's variables and nothing of a task.
EVALUATED = ("host", "converged", "effects", "identity", "follows")
#: Where a kind that is not among them has to be described.
SPECIFICATION = "KINDS in plugins/module_utils/declared/kinds.py"


def of_role(said: Any, known: Known) -> Iterator[str]:
    """What is wrong with a role's ``meta/exports.yml`` as it is written.

    :param known: the groups that there are, and the role's options
    """
    if not isinstance(said, Mapping):
        yield "must be a mapping of kinds"
        return
    yield from (
        f"{name} is missing: an empty list says that there is nothing" for name, kind in KINDS.items() if kind.required and name not in said
    )
    for name, value in said.items():
        yield from of_kind(str(name), value, known)


def of_kind(name: str, value: Any, known: Known) -> Iterator[str]:
    """What is wrong with one kind: as it is written, or the items that a host's variables make of it.

    :param value: a list, also of items that name their role; a mapping; or a template of either
    """
    kind = KINDS.get(name)
    if kind is None:
        yield f"{name} is no kind of declaration: describe it in {SPECIFICATION}, or correct the name"
    elif not kind.listed:
        yield from problems(value, kind.form, name, known)
    elif not isinstance(value, list | tuple):
        if not is_template(value):
            yield f"{name} must be a list, or a template of one"
    else:
        for number, item in enumerate(value):
            where = f"{name}[{number}]"
            if isinstance(item, Mapping):
                yield from problems(item.get("when", True), bool, f"{where}.when", known)
                item = {key: part for key, part in item.items() if key != "when"}
            yield from problems(item, kind.form, where, known)
