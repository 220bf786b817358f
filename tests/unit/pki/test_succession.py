# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new authority in place of the old one: both are trusted meanwhile, and a run that is killed between two files is continued."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.identity import differences
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import identity
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import authority as pki
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import crl, succession, trust
from cryptography import x509


def files(site: str) -> list[str]:
    return sorted(path.name for path in Path(site, "pki").iterdir() if not path.name.startswith("."))


def trusted(site: str) -> list[str]:
    return [one.name for one in trust.known(site)]


def signs(loader: Any, site: str) -> str:
    return pki.name_of(pki.load_authority(loader, site).certificate)


OLD, NEW = "clinic internal CA", "clinic internal CA 2"


def test_three_steps(loader: Any, site: str) -> None:
    before = pki.certificate_text(site)
    assert succession.stage(site) == succession.NONE
    succession.begin(loader, site, "clinic")
    assert (succession.stage(site), signs(loader, site), trusted(site)) == (succession.TRUST, OLD, [OLD, NEW])
    assert files(site) == ["ca.crl", "ca.crt", "ca.key", "next.crt", "next.key"]
    assert (
        Path(site, "pki/next.key").read_text().startswith("$ANSIBLE_VAULT") and Path(site, "pki/next.key").stat().st_mode & 0o777 == 0o600
    )
    assert pki.certificate_text(site) == before, "what signs is what hosts compare"
    assert trust.others(site) == Path(site, "pki/next.crt").read_text()
    succession.promote(loader, site)
    assert (succession.stage(site), signs(loader, site), trusted(site)) == (succession.REISSUE, NEW, [NEW, OLD])
    assert trust.others(site) == before
    assert files(site) == ["ca.crl", "ca.crt", "ca.key", "previous.crt", "previous.key"]
    succession.drop(loader, site)
    assert (succession.stage(site), signs(loader, site), trusted(site)) == (succession.NONE, NEW, [NEW])
    assert files(site) == ["ca.crl", "ca.crt", "ca.key"]


def test_each_authority_has_a_list_while_both_are_trusted(loader: Any, site: str) -> None:
    """A client with a list of one alone would refuse what the other has signed."""
    crl.revoke(loader, site, ["A1B2C3D4"])
    old = trust.known(site)[0].identifier
    succession.begin(loader, site, "clinic")
    new = trust.known(site)[1].identifier
    assert {issuer: len(own) for issuer, own in crl.entries(site).items()} == {old: 1, new: 0}
    succession.promote(loader, site)
    assert {issuer: len(own) for issuer, own in crl.entries(site).items()} == {new: 0, old: 1}
    succession.drop(loader, site)
    assert list(crl.entries(site)) == [new]


def test_begin_twice_makes_one(loader: Any, site: str) -> None:
    succession.begin(loader, site, "clinic")
    made = Path(site, "pki/next.crt").read_bytes()
    succession.begin(loader, site, "clinic")
    assert Path(site, "pki/next.crt").read_bytes() == made


@pytest.mark.parametrize(
    ("current", "then"),
    [
        ("clinic internal CA", "clinic internal CA 2"),
        ("clinic internal CA 2", "clinic internal CA 3"),
        ("clinic internal CA 9", "clinic internal CA 10"),
        ("Hospital Root", "site internal CA 2"),
    ],
)
def test_names(current: str, then: str) -> None:
    assert succession.next_name(current, "site") == then


