# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps, the context they are planned and applied in, and the errors they end with.

Plain classes with slots instead of dataclasses: importing :mod:`dataclasses` costs a host more CPU than planning a
component does.
"""

from __future__ import annotations

import os

from ..lib.result import Result as Result

TYPE_CHECKING = False  # mypy takes a name like this as true; importing typing for it would cost 3 ms on each host
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from typing import Any, TypeVar

    from ..contract import Component as Component
    from ..contract import Csr, Guard, Policy, Site, StepReport
    from ..contract import Diff as Diff
    from ..contract import Run as RunInfo
    from ..records import Entry, Section, SectionOf
    from .ledger import Ledger

    T = TypeVar("T")
    Runner = Callable[..., "Result"]


#: Where the agent keeps what it knows about a host. Root only.
STATE_DIR = "/var/lib/vannah"
#: What need not outlive a boot: lease, staged artifacts.
RUN_DIR = "/run/vannah"


class AgentError(Exception):
    """An error that a person can act upon.

    :param code: a stable kebab-case word, see the contract of the answer (``validation-failed``, ``no-space``, ...)
    :param msg: what is wrong and what to do about it; never a value that may be secret
    :param journal: the tail of a unit's journal where a unit is to blame
    """

    def __init__(self, code: str, msg: str, journal: str = "") -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg
        self.journal = journal


class Step:
    """One thing to do. What is reported, shown as a diff, counted as a change and done is this same object.

    :param kind: ``group``, ``user``, ``package``, ``directory``, ``link``, ``file``, ``certificate``, ``cron``,
        ``sysctl``, ``unit``, ...
    :param target: what it acts on: a path, a name
    :param action: a verb: ``create``, ``update``, ``remove``, ``install``, ``restart``, ...
    :param detail: a short text for the reader; never a value that may be secret
    :param diff: ``{before_header, after_header, before, after}``; only where ``ctx.diff`` and nothing sensitive
    :param apply: does exactly this step; raises :class:`AgentError`. Only called when mode is ``apply``. Must be safe
        to repeat after an interruption at any point.
    :param writes: paths (as on the host, without ``ctx.root``) that the step changes -> sha256 they will have, or None
        where it is not known beforehand or the file goes away. Units that watch one of them react.
    :param packages: names of packages whose installed version the step changes; units that watch them react
    :param claims: ``(section, name)`` pairs of the component's ledger entry. They are written to the ledger *before*
        the step is applied, so that something made by a run that died is still known to be managed.
    :param request: applied in a pass before everything else, for what has to be asked of the controller
        (a key is generated, its CSR is handed to ``ctx.csr``). Where anything was asked, the call ends there.
    """

    __slots__ = ("kind", "target", "action", "detail", "diff", "apply", "writes", "packages", "claims", "request")

    def __init__(
        self,
        kind: str,
        target: str,
        action: str,
        detail: str = "",
        diff: Diff | None = None,
        apply: Callable[[Context], None] | None = None,
        *,
        writes: Mapping[str, str | None] | None = None,
        packages: Iterable[str] = (),
        claims: Iterable[tuple[Section, str]] = (),
        request: bool = False,
    ) -> None:
        self.kind = kind
        self.target = target
        self.action = action
        self.detail = detail
        self.diff = diff
        self.apply = apply
        self.writes = dict(writes or {})
        self.packages = tuple(packages)
        self.claims = tuple(claims)
        self.request = request

    @property
    def subject(self) -> str:
        """What the step is about, as a person reads it."""
        return subject(self.kind, self.target)

    def report(self) -> StepReport:
        """The step as the answer carries it."""
        return {"kind": self.kind, "target": self.target, "action": self.action, "detail": self.detail}

    def __repr__(self) -> str:
        return f"Step({self.subject}: {self.action})"


def subject(kind: str, target: str) -> str:
    """Kind and target; the kind once where the target begins with it, as ``bucket dicom`` does."""
    word = kind.replace("-", " ")
    return target if target.startswith(f"{word} ") else f"{word} {target}"


class Call:
    """What all components of a call share.

    - ``ledger``: None where a call makes nothing of components
    - ``site``: the run's site, where it may change the host
    - ``warnings``: of the host, see :meth:`Context.warn_of_host`
    - ``staged``: sha256 of an artifact -> where it was uploaded to
    - ``claims``: space and key of everything that a component wants to be there -> the component and its section
    - ``prepare``: components of a cluster that is being formed whose units are not touched yet; ``peers``: whether another member may end
      the call
    - ``guard``: of a change that may lock us out: ``{armed, seconds}``
    - ``told``: what the file for waits says, and when it was written; None where there is no such file
    """

    __slots__ = ("claims", "guard", "ledger", "peers", "prepare", "site", "staged", "told", "warnings")

    def __init__(self) -> None:
        self.ledger: Ledger | None = None
        self.site: Site | None = None
        self.staged: dict[str, str] = {}
        self.warnings: list[str] = []
        self.claims: dict[tuple[str, str], tuple[str, Section]] = {}
        self.prepare: Collection[str] = ()
        self.peers = False
        self.guard: Guard | None = None
        self.told: tuple[str, float] | None = None


class Read:
    """What was read from the host and holds until a step changes it: each module drops its own part then, :meth:`forget` all of them.

    - ``users``: ``passwd`` and ``group`` -> name -> fields of the line
    - ``hashes``: path -> sha256
    - ``packages``: dpkg's status file
    - ``units``: unit -> property -> value
    """

    __slots__ = ("hashes", "packages", "units", "users")

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Steps of other kinds were applied: read all of it again."""
        self.users: dict[str, dict[str, list[str]]] = {}
        self.hashes: dict[str, str] = {}
        self.packages: bytes | None = None
        self.units: dict[str, dict[str, str]] = {}


