# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversing with a host that is not there: what the actions make of answers, and what they send next."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import (
    action,
    bundle,
    collect,
    commands,
    converge,
    lockouts,
    render,
    report,
    run,
    shell,
    supply,
    transport,
)

Payload = dict[str, Any]

REAL_CALL: Any = transport.call


class Fake(converge.ComponentAction):
    """An action whose calls go to a list of answers."""

    def __init__(self, answers: list[Any], check: bool = False, **variables: Any) -> None:
        self.answers = answers
        self.sent: list[Payload] = []
        self.resets = 0
        self.vars = {"inventory_hostname": "h", **variables}
        self._task = SimpleNamespace(check_mode=check, diff=True, delegate_to=None, args={}, async_val=0, action="x")
        self._templar = SimpleNamespace(template=lambda value: value)
        self._connection = SimpleNamespace(reset=self._reset, _shell=SimpleNamespace(tmpdir=None))
        self._loader = None

    def _reset(self) -> None:
        self.resets += 1

    def perform(self) -> action.Result:
        return self.make([component()], {})


@pytest.fixture(autouse=True)
def notes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lockouts, "FOLDER", tmp_path / "lockouts")


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> None:
    def call(fake: Fake, payload: Payload, variables: Any) -> Any:
        fake.sent.append(payload)
        answer = fake.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(transport, "call", call)
    monkeypatch.setattr(converge, "copy", SimpleNamespace(deepcopy=lambda value: value))


def component(**options: Any) -> dict[str, Any]:
    made, _artifacts = render.normalise({"name": "x", **options}, "task", lambda kind, name: name, lambda path, where: "")
    return made


def answered(**more: Any) -> Payload:
    return {"protocol": 1, "error": None, "components": [{"name": "x", "role": "", "changed": False, "steps": [], **more}]}


def held(holder: dict[str, Any]) -> Payload:
    return {"error": {"code": "lease-held", "msg": "this host is held by a@b"}, "lease": {"ok": False, "holder": holder}}


def test_payload() -> None:
    fake = Fake([answered()], check=True, component_retry="true")
    fake.make([component()], {})
    (sent,) = fake.sent
    assert (sent["mode"], sent["diff"], sent["op"], sent["policy"]["retry"]) == ("check", True, "converge", True)
    assert sent["lease"] == {"action": "take", "takeover": False, "takeover_of": None}
    assert sent["run"]["id"] == run.run_info("")["id"]


@pytest.mark.parametrize(
    ("playbook", "start", "refused"),
    [
        ("playbooks/site.yml", "Converge base roles", True),
        ("vannah.healthcloud.postgresql.switchover", "x", True),
        ("playbooks/site.yml", None, False),
        ("/somebody/elses.yml", "x", False),
    ],
)
def test_a_run_that_skips_its_checks(monkeypatch: pytest.MonkeyPatch, playbook: str, start: str | None, refused: bool) -> None:
    """Nothing is sent to a host: with --start-at-task a changed port met a running database, unjudged."""
    monkeypatch.chdir(commands.PLAYBOOKS.parent)
    monkeypatch.setattr(action.context, "CLIARGS", {"args": (playbook,), "start_at_task": start})
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    monkeypatch.setattr(Fake, "argument_spec", lambda _fake: None)
    monkeypatch.setattr(Fake, "_remove_tmp_path", lambda *_: None, raising=False)
    fake = Fake([answered()])
    result = fake.run(None, {"inventory_hostname": "h"})
    assert bool(result.get("failed")) is refused and len(fake.sent) == (not refused)
    assert ("--start-at-task" in str(result.get("msg"))) is refused


def test_held_by_a_living_run() -> None:
    with pytest.raises(action.Failure, match="held by a@b"):
        Fake([held({"id": "1", "controller": "elsewhere", "pid": 1, "started": "x/1"})]).make([component()], {})


def test_a_dead_run_is_taken_over_at_once() -> None:
    holder = {"id": "dead", "controller": run.controller(), "pid": 1, "started": "another-boot/1"}
    fake = Fake([held(holder), answered(changed=True)])
    assert fake.make([component()], {})["changed"] is True
    assert fake.sent[1]["lease"]["takeover_of"] == "dead"


def test_what_the_host_needs_is_brought(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"big")
    digest = hashlib.sha256(b"big").hexdigest()
    monkeypatch.setattr(supply, "upload", lambda fake, files: {key: f"/tmp/{key[:4]}" for key in files})
    fake = Fake([answered(needs=[digest]), answered(changed=True)])
    fake.make([component()], {digest: str(tmp_path / "big")})
    assert [sent["staged"] for sent in fake.sent][1] == {digest: f"/tmp/{digest[:4]}"}


