# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback ``vannah.healthcloud.console``: what `make check`, `make plan`, `make converge` and the demo show."""

from __future__ import annotations

DOCUMENTATION = r"""
name: console
type: stdout
short_description: Compact output with the progress of a run
version_added: "0.1.0"
description:
  - A line for each play with its time, a line for each component that changed, warnings once, failures once in two lines, and a recap.
  - On a terminal one more line shows what is running. With C(-v) the output is that of the callback C(default).
  - The details of a run are in a file below C(.cache/logs), mode 0600; the newest 20 are kept. Its path is printed when a run fails.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""

import atexit
import functools
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib.plural import counted
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import texts
from ansible_collections.vannah.healthcloud.plugins.module_utils.console.stream import Live, Log, Tee, is_live, relative

#: The checkout, or where the collection is installed.
COLLECTION = Path(__file__).resolve().parent.parent.parent
TELLING = frozenset(["debug", "ansible.builtin.debug"])
ASKING = frozenset(["pause", "ansible.builtin.pause"])
#: Seconds between two messages about a task that is tried again.
WORD_EVERY = 10.0


def compact(method: Callable[..., None]) -> Callable[..., None]:
    """With -v the event goes to the callback `default`, which shows everything."""

    @functools.wraps(method)
    def chosen(self: Any, *arguments: Any, **named: Any) -> None:
        if self._display.verbosity > 0:
            getattr(Default, method.__name__)(self, *arguments, **named)
        else:
            method(self, *arguments, **named)

    return chosen


class CallbackModule(Default):  # type: ignore[misc]  # ansible-core ships no types
    """Compact output; with -v that of the class it stands on."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "vannah.healthcloud.console"

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()
        self._stage = os.environ.get("VANNAH_STAGE", "")
        self._expected = _seconds(os.environ.get("VANNAH_STAGE_EXPECTED"))
        self._started = _seconds(os.environ.get("VANNAH_STAGE_STARTED"))
        self._log: Log | None = None
        self._live: Live | None = None
        self._streams: tuple[Any, Any] | None = None
        self._play_name = ""
        self._variables: Any = None
        self._play_began = 0.0
        #: A play of tasks on the controller; Ansible counts them for the host whose turn it is.
        self._on_controller = False
        self._of_controller: Counter[tuple[str, str]] = Counter()
        self._play_members: list[str] = []
        self._inventory: set[str] = set()
        self._play_hosts: set[str] = set()
        self._play_changed: set[str] = set()
        self._play_failed: set[str] = set()
        self._task_name = ""
        self._task_done: set[str] = set()
        self._task_hosts = 0
        self._said: set[str] = set()
        self._warnings: dict[str, list[str]] = {}
        self._warned: set[tuple[str, str]] = set()
        self._failed: dict[str, str] = {}
        #: Checks of all hosts by one of them: the host that ran the check, the hosts at fault, and the hosts for which the run ended.
        self._judged: dict[str, set[str]] = {"asked": set(), "blamed": set(), "stopped": set()}
        #: Task and text of a difference -> the first host that has it.
        self._differences: dict[tuple[str, str], str] = {}
        self._retry_said = 0.0

    # -- begin and end ------------------------------------------------------------------------------------------

    @compact
    def v2_playbook_on_start(self, playbook: Any) -> None:
        name = Path(str(playbook._file_name)).stem
        self._log = Log(COLLECTION / ".cache" / "logs", name)
        self._log.line(f"playbook {name}")
        terminal = is_live(sys.stdout, os.environ.get("TERM"))
        self._live = Live(sys.stdout, self._display._lock, self._now, plain=not terminal)
        self._streams = (sys.stdout, sys.stderr)
        groups = site_map.known_groups()
        sys.stdout = Tee(sys.stdout, self._live, self._log, texts.is_short_wait if terminal else lambda _text: False)
        sys.stderr = Tee(sys.stderr, self._live, self._log, lambda text: texts.is_of_a_group(text, groups) or self._is_stopped(text))
        _end_forks_quietly()
        self._live.start()
        atexit.register(self._live.end)

    @compact
    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._end_play()
        if self._live is not None:
            self._live.end()
        hosts = {host: stats.summarize(host) for host in stats.processed}
        failed = any(found["failures"] or found["unreachable"] for found in hosts.values())
        controller = {what: sum(self._of_controller[what, host] for host in hosts) for what in ("failures", "changed")}
        for host, found in list(hosts.items()):
            for what in controller:
                found[what] -= self._of_controller[what, host]
            if host not in self._inventory:
                del hosts[host]
        line = texts.recap(hosts, controller, time.monotonic() - self._began, bool(context.CLIARGS.get("check")), **self._judged)
        self._display.display(line, color=C.COLOR_ERROR if failed else C.COLOR_OK)
        if failed and self._log is not None and self._log.path is not None:
            self._display.display(f"Details: {relative(self._log.path)}")
        if self._streams is not None:
            sys.stdout, sys.stderr = self._streams

    # -- plays and tasks ----------------------------------------------------------------------------------------

    @compact
    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._end_play()
        self._play_name = play.get_name().strip()
        self._variables = play.get_variable_manager()
        self._play_began = time.monotonic()
        self._on_controller = texts.is_of_controller(play.hosts)
        members = _hosts_of(play)
        self._inventory.update(host for host, implicit in members.items() if not implicit)
        self._play_members = list(members)
        self._task_hosts = 1 if self._on_controller else len(members)

    @compact
    def v2_playbook_on_no_hosts_matched(self) -> None:
        self._play_name = ""

    @compact
    def v2_playbook_on_no_hosts_remaining(self) -> None:
        """The reason why none remains was reported already."""

    def _end_play(self) -> None:
        self._tell_warnings()
        if self._play_name and self._play_hosts:
            seconds = time.monotonic() - self._play_began
            hosts = 0 if self._on_controller else len(self._play_hosts)
            line = texts.play_line(self._play_name, hosts, sorted(self._play_changed), sorted(self._play_failed), seconds)
            self._display.display(f"{self._stage}{line}")
        self._play_name, self._task_name = "", ""
        self._play_hosts, self._play_changed, self._play_failed = set(), set(), set()

    @compact
    def _task_start(self, task: Any, prefix: str | None = None) -> None:  # noqa: ARG002 # Ansible gives it
        self._tell_warnings()
        self._task_name = task.get_name().strip()
        self._task_done = set()
        if self._live is not None:
            self._live.paused = task.action in ASKING
            if self._live.paused:
                self._live.erase()
        if self._log is not None:
            self._log.line(f"task {self._task_name}")

    def v2_playbook_on_vars_prompt(self, *arguments: Any, **named: Any) -> Any:
        if self._live is not None:
            self._live.paused = True
            self._live.erase()
        try:
            return super().v2_playbook_on_vars_prompt(*arguments, **named)
        finally:
            if self._live is not None:
                self._live.paused = False

    def _is_stopped(self, text: str) -> bool:
        """Whether Ansible reports an interruption (Ctrl-C), shown once; in a demo by the program that shows the stages."""
        if not texts.is_interruption(text):
            return False
        if self._live is not None:
            self._live.end()
        if not self._stage:
            print(texts.STOPPED, flush=True)
        return True

    def _now(self) -> str:
        """What is running now, for the live line."""
        if not self._play_name:
            return ""
        since = time.time() - self._started if self._started else time.monotonic() - self._play_began
        name = self._play_name if not self._task_name or self._task_name == self._play_name else f"{self._play_name}: {self._task_name}"
        done = f"  {len(self._task_done)}/{self._task_hosts} hosts" if self._task_hosts > 1 else ""
        return f"{self._stage}{name}{done}  {texts.elapsed(since, self._expected)}"

    # -- results ------------------------------------------------------------------------------------------------

    @compact
    def v2_runner_on_ok(self, result: Any) -> None:
        host = self._done(result)
        self._warn(result)
        if result.task.action in TELLING and not texts.is_hidden(result.result):
            for line in texts.told(result.result):
                self._say_once_a_task(f"  {line}")
        elif result.result.get("changed"):
            self._play_changed.add(host)
            if self._on_controller:
                self._of_controller["changed", str(result.host.get_name())] += 1
            for line in texts.changes(result.task.get_name().strip(), result.result):
                self._display.display(f"  {host}: {line}", color=C.COLOR_CHANGED)
            self._keep(f"changed {host}", result)

    @compact
    def v2_runner_on_skipped(self, result: Any) -> None:
        self._done(result)

    @compact
    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        host = self._done(result)
        self._warn(result)
        self._keep(f"{'ignored failure of' if ignore_errors else 'failed'} {host}", result)
        if not ignore_errors:
            if self._on_controller:
                self._of_controller["failures", str(result.host.get_name())] += 1
            blamed = [str(name) for name in result.result.get("blamed", [host])]
            if "blamed" in result.result:
                self._judged["asked"].add(host)
                self._judged["blamed"].update(blamed)
                self._judged["stopped"].update(self._play_members)
            self._play_failed.update(blamed)
            who, task, whole = ", ".join(blamed) or "all hosts", result.task.get_name().strip(), bool(result.result.get("report"))
            self._fail(who, task, texts.message(result.result), whole=whole)

    @compact
    def v2_runner_on_unreachable(self, result: Any) -> None:
        host = self._done(result)
        self._keep(f"unreachable {host}", result)
        if not result.task.ignore_unreachable:
            self._play_failed.add(host)
            for line in texts.unreachable(host, texts.message(result.result), _login(self._variables, result.host)):
                self._display.display(line, color=C.COLOR_UNREACHABLE)

    @compact
    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._warn(result)

    @compact
    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._warn(result)

    @compact
    def v2_runner_item_on_skipped(self, result: Any) -> None:
        """Tasks that were not run are not reported."""

    @compact
    def v2_runner_retry(self, result: Any) -> None:
        now = time.monotonic()
        if now - self._retry_said >= WORD_EVERY:
            self._retry_said = now
            left = result.result.get("retries", 0) - result.result.get("attempts", 0)
            self._display.display(
                f"  {self.host_label(result)}: not yet: {result.task.get_name().strip()} ({counted(left, 'try', 'tries')} left)"
            )

    @compact
    def v2_playbook_on_include(self, included_file: Any) -> None:
        """The structure of a playbook is not reported."""

    @compact
    def v2_on_file_diff(self, result: Any) -> None:
        found = result.result
        parts = found["results"] if result.task.loop and "results" in found else [found]
        for part in parts:
            if part.get("diff") and part.get("changed") and not texts.is_hidden(part):
                text = self._get_diff(part["diff"])
                if text:
                    self._show_difference(self.host_label(result), result.task.get_name().strip(), text)

    # -- parts --------------------------------------------------------------------------------------------------

    def _done(self, result: Any) -> str:
        host = texts.CONTROLLER if self._on_controller else str(result.host.get_name())
        self._play_hosts.add(host)
        self._task_done.add(host)
        return host

    def _show_difference(self, host: str, task: str, text: str) -> None:
        """A difference once: most files of a site are the same on several hosts."""
        first = self._differences.setdefault((task, text), host)
        if first != host:
            self._display.display(f"{host}: {task}: the same difference as on {first}")
            return
        self._display.display(f"{host}: {task}")
        self._display.display(text)

    def _fail(self, host: str, task: str, text: str, *, whole: bool) -> None:
        self._tell_warnings()
        key = f"{task}\n{text.replace(host, '')}"
        if key in self._failed:
            self._display.display(f"FAILED  {host}: the same as {self._failed[key]}", color=C.COLOR_ERROR)
            return
        self._failed[key] = host
        lines = texts.failure(host, task, text, whole=whole)
        for line in lines:
            self._display.display(line, color=C.COLOR_ERROR)
        if len(lines) == 1 and self._log is not None and self._log.path is not None:
            self._display.display(f"        Details: {relative(self._log.path)}", color=C.COLOR_ERROR)

    def _warn(self, result: Any) -> None:
        """Keep a result's warnings until its task is done: a warning of several hosts is printed once."""
        host = "" if result.task.run_once else str(result.host.get_name())
        for warning in result.result.get("warnings") or ():
            text = str(getattr(warning, "msg", warning))
            if (text, host) in self._warned:
                continue  # a later wave says it again
            self._warned.add((text, host))
            hosts = self._warnings.setdefault(text, [])
            if host:
                hosts.append(host)

    def _tell_warnings(self) -> None:
        for text, hosts in self._warnings.items():
            line = f"{', '.join(sorted(hosts))}: {text}" if hosts else text
            if line not in self._said:
                self._said.add(line)
                self._display.display(f"WARNING {line}", color=C.COLOR_WARN)
        self._warnings = {}

    def _say_once_a_task(self, line: str) -> None:
        key = f"{self._task_name}\n{line}"
        if key not in self._said:
            self._said.add(key)
            self._display.display(line)

    def _keep(self, what: str, result: Any) -> None:
        """All of a result in the log. Ansible has taken away already what no_log hides."""
        if self._log is not None and self._log.path is not None:
            found = dict(result.result)
            found.pop("invocation", None)
            self._log.line(f"{what}: {result.task.get_name().strip()}: {self._dump_results(found)}")


