# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in a temporary directory, and programs that answer what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import lease
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result, Step

if TYPE_CHECKING:
    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.contract import Component
    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.records import Entry

#: 2026-11-24T18:00:00Z
NOW = 1795543200.0

EMPTY: dict[str, Any] = {
    "name": "trial",
    "role": "",
    "state": "present",
    "purge": False,
    "validate": [],
    "lockout_guard": 0,
    **{name: [] for name in ("groups", "users", "packages", "directories", "links", "files", "certificates", "sysctls", "cron", "units")},
}


class Programs:
    """The runner of a :class:`Context`: remembers what was run and answers from what :meth:`on` was told, last first."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.inputs: list[str | bytes | None] = []
        self.environments: list[dict[str, str]] = []
        self.answers: list[tuple[tuple[str, ...], Result | Callable[[list[str]], Result]]] = []

    def on(self, *words: str, rc: int = 0, out: str = "", err: str = "", do: Callable[[list[str]], Result] | None = None) -> None:
        """Answer so when a command has all of ``words`` among its own; a simulation (``-s``) only where they name it."""
        self.answers.insert(0, (words, do or Result(rc, out, err)))

    def __call__(self, argv: list[str], input: str | bytes | None = None, timeout: float = 60, env: Any = None, user: str = "") -> Result:
        self.calls.append(argv)
        self.inputs.append(input)
        self.environments.append(dict(env or {}))
        for words, answer in self.answers:
            if meant(words, argv):
                return answer(argv) if callable(answer) else answer
        return Result(0)

    def ran(self, *words: str) -> int:
        """How many commands had all of ``words``; simulations are counted only where they are named."""
        return sum(meant(words, argv) for argv in self.calls)


def meant(words: tuple[str, ...], argv: list[str]) -> bool:
    """Whether a command has all of ``words``, and simulates only where they say so."""
    return all(word in argv for word in words) and ("-s" in words or "-s" not in argv)


class Host:
    """A directory that stands for /, contexts on it, and a ledger entry that lives from one to the next."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs = Programs()
        self.entry: Entry = {}
        self.now = NOW
        self.ctx = self.context()

    def context(self, mode: str = "apply", **more: Any) -> Context:
        """A new context: another run."""
        options: dict[str, Any] = {"diff": True, "runner": self.programs, "clock": lambda: self.now, **more}
        self.ctx = Context(mode, root=str(self.root), **options)
        return self.ctx

    def plan(self, planner: Callable[..., list[Step]], component: dict[str, Any], mode: str = "apply") -> list[Step]:
        """Plan in a new run."""
        ctx = self.context(mode)
        ctx.start_component(cast("Component", component), self.entry)
        return ctx.plan(planner(component, ctx))

    def apply(self, planner: Callable[..., list[Step]], component: dict[str, Any]) -> list[Step]:
        """Plan and apply in a new run: requests alone where there are any, as the agent does."""
        steps = self.plan(planner, component)
        for step in [step for step in steps if step.request] or steps:
            for section, name in step.claims:
                self.ctx.section(section).setdefault(name, {})
            assert step.apply is not None, step
            step.apply(self.ctx)
        return steps

    def write(self, path: str, text: str | bytes = "", mode: int = 0o644) -> Path:
        """Make a file of the host, with its directories."""
        real = self.root / path.lstrip("/")
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_bytes(text.encode() if isinstance(text, str) else text)
        real.chmod(mode)
        return real

    def read(self, path: str) -> str | None:
        """A file of the host; None where there is none."""
        real = self.root / path.lstrip("/")
        return real.read_text() if real.exists() else None


@pytest.fixture
def host(tmp_path: Path) -> Host:
    root = tmp_path / "host"
    for directory in ("etc", "usr/sbin", "run/systemd/system", "var/lib/dpkg", "proc/sys"):
        (root / directory).mkdir(parents=True)
    return Host(root)


@pytest.fixture
def ctx(host: Host) -> Context:
    return host.ctx


@pytest.fixture
def programs(host: Host) -> Programs:
    return host.programs


@pytest.fixture
def component() -> Callable[..., dict[str, Any]]:
    """Make a normalised component; packages, users and the like may leave out what has a default."""

    def make(**given: Any) -> dict[str, Any]:
        made = {**EMPTY, **given}
        for name, defaults in DEFAULTS.items():
            made[name] = [{**defaults, **({"name": item} if isinstance(item, str) else item)} for item in made[name]]
        return made

    return make


DEFAULTS: dict[str, dict[str, Any]] = {
    "packages": {"state": "present", "version": None, "hold": False},
    "groups": {"gid": None, "system": True, "state": "present"},
    "users": {
        "uid": None,
        "group": None,
        "groups": [],
        "comment": "",
        "home": None,
        "shell": "/usr/sbin/nologin",
        "system": True,
        "create_home": False,
        "state": "present",
    },
    "cron": {"user": "root", "environment": {}, "state": "present"},
    "certificates": {
        "ca": None,
        "names": [],
        "addresses": [],
        "usages": ["server", "client"],
        "days": 90,
        "renew_before": 30,
        "owner": "root",
        "group": "root",
        "key_mode": "0640",
        "on_change": "reload",
        "units": None,
    },
}


@pytest.fixture(autouse=True)
def no_lease_left() -> Iterator[None]:
    """The descriptor that says "a person works here" lives as long as a process; here, as long as a test."""
    yield
    import os

    for descriptor in lease._working.values():
        os.close(descriptor)
    lease._working.clear()
