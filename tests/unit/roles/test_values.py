# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that roles record, evaluated for a host as the converge action and the host checks do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.action import host_checks
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, templating, values
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.belonging import Belonging

from tests.unit.lib.rendered import FACTS

#: Role -> what a host of all groups records of it, in ``tests/unit/services/<role>/recorded.yml``.
RECORDED: dict[str, dict[str, list[Any]]] = {
    path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[1] / "services").glob("*/recorded.yml"))
}
Look = Callable[..., tuple[collect.Role, templating.Templates, DataLoader]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """``look(role, **variables)``: the role, and templates with the variables of db1."""

    def _look(name: str, **variables: Any) -> tuple[collect.Role, templating.Templates, DataLoader]:
        hosts = {f"db{number}": {"ansible_host": f"10.0.0.{number}"} for number in (1, 2, 3)}
        groups = {group: {"hosts": dict.fromkeys(hosts)} for group in ("etcd", "postgresql", "postgresql_client")}
        source = tmp_path / "hosts.yml"
        source.write_text(
            yaml.safe_dump({"all": {"hosts": hosts, "children": groups, "vars": {"site_name": "clinic", **variables}}}), encoding="utf-8"
        )
        loader = DataLoader()
        loader.set_basedir(str(tmp_path))
        inventory = InventoryManager(loader=loader, sources=[str(source)])
        manager = VariableManager(loader=loader, inventory=inventory)
        HostVars(inventory=inventory, variable_manager=manager, loader=loader)
        found = {**manager.get_vars(host=inventory.get_host("db1")), "ansible_facts": FACTS}
        role = collect.load(loader, name, str(tmp_path))
        return role, templating.Templates(Templar(loader=loader), role.variables(found), []), loader

    return _look


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(look: Look, name: str) -> None:
    """The values as they are sent; the verb may change what it changes, and nothing else."""
    role, templates, loader = look(name)
    sent = values.for_agent(role, templates, "", loader, "")
    assert sent["values"] == RECORDED[name]
    assert all(fix for fix, *_more in sent["fixes"].values())
    allowed = {
        variable
        for variable, (fix, *_more) in values.for_agent(role, templates, "change_ports.yml", loader, "")["fixes"].items()
        if not fix
    }
    assert allowed == {variable for variable in RECORDED[name] if variable.endswith("_port") and not variable.startswith("etcd_")}


@pytest.mark.parametrize("name", RECORDED)
def test_nothing_differs(look: Look, name: str) -> None:
    """What was recorded is what the same inventory wants."""
    role, templates, loader = look(name)
    assert values.changes(role, {variable: known[0] for variable, known in RECORDED[name].items()}, templates, loader, "") == []


@pytest.mark.parametrize(
    ("name", "variables", "differing"),
    [
        ("etcd", {"etcd_client_port": 2389}, {"etcd_client_port": "new"}),
        ("etcd", {"etcd_settings": {"data-dir": "/srv/etcd"}}, {"etcd_data_directory": "new"}),
        ("etcd", {"etcd_settings": {"listen-client-urls": "https://10.0.0.1:1"}}, {"etcd_settings": "new"}),
        ("etcd", {"etcd_settings": {"snapshot-count": 1}}, {}),
        ("haproxy", {"postgresql_port": 5433}, {"postgresql_port": "together"}),
        ("haproxy", {"postgresql_rest_port": 8009}, {"postgresql_rest_port": "together"}),
        ("haproxy", {"haproxy_read_write_port": 5010}, {"haproxy_read_write_port": "together"}),
        ("postgresql", {"etcd_client_port": 2389}, {"etcd_client_port": "new"}),
        ("postgresql", {"postgresql_port": 5433}, {"postgresql_port": "together"}),
        ("postgresql", {"postgresql_cluster": "b"}, {"postgresql_cluster": "new", "postgresql_data_directory": "new"}),
        ("postgresql", {"postgresql_version": "15"}, {"postgresql_version": "new", "postgresql_data_directory": "new"}),
        ("postgresql", {"postgresql_max_connections": 100}, {}),
        ("base", {"site_name": "other"}, {"site_name": "new"}),
    ],
)
def test_what_differs(look: Look, name: str, variables: dict[str, Any], differing: dict[str, str]) -> None:
    """Each with the effect that its owner states."""
    role, templates, loader = look(name, **variables)
    found = values.changes(role, {variable: known[0] for variable, known in RECORDED[name].items()}, templates, loader, "")
    assert {change.variable: change.statement.effect for change in found} == differing


@pytest.mark.parametrize(
    ("name", "variables", "listening", "runs"),
    [
        ("postgresql", {}, [5432, 8008], {}),
        ("postgresql", {"postgresql_port": 5433}, [5432, 8008], {"postgresql_port": "5432"}),
        ("postgresql", {"postgresql_port": 5433}, [5433, 8008], {}),
        ("postgresql", {"postgresql_port": 5433}, [8008], {}),  # it is down
        ("postgresql", {"postgresql_rest_port": 8009}, [5432, 8008], {"postgresql_rest_port": "8008"}),
        ("etcd", {"etcd_peer_port": 2390}, [2379, 2380], {"etcd_peer_port": "2380"}),
        ("haproxy", {"haproxy_read_only_port": 5011}, [5000, 5001], {"haproxy_read_only_port": "5001"}),
        ("haproxy", {"postgresql_port": 5433}, [5000, 5001, 5432], {}),  # its member says it
    ],
)
def test_what_an_older_release_recorded_nothing_of(
    look: Look, name: str, variables: dict[str, Any], listening: list[int], runs: dict[str, str]
) -> None:
    """All that the verb changes is named; a port that runs is known by who listens."""
    role, templates, loader = look(name, **variables)
    found = values.unrecorded(role, listening, templates, loader, "")
    assert {one.statement.name: one.runs for one in found if one.runs} == runs
    verbs = {one.statement.name for one in found if one.statement.verb == "change_ports.yml"}
    assert verbs == {variable for variable in RECORDED[name] if variable.endswith("_port") and not variable.startswith("etcd_")}


@pytest.mark.parametrize(
    ("name", "unit", "variables", "taken"),
    [
        ("postgresql", "patroni.service", {}, set()),
        ("postgresql", "patroni.service", {"postgresql_port": 7433}, {("postgresql_port", "7433", "python3")}),
        ("postgresql", "patroni.service", {"postgresql_rest_port": 7433}, {("postgresql_rest_port", "7433", "python3")}),
        ("postgresql", "patroni.service", {"postgresql_port": 7008}, set()),  # a run that was cut off: its own program has it already
        ("postgresql", "patroni.service", {"postgresql_port": 7000}, set()),  # no one
        ("postgresql", "patroni.service", {"postgresql_port": 7100}, {("postgresql_port", "7100", "nc")}),  # beside its own program
        ("haproxy", "haproxy.service", {"haproxy_read_write_port": 7433}, {("haproxy_read_write_port", "7433", "python3")}),
        ("haproxy", "haproxy.service", {"haproxy_read_only_port": 7433}, {("haproxy_read_only_port", "7433", "python3")}),
        ("haproxy", "haproxy.service", {"postgresql_port": 7433}, set()),  # its members listen there, not this host
        ("minio", "minio.service", {"minio_port": 7433}, {("minio_port", "7433", "python3")}),
        ("minio", "minio.service", {"minio_console": True, "minio_console_port": 7433}, {("minio_console_port", "7433", "python3")}),
        ("minio", "minio.service", {"minio_console": False, "minio_console_port": 7433}, set()),
    ],
)
def test_ports_that_another_program_has(
    look: Look, name: str, unit: str, variables: dict[str, Any], taken: set[tuple[str, str, str]]
) -> None:
    """Of a service that listens on this host; where the host was not asked who listens, or is a member no more, nothing."""
    role, templates, loader = look(name, **variables)
    served = {"7433": [["python3", "session-3.scope"]], "7008": [["own", unit]], "7100": [["own", unit], ["nc", ""]]}
    known = {"values": {"x": "y"}}
    found = values.taken(role, known, [unit], served, templates, loader, "")
    assert {(one.variable, one.port, one.program) for one in found} == taken
    assert values.taken(role, known, [unit], {}, templates, loader, "") == []
    assert values.taken(role, {"values": {}}, [], served, templates, loader, "") == []


@pytest.mark.parametrize("facts", [{"unrecorded": ["postgresql", "tools"]}, {"unrecorded": [], "running": {}}, {}])
def test_the_host_checks_know_what_was_made_before(look: Look, tmp_path: Path, facts: dict[str, Any]) -> None:
    """A component of a role that runs and has recorded nothing."""
    _role, _templates, loader = look("postgresql")
    action: Any = SimpleNamespace(_loader=loader, _templar=Templar(loader=loader))
    hostvars = {"db1": {"inventory_hostname": "db1"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "unrecorded", lambda role, *_more: [role.name])
        found = host_checks.ActionModule._values(action, "db1", ("postgresql",), hostvars, facts, str(tmp_path))
    assert found.get("unrecorded", ()) == (("postgresql",) if facts.get("unrecorded") else ())


@pytest.mark.parametrize(
    ("own", "takeover", "refused"),
    [(True, False, {"postgresql_cluster", "site_name"}), (True, True, {"postgresql_cluster"}), (False, True, set())],
)
def test_a_takeover_and_what_ran_before(look: Look, tmp_path: Path, own: bool, takeover: bool, refused: set[str]) -> None:
    """A new site_name is what it is for; the values of another site are nothing to this one."""
    _role, _templates, loader = look("postgresql")
    theirs = {"key": "t", "called": "theirs internal CA"}
    same = {"key": "o", "called": "clinic internal CA"}
    facts = {
        "site": {"name": "demo", "host": "db1", "authorities": [same if own else theirs]},
        "running": {
            "authority": {"values": {"site_name": "demo"}},  # of the role base
            "postgresql": {"values": {"postgresql_cluster": "b"}, "role": "postgresql", "unit": "patroni.service", "enabled": True},
        },
    }
    said = {"ansible_facts": {"vannah": facts}, "clock_offset": 0.0}
    variables = {"inventory_hostname": "db1", "site_name": "clinic", "group_names": ["all", "postgresql"], "host_answers": said}
    hostvars = RawHostVars(db1=variables)
    action = object.__new__(host_checks.ActionModule)
    action._loader, action._templar = loader, Templar(loader=loader)
    known = Belonging(own={"name": "clinic", "authorities": [same], "secrets": "", "known": []}, takeover=takeover)
    given = action._answer("db1", hostvars, "host_answers", str(tmp_path), SimpleNamespace(of=lambda *_host: known))
    assert {change.variable for change in given.changes} == refused


class RawHostVars(dict[str, Any]):
    """As much of Ansible's hostvars as the action uses."""

    def raw_get(self, name: str) -> Any:
        return self[name]
