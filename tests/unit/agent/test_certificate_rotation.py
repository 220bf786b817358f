# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New keys and certificates for a running site: a verb replaces what was signed before a time."""

from __future__ import annotations

import stat
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import x509
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import certificates

from tests.unit.lib.issuing import CA, CERT, KEY, PLAN, Authority, Make, issue

DAY = 86400
NEXT = "/etc/vannah/pki/web/.key.pem.next"


def rotates(host: Any, before: float, *only: str) -> None:
    """From now on each call is one of a verb that replaces what was signed before a time."""
    made = type(host).context
    host.context = lambda mode="apply", **more: made(host, mode, policy={"reissue": before, "reissue_of": list(only)}, **more)


def signed_at(host: Any) -> float:
    return float(host.entry["certificates"]["web"]["not_before"]) + certificates.BACKDATED


def key_of(host: Any, path: str = KEY) -> str:
    return str(host.read(path))


def test_what_was_signed_before_the_verb_gets_a_new_key_and_certificate_together(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    old_key, old_cert = key_of(host), host.read(CERT)
    rotates(host, signed_at(host) + 1)
    (step,) = host.apply(PLAN, web())
    assert (step.action, step.detail, step.request) == ("request", certificates.ROTATED, True)
    assert step.writes == {KEY: None, CERT: None, CA: None}
    assert (key_of(host), host.read(CERT)) == (old_key, old_cert), "the service keeps a pair that fits"
    waits = host.root / NEXT.lstrip("/")
    assert stat.S_IMODE(waits.stat().st_mode) == 0o640
    new_key = waits.read_text()
    (step,) = host.apply(PLAN, web(issued=authority.sign(host.ctx.csrs[0]["pem"])))
    assert (step.action, set(step.writes)) == ("update", {KEY, CERT, CA}) and step.detail.endswith("with a new key")
    assert key_of(host) == new_key != old_key and host.read(CERT) != old_cert
    assert not waits.exists()
    assert x509.public_key(host.ctx, KEY) == x509.parse(host.ctx, str(host.read(CERT))).key  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("later", "only", "again"), [(1, (), True), (0, (), False), (1, ("web",), True), (1, ("trial",), True), (1, ("db",), False)]
)
def test_only_what_was_signed_before_and_is_named(
    host: Any, web: Make, authority: Authority, later: int, only: tuple[str, ...], again: bool
) -> None:
    """By the name of its component (`trial`) or its own."""
    issue(host, web, authority)
    rotates(host, signed_at(host) + later, *only)
    assert bool(host.plan(PLAN, web())) == again


def test_verb_is_done_once(host: Any, web: Make, authority: Authority) -> None:
    """A run that continues an interrupted one has the same time, and leaves what is done."""
    issue(host, web, authority)
    before = signed_at(host) + 1
    rotates(host, before)
    host.apply(PLAN, web())
    leaf = authority.sign(host.ctx.csrs[0]["pem"])
    host.apply(PLAN, web(issued=leaf))
    # The test's authority backdates nothing: what it has signed begins after the time all the same.
    host.entry["certificates"]["web"]["not_before"] = before - certificates.BACKDATED
    assert host.plan(PLAN, web()) == []


def test_certificate_that_the_ledger_does_not_know_is_replaced_too(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    before = signed_at(host) + 1
    host.entry.clear()
    rotates(host, before)
    (step,) = host.plan(PLAN, web())
    assert (step.action, step.detail) == ("request", certificates.ROTATED)


def test_killed_before_the_certificate_came_leaves_nothing(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    old_key = key_of(host)
    rotates(host, signed_at(host) + 1)
    host.apply(PLAN, web())
    assert host.read(NEXT) is not None
    rotates(host, 0)
    (step,) = host.apply(PLAN, web())
    assert (step.target, step.action, step.request) == (NEXT, "remove", False)
    assert host.read(NEXT) is None and key_of(host) == old_key
    assert host.plan(PLAN, web()) == []


def test_certificate_of_neither_key_is_refused(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    rotates(host, signed_at(host) + 1)
    host.apply(PLAN, web())
    leaf = authority.sign(host.ctx.csrs[0]["pem"])
    host.write(NEXT, x509.new_key(host.ctx), 0o640)
    with pytest.raises(AgentError, match="belongs to another key") as caught:
        host.plan(PLAN, web(issued=leaf))
    assert caught.value.code == "certificate-mismatch"


def test_check_mode_shows_a_rotation_and_writes_nothing(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    rotates(host, signed_at(host) + 1)
    (step,) = host.plan(PLAN, web(), "check")
    assert step.writes == {KEY: None, CERT: None, CA: None} and host.read(NEXT) is None


def test_first_certificate_is_no_rotation(host: Any, web: Make) -> None:
    rotates(host, host.now + 10)
    (step,) = host.apply(PLAN, web())
    assert step.detail.startswith("there is no key yet") or step.detail.startswith("the definition changed")
    assert host.read(NEXT) is None


def test_what_left_the_definition_takes_a_waiting_key_along(host: Any, web: Make, authority: Authority, component: Make) -> None:
    issue(host, web, authority)
    rotates(host, signed_at(host) + 1)
    host.apply(PLAN, web())
    host.apply(PLAN, component())
    assert host.read(NEXT) is None and not (host.root / "etc/vannah").exists()


def test_the_controllers_backdating_is_known_here() -> None:
    from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import authority as pki

    assert pki.BACKDATED.total_seconds() == certificates.BACKDATED
