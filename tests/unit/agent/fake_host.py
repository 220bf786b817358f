# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host: a temporary root, a small systemd, and the means to cut a run off at any program or write.

A service of this systemd starts when its unit file exists and none of the files that it reads (``Reads=`` lines of the unit
file) contains the word ``bad``; its checker ``check-config`` refuses files that contain ``invalid``, and ``show-running``
prints what it runs with.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import main
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.component_spec import COMPONENT_SPEC

UNITS = "/etc/systemd/system"


class Killed(BaseException):
    """The run was killed here: nothing of the agent may catch it and continue."""


def normalise(spec: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """``given`` with every option of ``spec``, as the controller sends it."""
    done: dict[str, Any] = {}
    for name, option in spec.items():
        value = given.get(name, option.get("default"))
        if "options" in option and value is not None:
            value = (
                normalise(option["options"], value) if option["type"] == "dict" else [normalise(option["options"], item) for item in value]
            )
        done[name] = value
    return {**given, **done}


def component(name: str = "demo", **given: Any) -> dict[str, Any]:
    """A normalised component."""
    return normalise(COMPONENT_SPEC, {"name": name, "role": "", **given})


def service(name: str = "demo.service", reads: tuple[str, ...] = ("/etc/demo.conf",), **given: Any) -> dict[str, Any]:
    """A unit with a unit file of its own."""
    return {"name": name, "content": "[Service]\n" + "".join(f"Reads={path}\n" for path in reads), **given}


class FakeHost:
    """What programs of a host would do, and a count of what was done to its units."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.enabled: set[str] = set()
        self.masked: set[str] = set()
        self.active: dict[str, tuple[str, float]] = {}  # unit -> InvocationID, start (CLOCK_MONOTONIC)
        self.last: dict[str, str] = {}
        self.failed: set[str] = set()
        self.loaded: dict[str, str] = {}  # what daemon-reload has read
        self.log: list[str] = []
        self.shows = 0
        self.stepped = 0.0  # seconds by which the clock was set since the units started
        self.invocations = 0
        self.changes = 0
        self.running_with: dict[str, dict[str, str]] = {}  # what a unit has read when it was started
        self.cut: int | None = None  # killed before the n-th program that changes something
        for directory in ("etc/systemd/system", "var/lib", "run", "usr/lib/systemd/system", "var/lib/dpkg/info"):
            (root / directory).mkdir(parents=True, exist_ok=True)

    def tick(self) -> None:
        """Something is about to be changed; from the cut on nothing is any more, as the process is dead."""
        self.changes += 1
        if self.cut is not None:
            if self.cut == 0:
                raise Killed
            self.cut -= 1

    @contextmanager
    def every_change_counts(self) -> Iterator[None]:
        """Let calls of the operating system that change the root count as changes, too."""
        with ExitStack() as stack:
            for name in ("rename", "unlink", "mkdir", "rmdir", "symlink", "link", "chmod"):
                stack.enter_context(patch.object(os, name, self._counted(getattr(os, name))))
            yield

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.tick()
            return call(*args, **options)

        return counted

    # --- the agent ---------------------------------------------------------------------------------------------------

    def call(self, *components: dict[str, Any], mode: str = "apply", op: str = "converge", **more: Any) -> dict[str, Any]:
        """One call of the agent."""
        payload: Any = {
            "protocol": 1,
            "op": op,
            "mode": mode,
            "diff": True,
            "run": {"id": "run-1", "who": "me@controller"},
            "policy": {"container_host": False, "retry": False},
            "lease": {"action": "none"},
            "components": list(components),
            **more,
        }
        with patch.object(os, "fsync", lambda _descriptor: None):  # no test cuts the power
            return dict(main.main(payload, root=str(self.root), runner=self.run))

    def context(self, mode: str = "apply", **more: Any) -> Context:
        return Context(mode, root=str(self.root), runner=self.run, **more)

    def file(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def write(self, path: str, text: str) -> Path:
        file = self.file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def state(self) -> dict[str, Any]:
        """All that a host shows to the outside: files, links, directories, units."""
        found: dict[str, Any] = {}
        for file in sorted(self.root.rglob("*")):
            path = "/" + str(file.relative_to(self.root))
            if path.startswith(("/var/lib/vannah", "/run/vannah")):
                continue
            if file.is_symlink():
                found[path] = os.readlink(file)
            elif file.is_dir():
                found[path] = oct(file.stat().st_mode)
            else:
                found[path] = (file.read_text(encoding="utf-8"), oct(file.stat().st_mode))
        found["active"] = sorted(self.active)
        found["enabled"] = sorted(self.enabled)
        found["masked"] = sorted(self.masked)
        found["runs with"] = {unit: self.running_with.get(unit) for unit in sorted(self.active)}
        return found

    # --- programs ----------------------------------------------------------------------------------------------------

    def run(self, argv: list[str], **_options: Any) -> Result:
        program, *words = argv
        if program == "systemctl":
            words = [word for word in words if word != "--no-block"]
            if words[0] == "show":
                self.shows += 1
                names = words[words.index("--") + 1 :]
                return Result(0, "\n\n".join(self._show(name) for name in names) + "\n")
            return self._systemctl(words)
        if program == "journalctl":
            return Result(0, "the end of the journal\n")
        if program == "check-config":
            bad = any("invalid" in self._read(word) for word in words)
            return Result(1, "", "this configuration is not valid") if bad else Result(0)
        if program == "show-running":
            return Result(0, repr(self.running_with[words[0]])) if words[0] in self.running_with else Result(1)
        return Result(127)

    def _read(self, path: str) -> str:
        file = Path(path) if path.startswith(str(self.root)) else self.file(path)
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def _systemctl(self, words: list[str]) -> Result:
        self.tick()
        verb, names = words[0], words[1:]
        self.log.append(" ".join(words))
        if verb == "daemon-reload":
            self.loaded = self._units_on_disk()
            return Result(0)
        for name in names:
            answer = self._act(verb, name)
            if answer.rc:
                return answer
        return Result(0)

    def _act(self, verb: str, name: str) -> Result:
        if verb in ("enable", "reenable"):
            self.enabled.add(name)
        elif verb == "disable":
            self.enabled.discard(name)
        elif verb == "mask":
            self.masked.add(name)
        elif verb == "unmask":
            self.masked.discard(name)
        elif verb == "stop":
            self.active.pop(name, None)
        elif verb == "reset-failed":
            self.failed.discard(name)
        elif verb == "reload":
            if self._is_bad(name):
                return Result(1, "", f"Job for {name} failed.")
            self._remember(name)
        elif verb in ("start", "restart"):
            return self.start(name, again=verb == "restart")
        return Result(0)

    def _remember(self, name: str) -> None:
        self.running_with[name] = {path: self._read(path) for path in self._reads(name)}

    def start(self, name: str, again: bool = True) -> Result:
        """Start a unit as a person at the host would."""
        if name in self.active and not again:
            return Result(0)
        self.active.pop(name, None)
        if name not in self._units_on_disk() or name in self.masked:
            return Result(5, "", f"Unit {name} not found.")
        self.invocations += 1
        self.last[name] = f"{self.invocations:032x}"
        self.loaded.setdefault(name, self._units_on_disk()[name])
        if self._is_bad(name):
            self.failed.add(name)
            return Result(1, "", f"Job for {name} failed because the control process exited with error code.")
        self.failed.discard(name)
        time.sleep(0.005)  # a file's times are those of the kernel's last tick
        self.active[name] = (self.last[name], time.clock_gettime(time.CLOCK_MONOTONIC))
        time.sleep(0.005)
        self._remember(name)
        return Result(0)

    def boot(self) -> None:
        """All enabled units restart, no other process is left."""
        self.loaded = self._units_on_disk()
        self.active, self.failed = {}, set()
        for name in sorted(self.enabled - self.masked):
            self.start(name)

    def _units_on_disk(self) -> dict[str, str]:
        found = {}
        for directory in ("usr/lib/systemd/system", "etc/systemd/system"):
            for file in (self.root / directory).glob("*.*"):
                if file.is_file():
                    dropins = sorted((self.root / "etc/systemd/system" / f"{file.name}.d").glob("*.conf"))
                    found[file.name] = "\n".join(part.read_text(encoding="utf-8") for part in [file, *dropins])
        return found

    def _reads(self, name: str) -> list[str]:
        text = self.loaded.get(name, "")
        return [line[6:] for line in text.splitlines() if line.startswith("Reads=")]

    def _is_bad(self, name: str) -> bool:
        return any("bad" in self._read(path) for path in self._reads(name)) or "bad" in self.loaded.get(name, "")

    def _show(self, name: str) -> str:
        on_disk = self._units_on_disk()
        there = name in on_disk
        if there and name not in self.active:
            self.loaded[name] = on_disk[name]  # systemd loads what is not in memory when it is asked
        state = "active" if name in self.active else "failed" if name in self.failed else "inactive"
        fragment = next((f"/{d}/{name}" for d in ("etc/systemd/system", "usr/lib/systemd/system") if (self.root / d / name).is_file()), "")
        dropins = sorted((self.root / "etc/systemd/system" / f"{name}.d").glob("*.conf"))
        start = self.active.get(name, ("", 0.0))[1]
        wall = time.time() - (time.clock_gettime(time.CLOCK_MONOTONIC) - start) + self.stepped
        enabled = "masked" if name in self.masked else "enabled" if name in self.enabled else "disabled" if there else ""
        properties = {
            "Type": "notify",
            "LoadState": "masked" if name in self.masked else "loaded" if there else "not-found",
            "ActiveState": state,
            "SubState": "running" if state == "active" else state,
            "FragmentPath": fragment,
            "DropInPaths": " ".join("/" + str(path.relative_to(self.root)) for path in dropins),
            "UnitFileState": enabled,
            "InvocationID": self.last.get(name, ""),
            "NeedDaemonReload": "yes" if there and name in self.active and self.loaded.get(name) != on_disk[name] else "no",
            "CanReload": "yes",
            "InactiveExitTimestamp": f"@{int(wall)}" if start else "",
            "InactiveExitTimestampMonotonic": str(int(start * 1e6)) if start else "0",
        }
        return "\n".join(f"{key}={value}" for key, value in properties.items())

    def touched(self) -> list[str]:
        """Starts, restarts, reloads and stops so far."""
        return [words for words in self.log if words.split()[0] in ("start", "restart", "reload", "stop")]