def test_another_file_is_refused_before_the_upload(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"other")
    fake = Fake([answered(needs=["a" * 64])])
    with pytest.raises(supply.SupplyError, match="is not what its definition says"):
        fake.make([component()], {"a" * 64: str(tmp_path / "big")})
    assert len(fake.sent) == 1


def test_check_mode_brings_nothing() -> None:
    fake = Fake([answered(needs=["a" * 64], changed=True)], check=True)
    assert fake.make([component()], {})["changed"] is True


def test_certificates_are_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = {"name": "c", "key": "/k", "cert": "/c", "common_name": "n", "names": ["n"], "days": 9, "renew_before": 3}
    asked: list[Any] = []
    monkeypatch.setattr(Fake, "add_authority", lambda self, components: None)
    monkeypatch.setattr(Fake, "_authority", lambda self: SimpleNamespace(sign=lambda *words: asked.append(words) or "PEM"))
    born = {"kind": "certificate", "target": "c", "action": "request", "detail": ""}
    fake = Fake([answered(csrs=[{"name": "c", "pem": "CSR"}], changed=True, steps=[born]), answered()])
    result = fake.make([component(certificates=[certificate])], {})
    assert asked == [("CSR", 9, ["server", "client"], ["n"], [], "n")]
    assert fake.sent[1]["components"][0]["certificates"][0]["issued"] == "PEM"
    assert result["changed"] is True
    assert result["steps"] == ["certificate c: request"]


def test_an_endless_wish_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supply, "verified", lambda needs, artifacts: {})
    with pytest.raises(action.Failure, match="requested the same files twice"):
        Fake([answered(needs=["a"]) for _time in range(3)]).make([component()], {})


def test_a_bare_host_of_check_mode_says_so() -> None:
    """The host checks count it as a server that is there."""
    fake = Fake([shell.BareHost(["python3"])], check=True)
    fake.validate_argument_spec = lambda **_options: (None, {})
    fake._remove_tmp_path = lambda _path: None
    result = fake.run(task_vars={"inventory_hostname": "h"})
    assert result["bare"] is True and not result.get("failed") and result["steps"] == ["package python3: install"]


def test_the_guard_is_disarmed_over_a_new_connection() -> None:
    fake = Fake([{**answered(changed=True), "guard": {"armed": True, "seconds": 60}}, {"error": None}])
    fake.make([component()], {})
    assert fake.resets == 1
    assert fake.sent[1]["op"] == "disarm"


def test_the_rest_goes_with_a_guarded_component() -> None:
    """One call for all of them; its end begins the countdown, and the next connection calls the guard off."""
    both = {**answered(changed=True), "guard": {"armed": True, "seconds": 60}}
    both["components"] += answered(name="y", changed=False)["components"]
    fake = Fake([both, {"error": None}])
    result = fake.make([component(), component(name="y")], {})
    assert [sent["op"] for sent in fake.sent] == ["converge", "disarm"]
    assert [item["name"] for item in fake.sent[0]["components"]] == ["x", "y"]
    assert [item["name"] for item in result["components"]] == ["x", "y"]
    assert result["changed"] is True


def test_nothing_follows_a_failed_component() -> None:
    fake = Fake([answered(error={"code": "x", "msg": "no"})])
    assert fake.make([component(), component(name="y")], {})["failed"] is True


def test_locked_out() -> None:
    fake = Fake([{**answered(), "guard": {"armed": True, "seconds": 45}}, AnsibleConnectionFailure("timed out")])
    with pytest.raises(action.Failure, match=r"reverts it by itself within 45 s \(site_admin_addresses.*\)\. timed out"):
        fake.make([component()], {})


def test_the_next_run_tells_the_host_that_this_one_was_locked_out() -> None:
    """The host cannot tell it from a run that was killed, which is not to count."""
    armed = {**answered(), "guard": {"armed": True, "seconds": 45}}
    with pytest.raises(action.Failure):
        Fake([armed, AnsibleConnectionFailure("timed out")]).make([component()], {})
    again = Fake([answered()])
    again.make([component()], {})
    assert again.sent[0]["policy"]["locked_out"] == [again.sent[0]["run"]["id"]]
    other = Fake([answered()], inventory_hostname="other")
    other.make([component()], {})
    assert "locked_out" not in other.sent[0]["policy"]