def _end_forks_quietly() -> None:
    """Have a fork that is interrupted before it has its own handler end without the traceback of Ansible's, which is the parent's."""
    parent, given = os.getpid(), signal.getsignal(signal.SIGINT)

    def handle(number: int, frame: FrameType | None) -> Any:
        if os.getpid() != parent:
            os._exit(128 + number)
        if callable(given):
            return given(number, frame)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle)


def _login(variables: Any, host: Any) -> texts.Login | None:
    """How Ansible logs in to a host; None where that is unknown, as with a template that needs more than the inventory."""
    try:
        given = variables.get_vars(host=host, include_hostvars=False)
        address, user = (str(given.get(f"ansible_{name}") or given.get(f"ansible_ssh_{name}") or "") for name in ("host", "user"))
        port = int(given.get("ansible_port") or given.get("ansible_ssh_port") or 22)
    except Exception:  # only for a sentence, which does without
        return None
    user = user or str(context.CLIARGS.get("remote_user") or "")
    return None if "{{" in address + user else texts.Login(address or str(host.get_name()), user, port)


def _hosts_of(play: Any) -> dict[str, bool]:
    """The hosts that a play has, as far as known before it starts, and whether Ansible itself created them (localhost)."""
    try:
        return {str(host.get_name()): bool(host.implicit) for host in play.get_variable_manager()._inventory.get_hosts(play.hosts)}
    except Exception:  # only for the progress line and the recap: what it costs is a number
        return {}


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
