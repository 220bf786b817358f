# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversing with a host that is not there: what the actions make of answers, and what they send next."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import (
    action,
    collect,
    commands,
    converge,
    exports,
    lockouts,
    render,
    report,
    run,
    shell,
    supply,
    transport,
)

Payload = dict[str, Any]


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
    monkeypatch.setattr(Fake, "_authority", lambda self: SimpleNamespace(sign=lambda *words, lists: asked.append((*words, lists)) or "PEM"))
    urls = {("revocation_urls", "e1"): ["http://a.b/pki"], ("revocation_urls", "e2"): ["http://a.b/pki", "http://c.d/pki"]}
    monkeypatch.setattr(exports, "exports_of", lambda kind, host, **_more: urls.get((kind, host), []))
    born = {"kind": "certificate", "target": "c", "action": "request", "detail": ""}
    fake = Fake(
        [answered(csrs=[{"name": "c", "pem": "CSR"}], changed=True, steps=[born]), answered()], hostvars={"h": {}, "e1": {}, "e2": {}}
    )
    result = fake.make([component(certificates=[certificate])], {})
    assert asked == [("CSR", 9, ["server", "client"], ["n"], [], "n", ["http://a.b/pki", "http://c.d/pki"])]
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