def test_a_run_that_was_killed_notes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its forks live on for a moment, and end before they connect."""
    armed = {**answered(), "guard": {"armed": True, "seconds": 45}}
    fake = Fake([armed])
    monkeypatch.setattr(run, "orphaned", lambda: len(fake.sent) > 0)
    with pytest.raises(action.Failure, match="ansible-playbook has ended"):
        fake.make([component()], {})
    fake = Fake([answered()])
    fake.make([component()], {})
    assert "locked_out" not in fake.sent[0]["policy"]


def test_notes_of_lock_outs(tmp_path: Path) -> None:
    known = lockouts.Lockouts(tmp_path / "a" / "b", "site", "db1")
    assert known.runs() == []
    for number in range(12):
        known.note(f"run-{number}")
    known.note("run-11")
    assert known.runs() == [f"run-{number}" for number in range(4, 12)]
    assert lockouts.Lockouts(tmp_path / "a" / "b", "other site", "db1").runs() == []
    lockouts.Lockouts(Path("/proc/none"), "site", "db1").note("run-1")


def test_a_failed_component() -> None:
    error = {"code": "not-ready", "msg": "x.service is not ready", "journal": "line 1\nline 2\n"}
    result = Fake([answered(error=error, steps=[{"kind": "file", "target": "/x", "action": "update", "detail": ""}])]).make(
        [component()], {}
    )
    assert result["failed"] is True
    assert result["msg"] == "component x: x.service is not ready [not-ready]\nline 1\nline 2"
    assert result["steps"] == ["file /x: update"]


def test_pending_restarts() -> None:
    result = Fake([answered(pending_restart=["x.service"], role="r")]).make([component()], {})
    assert result["pending_restart"] == [{"component": "x", "role": "r", "unit": "x.service"}]


class Host:
    """A host for the transport: answers commands by their beginning."""

    def __init__(self, answers: list[tuple[int, str, str]], method: str = "sudo") -> None:
        self.answers = answers
        self.commands: list[tuple[str, bool]] = []
        self.installed: list[str] = []
        self._templar = SimpleNamespace(template=lambda value: value)
        self._connection = SimpleNamespace(become=SimpleNamespace(name=method, get_option=lambda _name: None) if method else None)

    def _compute_environment_string(self) -> str:
        return "LANG=C "

    def _low_level_execute_command(self, command: str, sudoable: bool = True, in_data: bytes | None = None) -> dict[str, Any]:
        self.commands.append((command, sudoable))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        rc, out, err = answer
        asked = re.search(r"VANNAH-PROBE-\w+", command)
        return {"rc": rc, "stdout": out.replace("<marker>", asked[0]) if asked else out, "stderr": err}


def probed(*lines: str, before: str = "") -> tuple[int, str, str]:
    """The probe's answer, after what the login shell has printed."""
    return (0, "\n".join([before, "", "<marker>", *lines, "<marker>", ""]), "")


