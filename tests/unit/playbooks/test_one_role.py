# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of one role: they ask the hosts that they are for, and judge no cluster of another role."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.unit.lib.playbook_runs import REPOSITORY, Run

PLAYBOOKS = REPOSITORY / "playbooks"
GROUPS = {"etcd": ["db1"], "postgresql": ["db1"], "postgresql_client": ["app1"]}
GOOD = {"host_facts": {"ansible_facts": {"vannah": {"release": "trixie", "version": "13"}}}, "host_checks": {"new_clusters": []}}


def imports() -> dict[str, dict[str, Any]]:
    """Playbook -> the variables that it gives to the host checks; without the site's own."""
    found = {}
    for path in sorted(PLAYBOOKS.rglob("*.yml")):
        for play in yaml.safe_load(path.read_text(encoding="utf-8")):
            if not isinstance(play, dict):
                break  # a file of variables
            if str(play.get("ansible.builtin.import_playbook", "")).endswith("host_checks.yml") and path.name != "site.yml":
                found[str(path.relative_to(PLAYBOOKS))] = play.get("vars") or {}
    return found


def test_each_names_its_role() -> None:
    """The one in whose folder it lies; restarts one after the other that of the playbook that imports them."""
    found = imports()
    assert found.pop("rolling.yml")["host_checks_roles"] == ["{{ rolling_role | default('') }}"]
    assert found.pop("pki/rotate_ca.yml") == {}, "it is for the whole site, as site.yml"
    assert {"base.yml", "firewall/converge.yml", "haproxy/converge.yml", "minio/converge.yml"} <= set(found)
    for name, given in found.items():
        assert given.get("host_checks_roles") == [name.partition("/")[0].removesuffix(".yml")], name


@pytest.mark.parametrize(
    ("playbook", "asked", "refusing"),
    [
        ("base.yml", ["app1", "db1"], ["base"]),
        ("firewall/converge.yml", ["app1", "db1"], None),  # it closes the ports of all
        ("haproxy/converge.yml", ["app1"], ["haproxy"]),
    ],
)
def test_who_is_asked(run: Run, playbook: str, asked: list[str], refusing: list[str] | None) -> None:
    """A database server that fails is no matter of the clients' HAProxy, and neither is what its service would refuse."""
    done = run(playbook, GROUPS, {"app1": GOOD, "db1": GOOD})
    assert done.code == 0, done.printed
    assert done.of("host_facts") == asked
    assert [given.get("roles") for name, given in done.arguments if name == "host_facts"] == [refusing] * len(asked)