class Killed(BaseException):
    """The run ends here, as with SIGKILL."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """``kill(n)``: the n-th change of a file and all later ones do not happen."""
    left = [10**6]
    for module, name in ((os, "rename"), (os, "unlink")):
        real = getattr(module, name)

        def stand_in(*given: Any, _real: Any = real, **more: Any) -> Any:
            if left[0] <= 0:
                raise Killed
            left[0] -= 1
            return _real(*given, **more)

        monkeypatch.setattr(module, name, stand_in)

    def set_to(count: int) -> None:
        left[0] = count

    return set_to


def steps(loader: Any, site: str) -> Iterator[Callable[[], None]]:
    """What a run of the verb does with the files, from the stage that it finds."""
    if succession.stage(site) == succession.NONE:
        yield lambda: succession.begin(loader, site, "clinic")
    if succession.stage(site) == succession.TRUST:
        yield lambda: succession.begin(loader, site, "clinic")
        yield lambda: succession.promote(loader, site)
    if succession.stage(site) == succession.REISSUE:
        yield lambda: succession.drop(loader, site)


def test_killed_anywhere_it_is_continued(loader: Any, tmp_path: Path, kill: Callable[[int], None]) -> None:
    """At each moment one authority signs whose key fits, and what it signs is trusted; the next run ends with a new one alone."""
    seen = set()
    for count in range(100):
        site = str(tmp_path / f"site{count}")
        os.mkdir(site)
        kill(10**6)
        pki.ensure_authority(loader, site, "clinic")
        crl.ensure(loader, site)
        kill(count)
        try:
            for step in steps(loader, site):
                step()
            killed = False
        except Killed:
            killed = True
        kill(10**6)
        signing = pki.load_authority(loader, site)
        assert signing.certificate_pem in trust.bundle(site) and trusted(site)[0] == pki.name_of(signing.certificate)
        seen.add((succession.stage(site), tuple(trusted(site)), tuple(files(site))))
        assert not pki.ensure_authority(loader, site, "clinic"), "a run of the site in between"
        if succession.stage(site) != succession.NONE:
            for step in steps(loader, site):
                step()
        if trusted(site) != [OLD]:  # killed before anything was begun
            assert (trusted(site), files(site)) == ([NEW], ["ca.crl", "ca.crt", "ca.key"]), count
        if not killed:
            break
    assert count > 8 and len(seen) > 6, "it was killed at every change of a file"


# --- which checkout is out of date ------------------------------------------------------------------------------------------------


def own(site: str) -> dict[str, Any]:
    return {**identity.of(site, "clinic"), "host": "db1"}


def record(site: str) -> dict[str, Any]:
    said = own(site)
    return {key: said[key] for key in ("name", "host", "authorities", "secrets")}


def test_hosts_follow_and_a_checkout_from_before_is_refused(loader: Any, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime

    began = own(site)
    first = record(site)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    succession.begin(loader, site, "clinic", later)
    assert [one["called"] for one in own(site)["authorities"]] == [OLD, NEW]
    assert differences(first, own(site)) == []
    both = record(site)
    assert differences(both, began) == ["certificate"], "it would have the hosts trust the old one alone"
    succession.promote(loader, site)
    assert differences(both, own(site)) == differences(first, own(site)) == []
    signing = record(site)
    succession.drop(loader, site)
    assert differences(signing, own(site)) == []
    assert differences(record(site), began) == ["authority"]
    assert differences(first, own(site)) == ["authority"], "a host that missed all of it"


# --- what the hosts say -----------------------------------------------------------------------------------------------------------


def answer(
    trusts: tuple[str, ...] = ("a", "b"), service: tuple[str, ...] | None = ("a", "b"), by: str = "old", waits: tuple[str, ...] = ()
) -> Any:
    def outlined(prints: tuple[str, ...]) -> list[dict[str, str]]:
        return [{"fingerprint": one} for one in prints]

    item = {"component": "web", "name": "web", "authority": by, "trusted": None if service is None else outlined(service)}
    public = {"component": "", "name": "public", "authority": "R3", "trusted": None}
    return {"certificates": [item, public], "trusted": outlined(trusts), "waits": list(waits)}


@pytest.mark.parametrize(
    ("given", "signing", "left"),
    [
        (answer(), "", []),
        (answer(trusts=("b", "a")), "", []),
        (answer(service=None), "", []),
        (answer(trusts=("a",)), "", ["web1 does not trust these authorities"]),
        (answer(service=("a",)), "", ["web1: web does not trust these authorities"]),
        (answer(waits=("web.service",)), "", ["web1: web.service runs with previous files"]),
        (answer(), "new", ["web1: certificate web is of the old authority"]),
        (answer(by="new"), "new", []),
        (answer(trusts=("a", "b", "c")), "", ["web1 does not trust these authorities"]),
    ],
)
def test_hosts_that_have_not_ended_a_step(given: Any, signing: str, left: list[str]) -> None:
    assert succession.unfinished({"web1": given}, ["a", "b"], signing) == left


def test_a_rotation_that_only_hosts_have_to_end_is_no_new_one() -> None:
    assert succession.begun_elsewhere({"web1": answer()}, ["a"])
    assert not succession.begun_elsewhere({"web1": answer(trusts=("a",))}, ["a"])
    assert not succession.begun_elsewhere({"web1": answer(trusts=())}, ["a"]), "a host that was not converged yet"


def test_steps_are_described_from_the_present_one_on() -> None:
    all_of_it = succession.described(succession.TRUST, [], OLD, NEW)
    assert [text[0] for text in all_of_it] == ["1", "2", "3"]
    texts = succession.described(succession.DROP, ["db1 does not trust these authorities"], OLD, NEW)
    assert [text[:2] for text in texts] == ["3.", "le"]


def test_names_are_the_certificates_own(loader: Any, site: str) -> None:
    succession.begin(loader, site, "clinic")
    pem = Path(site, "pki/next.crt").read_bytes()
    assert x509.load_pem_x509_certificate(pem).subject.rfc4514_string() == f"CN={NEW}"
