# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What controller and agent send each other, as types: no code imports this when it runs, and it is not sent to hosts.

What a component is made of is in :mod:`.definition`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

from .definition import Artifact as Artifact
from .definition import Certificate as Certificate
from .definition import Component as Component
from .definition import Cron as Cron
from .definition import Directory as Directory
from .definition import Dropin as Dropin
from .definition import File as File
from .definition import Group as Group
from .definition import Json as Json
from .definition import Link as Link
from .definition import Member as Member
from .definition import Package as Package
from .definition import Params as Params
from .definition import Placed as Placed
from .definition import Ready as Ready
from .definition import Recorded as Recorded
from .definition import Result as Result
from .definition import Started as Started
from .definition import Sysctl as Sysctl
from .definition import Unit as Unit
from .definition import User as User
from .facts import Facts as Facts
from .facts import Survey as Survey
from .records import Authority

Mode = Literal["apply", "check"]


# --- what the controller asks ---------------------------------------------------------------------------------------------


class Run(TypedDict, total=False):
    """A run of a playbook, as a lease records it."""

    id: str
    who: str
    controller: str
    pid: int
    started: str
    playbook: str
    since: str
    until: str


class LeaseRecord(Run, total=False):
    """The run that has the lease, as the host keeps it; ``renewed`` in seconds of CLOCK_BOOTTIME."""

    renewed: float


class Site(TypedDict, total=False):
    """Which site a run is of: ``secrets`` is the digest of this checkout's, ``known`` those that its secrets had, the oldest first."""

    name: str
    authorities: list[Authority]
    secrets: str
    known: list[str]
    host: str
    takeover: bool


class Check(TypedDict):
    """A role's check of a host: the text of a Python program, its arguments and its standard input."""

    name: str
    program: str
    arguments: list[str]
    input: NotRequired[str]


class Policy(TypedDict, total=False):
    """Switches of a run.

    - ``locked_out``: ids of earlier runs that this controller knows to have been locked out of the host
    - ``reissue``: certificates that were signed before that time (seconds since the epoch, of the controller) get new keys;
      ``reissue_of``: only those of these components, or with these names
    """

    container_host: bool | None
    retry: bool
    locked_out: list[str]
    reissue: float
    reissue_of: list[str]


Action = Literal["take", "release", "none"]


class Lease(TypedDict, total=False):
    """What is done with the lease; ``takeover_of`` is the ID of a run that is known to be dead."""

    action: Action
    takeover: bool
    takeover_of: str | None


Previous = Literal["kept", "forgotten", "restored"]


class Restart(TypedDict):
    """A unit that waited for its restart, and what becomes of the previous generation of its component."""

    component: str
    unit: str
    previous: Previous | None
    reason: str | None


class Call(TypedDict):
    """A call of a service's code: ``CALLS[call]`` of ``services/<domain>/calls.py``."""

    domain: str
    call: str
    params: Params


class Payload(TypedDict, total=False):
    """A call: what all of them say, and what belongs to ``op``. ``site`` is whose the run is (``controller/identity.py``).

    - ``converge``: ``components``; ``staged`` sha256 -> where an artifact was uploaded to; ``prepare``, ``peers`` while a cluster is formed
    - ``restart``: ``components``, ``restart``
    - ``domain``: ``domain``, ``call``, ``params``
    - ``facts``, ``plan``: what ``host/checks.py`` documents; ``plan`` also ``expected`` facts, ``components`` and ``calls``
    - ``survey``: ``paths``, ``checks``, ``ports``
    """

    protocol: int
    mode: Mode
    diff: bool
    run: Run
    policy: Policy
    lease: Lease
    site: Site
    op: Literal["converge", "facts", "plan", "survey", "restart", "domain", "disarm", "lease"]
    components: list[Component]
    staged: dict[str, str]
    prepare: list[str]
    peers: Any  # converge: whether another member may end the call; facts: name -> IP address
    restart: Restart
    domain: str
    call: str
    params: Params
    calls: Sequence[Call]
    expected: Mapping[str, object]
    paths: list[str]
    checks: list[Check]
    ports: list[int]
    places: dict[str, list[str]]
    data: dict[str, list[str]]
    look: list[str]
    firewall: bool
    services: dict[str, Params]
    listeners: bool
    packages: dict[str, list[str]]


class RoleCall(Call):
    """A call that a role's exports name: ``stage`` is ``host_check``, ``components`` or ``objects``.

    Errors with one of the codes in ``refuses`` refuse the host.
    """

    role: str
    stage: str
    refuses: list[str]


# --- what the agent answers -----------------------------------------------------------------------------------------------


class Error(TypedDict):
    """Why something failed. ``trace`` is only there where the agent itself crashed."""

    code: str
    msg: str
    journal: NotRequired[str]
    trace: NotRequired[str]


class Diff(TypedDict):
    """A difference, with Ansible's own keys."""

    before_header: str
    after_header: str
    before: str
    after: str


class StepReport(TypedDict):
    """A step that was done, or would be."""

    kind: str
    target: str
    action: str
    detail: str


class Csr(TypedDict):
    """A request for the certificate ``name`` of a component."""

    name: str
    pem: str


class Steps(TypedDict):
    """What was done to a component."""

    changed: bool
    steps: list[StepReport]
    diff: list[Diff]
    restarted: list[str]
    reloaded: list[str]
    pending_restart: list[str]


class ComponentAnswer(Steps):
    """A component in an answer; ``needs`` are artifacts (sha256) that the controller has to upload first."""

    name: str
    role: str
    warnings: list[str]
    drift: list[str]
    needs: list[str]
    csrs: list[Csr]
    records: bool
    error: Error | None


class LeaseAnswer(TypedDict, total=False):
    """``ok``: the caller may continue. ``working``: a process of another run works on the host now. ``text``: the message."""

    ok: bool
    holder: Run | None
    working: bool
    text: str


class CallAnswer(TypedDict, total=False):
    """What a call of a service did; ``result`` is the service's own."""

    changed: bool
    steps: list[StepReport]
    diff: list[Diff]
    warnings: list[str]
    result: Result
    error: Error | None


class Guard(TypedDict):
    """A change of the firewall or of sshd that is taken back unless a new connection confirms it."""

    armed: bool
    seconds: int


class Answer(TypedDict):
    """What a call returns; which parts are there depends on its ``op``. Facts are what role templates read."""

    protocol: int
    error: Error | None
    components: list[ComponentAnswer]
    healed: list[str]
    guard: Guard | None
    lease: NotRequired[LeaseAnswer]
    facts: NotRequired[Facts]
    survey: NotRequired[Survey]
    domain: NotRequired[CallAnswer]
    calls: NotRequired[list[CallAnswer]]
    stale: NotRequired[list[str]]
    unfinished: NotRequired[list[str]]
    kept: NotRequired[list[str]]  # components whose joint restart on several hosts was not completed
    ran: NotRequired[list[str]]
    members: NotRequired[dict[str, bool]]
    data: NotRequired[dict[str, bool]]
    made: NotRequired[list[str]]
    warnings: NotRequired[list[str]]
    clock: NotRequired[float]
    cost: NotRequired[dict[str, float]]