class Context:
    """All that planning and applying may touch. Tests give a ``root`` and a ``runner``.

    Attributes beside the parameters:

    - ``entry``: the ledger's entry of the current component, see :meth:`section`. Change it in ``Step.apply`` only.
      It is saved (fsync) after each step.
    - ``component``: the current component
    - ``changing``: path -> sha256 or None, the ``writes`` of all steps planned so far for this component
    - ``changing_packages``: the ``packages`` of all steps planned so far for this component
    - ``warnings``, ``needs``, ``csrs``, ``drift``: what the component's answer will carry
    - ``unproven``: whether the component's last good generation is still kept, so its units have yet to be seen ready
    - ``pending``: the component's units that wait for their restart; ``touched``: unit -> ``restart`` or ``reload``, done in this call
    - ``call``, ``read``: what the call is about, and what was read from the host; :meth:`kept`: what one module keeps
    - ``interval``: seconds between two looks in place of each loop's own; tests set it
    """

    def __init__(
        self,
        mode: str = "apply",
        *,
        diff: bool = False,
        root: str = "/",
        runner: Runner | None = None,
        policy: Policy | None = None,
        run_info: RunInfo | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.mode = mode
        self.diff = diff
        self.root = root.rstrip("/")
        self.runner = runner
        self.policy: Policy = policy or {}
        self.run_info: RunInfo = run_info or {}
        self.clock = clock
        self.interval: float | None = None
        self.call = Call()
        self.read = Read()
        self._kept: dict[type, Any] = {}
        self.unproven = False
        self.pending: list[str] = []
        self.touched: dict[str, str] = {}
        self.start_component({}, {})  # type: ignore[typeddict-item]  # none yet

    def start_component(self, component: Component, entry: Entry) -> None:
        """Begin a component: its ledger entry becomes ``entry`` and everything collected is empty again."""
        self.component = component
        self.entry = entry
        self.changing: dict[str, str | None] = {}
        self.changing_packages: set[str] = set()
        self.warnings: list[str] = []
        self.needs: list[str] = []
        self.csrs: list[Csr] = []
        self.drift: list[str] = []

    def kept(self, kind: type[T]) -> T:
        """What a module keeps for the length of a call: the one object of a class of its own."""
        found: T | None = self._kept.get(kind)
        if found is None:
            found = self._kept[kind] = kind()
        return found

    def pause(self, usual: float) -> float:
        """Seconds until a loop looks again."""
        return usual if self.interval is None else self.interval

    # --- what it is about -----------------------------------------------------------------------------------------

    @property
    def check(self) -> bool:
        """True where nothing may be written, not even the ledger."""
        return self.mode == "check"

    if TYPE_CHECKING:
        section: SectionOf  # what is known of a thing depends on the section
    else:

        def section(self, name):
            """The part ``name`` of the component's ledger entry: what we made and know of it, by name or path."""
            return self.entry.setdefault(name, {})

    def path(self, path: str) -> str:
        """Where ``path`` of the host really lies: below ``root`` in tests, itself otherwise."""
        return self.root + path if self.root else path

    def now(self) -> float:
        """Seconds since the epoch."""
        if self.clock is not None:
            return self.clock()
        import time

        return time.time()

    def today(self) -> str:
        """Now as ISO 8601 in UTC, to the second: the host's time zone does not matter."""
        import time

        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now()))

    @property
    def container(self) -> bool:
        """True where the host is a container, whose kernel and clock belong to another machine."""
        said = self.policy.get("container_host")
        if said is not None:
            return bool(said)
        return os.path.exists(self.path("/run/systemd/container")) or os.path.exists(self.path("/.dockerenv"))

    # --- programs ---------------------------------------------------------------------------------------------------

    def run(
        self,
        argv: Sequence[str],
        input: str | bytes | None = None,
        timeout: float = 60,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> Result:
        """Run a program and wait for it. No shell, ``LC_ALL=C.UTF-8``, ``TZ=UTC``, umask 022, no terminal.

        :param argv: the program (looked up in PATH incl. sbin) and its arguments; no secrets here, use ``input``
        :param timeout: seconds; the program's whole process group is killed after it
        :param check: raise on any exit status but 0
        :param env: variables besides the ones set for every program
        :param user: run it as this user, with the user's groups
        :return: rc 127 where the program does not exist and ``check`` is false, 124 after a timeout
        :raises AgentError: ``program-missing``, ``program-timeout``, ``program-failed``
        """
        runner = self.runner
        if runner is None:
            from ..lib.proc import run

            runner = run
        extra: dict[str, str] = {"user": user} if user else {}
        result: Result = runner(list(argv), input=input, timeout=timeout, env=dict(env or {}), **extra)
        if check and result.rc != 0:
            if result.rc == 127 and not result.err:
                raise AgentError("program-missing", f"{argv[0]} is not installed on this host, and the run needs it to continue")
            if result.rc == 124 and not result.err:
                raise AgentError("program-timeout", f"{_words(argv)} did not end within {timeout:g} s")
            said = (result.err.strip() or result.out.strip())[-2000:]
            raise AgentError("program-failed", f"{_words(argv)} ended with {result.rc}: {said}")
        return result

    # --- users ------------------------------------------------------------------------------------------------------

    def uid(self, name: str) -> int | None:
        """The number of a user given by name or number; None where there is no such user (yet)."""
        return self._number("passwd", name)

    def gid(self, name: str) -> int | None:
        """The number of a group given by name or number; None where there is no such group (yet)."""
        return self._number("group", name)

    def _number(self, database: str, name: str) -> int | None:
        if self.root and os.geteuid() != 0:  # a test without root: only its own files can be made
            return os.geteuid() if database == "passwd" else os.getegid()
        if name == "root":
            return 0
        if name.isdigit():
            return int(name)
        if not self.root:
            try:
                if database == "passwd":
                    import pwd

                    return pwd.getpwnam(name).pw_uid
                import grp

                return grp.getgrnam(name).gr_gid
            except KeyError:
                return None
        try:
            with open(self.path(f"/etc/{database}"), encoding="utf-8") as lines:
                for line in lines:
                    fields = line.split(":")
                    if fields[0] == name:
                        return int(fields[2])
        except FileNotFoundError:
            pass
        return None

    # --- what the answer carries ------------------------------------------------------------------------------------

    def warn(self, msg: str) -> None:
        """Say something with the component's answer, once."""
        if msg not in self.warnings:
            self.warnings.append(msg)

    def warn_of_host(self, msg: str) -> None:
        """Say something with the call's answer, once: what concerns the host and none of its components alone."""
        if msg not in self.call.warnings:
            self.call.warnings.append(msg)

    def need(self, sha256: str) -> None:
        """Ask the controller for an artifact. The call ends after the requests and is made again."""
        if sha256 not in self.needs:
            self.needs.append(sha256)

    def csr(self, name: str, pem: str) -> None:
        """Ask the controller to sign. The call ends after the requests and is made again."""
        self.csrs.append({"name": name, "pem": pem})

    def drifted(self, path: str) -> None:
        """Report drift of something managed; changes that a revert of the lock-out guard made are not drift."""
        if path not in self.drift and not self._put_back(path):
            self.drift.append(path)

    def _put_back(self, path: str) -> bool:
        before = (self.entry.get("guard") or {}).get("before") or {}
        if path not in before:
            return False
        from ..lib import disk

        return bool(disk.digest_file(self.path(path)) == before[path])

    def plan(self, steps: list[Step]) -> list[Step]:
        """Note what ``steps`` will change, so that units planned later react; returns ``steps``."""
        for step in steps:
            self.changing.update(step.writes)
            self.changing_packages.update(step.packages)
        return steps


def _words(argv: Sequence[str]) -> str:
    return " ".join(argv)[:200]