PROBED_ROOT = probed("0", "apt-get")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((1, "", "bob is not in the sudoers file.\n"), "becoming root is refused. Fix: give the login user a line"),
        ((1, "", "sudo: a password is required\n"), "becoming root needs a password"),
        ((1, "", "sudo: sorry, you must have a tty to run sudo\n"), r"requires a terminal \(requiretty\).* !requiretty into"),
        ((1, "", "sudo: Ein Passwort ist notwendig\n"), r"\(exit status 1\): sudo: Ein Passwort ist notwendig"),
        ((1, "hello\n", "Segmentation fault\n"), r"did not answer \(exit status 1\): Segmentation fault \| hello"),
        (AnsibleError("Missing sudo password"), "becoming root needs a password"),
        (AnsibleError("Incorrect sudo password"), "the password for it is wrong"),
    ],
)
def test_no_answer(monkeypatch: pytest.MonkeyPatch, answer: Any, words: str) -> None:
    with pytest.raises(shell.CallError, match=words):
        REAL_CALL(Host([answer, (0, "", "")]), {"mode": "apply", "op": "facts"}, {})


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh"])
def test_a_shell_that_reads_the_agent_ends_at_once(tmp_path: Path, shell: str) -> None:
    """A login script with `exec zsh`: nothing of the agent is run as commands."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    text = bundle.build({"op": "facts"}, "n", tmp_path) + b"touch here\n"
    done = subprocess.run([program], input=text, capture_output=True, check=False, cwd=tmp_path, env={"HOME": str(tmp_path)})
    assert (done.returncode, done.stdout, done.stderr.decode()) == (bundle.SHELL_STATUS, b"", f"{bundle.SHELL_MARKER}\n")
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(("lost", "runs"), [(0, True), (1, True), (2, False), (5, False)])
def test_an_agent_whose_beginning_is_lost(tmp_path: Path, lost: int, runs: bool) -> None:
    """A login script with `read`: one line may be missing; where more are, the message says why."""
    (tmp_path / "main.py").write_text("def main(payload):\n    return {'protocol': 1}\n", encoding="utf-8")
    (tmp_path / "__init__.py").write_text("", encoding="utf-8")
    lines = bundle.build({"op": "facts"}, "n", tmp_path).split(b"\n")
    done = subprocess.run([sys.executable, "-I", "-S", "-"], input=b"\n".join(lines[lost:]), capture_output=True, check=False)
    assert (b"VANNAH-ANSWER-n" in done.stdout) is runs
    if not runs:
        said = (done.returncode, done.stdout.decode(), done.stderr.decode())
        with pytest.raises(shell.CallError, match="a login script of the host reads the standard input"):
            REAL_CALL(Host([said]), {"mode": "apply", "op": "facts"}, {})


def test_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "new_nonce", lambda: "n")
    host = Host([(0, 'motd\nVANNAH-ANSWER-n\n{"protocol": 1, "ok": 1}\n', "")])
    assert REAL_CALL(host, {"mode": "apply", "op": "facts"}, {"ansible_python_interpreter": "auto_silent"}) == {"protocol": 1, "ok": 1}
    assert host.commands == [("LANG=C /usr/bin/python3 -I -S -X utf8 -", True)]


def test_a_bare_host_gets_python_and_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "new_nonce", lambda: "n")
    host = Host([(127, "", "sudo: not found"), PROBED_ROOT, (0, "", ""), (0, "", ""), (0, 'VANNAH-ANSWER-n\n{"protocol": 1}\n', "")])
    assert REAL_CALL(host, {"mode": "apply", "op": "facts"}, {}) == {"protocol": 1}
    assert host.installed == ["python3", "sudo"]
    assert "install python3 sudo" in host.commands[3][0] and host.commands[3][1] is False


def test_a_bare_host_in_check_mode() -> None:
    host = Host([(127, "", "not found"), PROBED_ROOT])
    with pytest.raises(shell.BareHost, match="a real run installs it first") as caught:
        REAL_CALL(host, {"mode": "check", "op": "facts"}, {})
    assert caught.value.missing == ["python3", "sudo"]


#: What Debian's python3-minimal says of the program that it is given.
MINIMAL = (1, "", "Traceback (most recent call last):\n  [...]\nModuleNotFoundError: No module named 'json'\n")


def test_a_python_without_its_library_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "new_nonce", lambda: "n")
    some = probed("1000", "python3", "sudo", "apt-get")
    host = Host([MINIMAL, some, (0, "", ""), (0, "", ""), (0, 'VANNAH-ANSWER-n\n{"protocol": 1}\n', "")])
    assert REAL_CALL(host, {"mode": "apply", "op": "facts"}, {}) == {"protocol": 1}
    assert host.installed == ["python3"]
    assert host.commands[3][0].endswith("install python3'") and host.commands[3][1] is True


def test_a_python_without_its_library_in_check_mode_or_by_choice() -> None:
    with pytest.raises(shell.BareHost) as caught:
        REAL_CALL(Host([MINIMAL, probed("0", "python3", "sudo", "apt-get")]), {"mode": "check", "op": "facts"}, {})
    assert caught.value.missing == ["python3"]
    with pytest.raises(shell.CallError, match="/opt/python has no standard library: ansible_python_interpreter names it"):
        REAL_CALL(Host([MINIMAL]), {"mode": "apply", "op": "facts"}, {"ansible_python_interpreter": "/opt/python"})


def test_a_program_without_the_library_says_so_itself(tmp_path: Path) -> None:
    """What the bootstrap of the bundle writes where json is missing, as python3-minimal is without it."""
    text = bundle.build({"op": "facts"}, "n", tmp_path).replace(b"import json", b"import json_of_python3_minimal as json")
    done = subprocess.run([sys.executable, "-I", "-S", "-"], input=text, capture_output=True, check=False)
    assert transport.not_found({"rc": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()})


def test_a_chosen_python_that_is_not_there() -> None:
    with pytest.raises(shell.CallError, match="there is no /opt/python on the host: ansible_python_interpreter names it"):
        REAL_CALL(Host([(127, "", "")]), {"mode": "apply", "op": "facts"}, {"ansible_python_interpreter": "/opt/python"})


def test_nobody_may_install() -> None:
    with pytest.raises(shell.CallError, match="the login user is not root"):
        REAL_CALL(Host([(127, "", ""), probed("1000", "apt-get")]), {"mode": "apply", "op": "facts"}, {})


def test_error_of_packages_names_the_variable() -> None:
    """Who reads that a package is unknown looks for where it is written."""
    role = collect.load(DataLoader(), "base", ".")
    assert role.package_variables == {"packages": "base_packages"}
    failed = {"name": "packages", "role": "base", "changed": False, "error": {"code": "package-unknown", "msg": "cannot install htpo"}}
    said = report.components({"components": [failed]}, False, role.package_variables)["msg"]
    assert said == "component packages (role base, variable base_packages): cannot install htpo [package-unknown]"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("this host was converged on Monday. Fix: do", "this host was converged on Monday. Fix: do [x]"),
        ("no room", "the host: no room [x]"),
    ],
)
def test_error_of_a_call_reads_as_a_sentence(said: str, shown: str) -> None:
    assert report.call_error({"error": {"code": "x", "msg": said}})[0] == shown
