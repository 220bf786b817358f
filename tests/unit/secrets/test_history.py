# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generations of a site's secrets: what is noted, what tells an old checkout from the current one, and that nothing is revealed."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.identity import differences
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import identity
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import history
from cryptography.hazmat.primitives.asymmetric import ec

KEY = ec.generate_private_key(ec.SECP384R1())


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "pki").mkdir()
    return tmp_path


def use(site: Path, **values: str) -> list[str]:
    """A run with these secrets."""
    return history.note(str(site), history.digest(KEY, values))


def known(site: Path) -> dict[str, object]:
    return identity.of(str(site), "clinic")


def test_each_change_is_one_line(site: Path) -> None:
    first = use(site, a="1")
    assert use(site, a="1") == first and len(use(site, a="2")) == 2
    assert history.read(str(site)) == use(site, a="2")
    assert known(site)["known"] == history.read(str(site)) and known(site)["secrets"] == history.read(str(site))[-1]
    lines = (site / "pki" / "generations").read_text().splitlines()
    assert [line for line in lines if line.startswith("#")] and len(lines) == 4


def test_check_mode_writes_nothing(site: Path) -> None:
    assert len(history.note(str(site), "d", check_mode=True)) == 1
    assert not (site / "pki" / "generations").exists()


def test_a_line_that_was_cut_off_does_not_swallow_the_next(site: Path) -> None:
    (site / "pki" / "generations").write_text("aaaa 2026-01-01T00:00:00Z")
    assert history.note(str(site), "bbbb") == history.read(str(site)) == ["aaaa", "bbbb"]


def test_a_digest_needs_the_key_and_depends_on_names_and_values(site: Path) -> None:
    one = history.digest(KEY, {"a": "1", "b": "2"})
    assert one == history.digest(KEY, {"b": "2", "a": "1"}) and len(one) == 32
    others = [{"a": "2", "b": "1"}, {"a": "1"}, {"a": "1", "b": "2", "c": ""}, {"a": '1","b":"2'}]
    assert (
        len({one, *(history.digest(KEY, other) for other in others), history.digest(ec.generate_private_key(ec.SECP384R1()), {"a": "1"})})
        == 6
    )


def test_a_checkout_that_was_left_behind(tmp_path: Path) -> None:
    """Two checkouts of one site: one renews a password, the other does not know; then each of them has its turn."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        (folder / "pki").mkdir(parents=True)
        use(folder, a="1")
    host = {"secrets": use(here, a="1")[-1]}
    assert not differences(host, known(there))
    use(here, a="2")
    assert not differences(host, known(here)), "the checkout that is ahead of the host"
    host = {"secrets": str(known(here)["secrets"])}
    assert differences(host, known(there)) == ["secrets"]
    use(there, a="3")
    assert differences(host, known(there)) == ["secrets"], "both have changed something"
    # An old secrets.yml comes back beside the newer list.
    use(here, a="1")
    assert differences(host, known(here)) == ["secrets"]
    # What the other checkout has is brought: its files, the list among them.
    (there / "pki" / "generations").write_bytes((here / "pki" / "generations").read_bytes())
    use(there, a="2")
    assert not differences(host, known(there))


def test_revocations_are_told_apart_and_none_changes_nothing() -> None:
    """Hosts keep the digest that they were converged with before there was a list."""
    one = history.digest(KEY, {"a": "1"})
    assert history.digest(KEY, {"a": "1"}, []) == one
    assert len({one, history.digest(KEY, {"a": "1"}, ["A1"]), history.digest(KEY, {"a": "1"}, ["A1", "B2"])}) == 3
    assert history.digest(KEY, {"a": "1"}, ["B2", "A1"]) == history.digest(KEY, {"a": "1"}, ["A1", "B2"])
