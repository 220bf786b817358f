# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pki/rotate_ca.yml: a real authority, and hosts whose answers the test makes up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib.der import outlines
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import authority, succession, trust

from tests.unit.lib.playbook_runs import Done, Run

PLAYBOOK = "pki/rotate_ca.yml"
SITE = {"etcd": ["db1", "db2", "db3"]}
ETCD = {"answers": True, "problems": [], "leader": "db1", "members": [], "healthy": True, "pending_restart": []}
PASSWORD = "the right password"


@pytest.fixture
def site(tmp_path: Path) -> str:
    """The folder of the inventory that :class:`Run` writes, with an authority."""
    (tmp_path / "password").write_text(PASSWORD)
    authority.ensure_authority(loader(), str(tmp_path), "clinic")
    return str(tmp_path)


def loader() -> DataLoader:
    found = DataLoader()
    found.set_vault_secrets([("default", VaultSecret(PASSWORD.encode()))])
    return found


def host(site: str, **more: Any) -> dict[str, Any]:
    """A host that is as the files say now."""
    known = trust.known(site)
    outlined = outlines(trust.bundle(site))
    item = {"component": "etcd", "name": "etcd", "authority": known[0].identifier, "trusted": outlined, "not_before": 0}
    said = {"certificates": [item], "trusted": outlined, "waits": [], **more}
    return {"pki_certificates": said, "converge": {"pending_restart": []}, "etcd_health": ETCD}


def rotate(run: Run, site: str, *options: str, **given: Any) -> Done:
    hosts = {name: given.pop(name, None) or host(site) for name in SITE["etcd"]}
    return run(PLAYBOOK, SITE, hosts, "--vault-password-file", f"{site}/password", *options, **given)


def files(site: str) -> list[str]:
    return sorted(path.name for path in Path(site, "pki").iterdir())


def test_the_new_one_does_not_sign_before_all_hosts_trust_it(run: Run, site: str) -> None:
    """The stand-ins do not take the new authority over, so the run ends before the second step."""
    done = rotate(run, site)
    assert done.code != 0
    assert "1. every host trusts clinic internal CA and clinic internal CA 2" in done.printed
    assert "the new authority does not sign yet: db1 does not trust these authorities" in done.printed
    assert succession.stage(site) == succession.TRUST
    kinds = [call.rpartition(" ")[0] for call in done.calls]
    assert kinds.index("preflight") < kinds.index("host_facts") < kinds.index("pki_certificates") < kinds.index("converge base")


@pytest.mark.parametrize("waits", [[], ["etcd.service"]])
def test_continues_where_hosts_trust_both(run: Run, site: str, waits: list[str]) -> None:
    """It signs from then on, and the next step waits for the certificates. A member that was not restarted holds it."""
    succession.begin(loader(), site, "clinic")
    done = rotate(run, site, db2=host(site, waits=waits))
    assert "a rotation that was begun is continued" in done.printed
    assert done.code != 0
    if waits:
        assert "db2: etcd.service runs with previous files" in done.printed and succession.stage(site) == succession.TRUST
    else:
        assert "the old authority is trusted still: db1: certificate etcd is of the old authority" in done.printed
        assert succession.stage(site) == succession.REISSUE


def test_holds_with_both_trusted(run: Run, site: str) -> None:
    succession.begin(loader(), site, "clinic")
    done = rotate(run, site, certificate_ca_hold=True)
    assert done.code == 0, done.printed
    assert "both authorities are trusted everywhere" in done.printed and succession.stage(site) == succession.TRUST
    preflights = [call for call in done.calls if call.startswith("preflight ")]
    assert len(preflights) == 2, "before the rotation, and of the one converge that is needed"


def test_drops_the_old_one_last(run: Run, site: str) -> None:
    succession.begin(loader(), site, "clinic")
    succession.promote(loader(), site)
    done = rotate(run, site)
    assert done.code != 0 and "the rotation of the CA has not ended: db1 does not trust these authorities" in done.printed
    assert files(site) == ["ca.crl", "ca.crt", "ca.key"]
    again = rotate(run, site)  # hosts that have ended it, as the stand-ins say now
    assert "clinic internal CA 3" in again.printed, "nothing was left, so this is the next rotation"


def test_a_rotation_that_hosts_have_to_end_is_ended_and_no_new_one_begun(run: Run, site: str) -> None:
    succession.begin(loader(), site, "clinic")
    succession.promote(loader(), site)
    behind = host(site)
    succession.drop(loader(), site)
    done = rotate(run, site, db3=behind)
    assert "this ends it" in done.printed and files(site) == ["ca.crl", "ca.crt", "ca.key"]
    assert "clinic internal CA 3" not in done.printed


@pytest.mark.parametrize(("options", "away"), [(("--limit", "db1,db2"), False), ((), True)])
def test_without_a_host_nothing_is_begun(run: Run, site: str, options: tuple[str, ...], away: bool) -> None:
    done = rotate(run, site, *options, **({"db3": {"*": {"away": True}}} if away else {}))
    assert done.code != 0 and "db3 cannot be asked" in done.printed
    assert not any(call.startswith("converge") for call in done.calls)
    assert files(site) == ["ca.crt", "ca.key"]


def test_check_mode_shows_the_steps(run: Run, site: str) -> None:
    done = rotate(run, site, "--check")
    assert done.code == 0, done.printed
    assert all(f"{number}. " in done.printed for number in (1, 2, 3))
    preflights = [call for call in done.calls if call.startswith("preflight ")]
    assert len(preflights) == 2, "a second converge would show the same"
    assert files(site) == ["ca.crt", "ca.key"]
