# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a package's default instance away is on the host before the first package of any role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, package_defaults
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.converge import ComponentAction

ROLES = Path(__file__).resolve().parents[3] / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())
#: Units that no package starts beside the role's, or whose start by the package alone is what the role wants, too.
WANTED = {
    "ssh.service": "the way in",
    "systemd-journald.service": "part of every Debian",
    "chrony.service": "Debian's time servers are the role's default",
    "apt-daily.timer": "part of every Debian",
    "apt-daily-upgrade.timer": "part of every Debian",
    "minio.service": "no package of Debian brings it",
}
MAIN = "/etc/postgresql-common/createcluster.d/vannah.conf"


def components(*names: str, groups: list[str]) -> list[dict[str, Any]]:
    """The first components of a call with these roles for a host in these groups."""
    loader = DataLoader()
    variables = {"inventory_hostname": "db1", "group_names": groups, "playbook_dir": "/nonexistent"}
    roles = [collect.load(loader, name, "/nonexistent") for name in names]
    return [found.data for found in package_defaults.definitions(roles, variables, Templar(loader=loader), loader, "/nonexistent")]


def paths(*names: str, groups: list[str]) -> set[str]:
    return {item["path"] for made in components(*names, groups=groups) for item in made["files"]}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site map of a few roles: another role of their groups would add files of its own."""
    served = site_map.load()
    kept = tuple(entry for entry in served.roles if entry.role in ("base", "firewall", "etcd", "haproxy", "postgresql"))
    monkeypatch.setattr(site_map, "load", lambda: served._replace(roles=kept))


PRESETS = {name: package_defaults.PRESET.format(name) for name in NAMES}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("names", "groups", "found"),
    [
        (("base",), ["postgresql"], {MAIN, PRESETS["postgresql"]}),
        (("base", "firewall", "etcd"), ["etcd", "postgresql"], {MAIN, PRESETS["postgresql"], PRESETS["etcd"]}),
        (("base",), ["postgresql_client"], {PRESETS["haproxy"]}),
        (("base",), [], set()),  # who installs PostgreSQL on another host has it as Debian makes it
        (("firewall",), ["postgresql_client"], {PRESETS["haproxy"]}),
        (("haproxy",), ["postgresql_client", "etcd"], {PRESETS["haproxy"]}),  # the first wave has brought the others'
        (("postgresql",), [], {MAIN, PRESETS["postgresql"]}),  # in a playbook of one's own
    ],
)
def test_defaults_of_all_roles_of_a_host_come_with_the_first_wave(names: tuple[str, ...], groups: list[str], found: set[str]) -> None:
    assert paths(*names, groups=groups) == found


def test_they_come_before_every_package(tmp_path: Path) -> None:
    """As the first components of the call, and within them before packages."""
    made = components("base", "etcd", groups=["etcd", "postgresql"])
    assert all(item["before"] == "packages" for found in made for item in found["files"])
    definition = tmp_path / "roles" / "trial" / "meta" / "components.yml"
    definition.parent.mkdir(parents=True)
    definition.write_text("- {name: trial, packages: [postgresql-17-cron]}\n", encoding="utf-8")
    (definition.parent / "exports.yml").write_text("package_defaults: [{unit: trial.service}]\n", encoding="utf-8")
    action = object.__new__(ComponentAction)
    action._loader = DataLoader()
    action._templar = Templar(loader=action._loader)
    action.vars = {"inventory_hostname": "db1", "group_names": ["postgresql"], "playbook_dir": str(tmp_path)}
    call, _artifacts = action.role_components(["trial"])
    assert [found["name"] for found in call] == ["trial-package-defaults", "trial"]


@pytest.mark.parametrize("role", NAMES)
def test_no_package_starts_a_unit_of_a_role(role: str) -> None:
    """Every unit that a role manages and a package brings is declared."""
    text = (ROLES / role / "meta" / "components.yml").read_text(encoding="utf-8")
    managed = {
        unit["name"]
        for item in yaml.safe_load(text)
        for unit in item.get("units", ())
        if item.get("packages") and "{{" not in unit["name"] and not unit["name"].startswith("vannah-") and unit.get("state") != "unmanaged"
    }
    exports = yaml.safe_load((ROLES / role / "meta" / "exports.yml").read_text(encoding="utf-8"))
    declared = {item["unit"] for item in exports.get(package_defaults.KIND, ()) if "unit" in item}
    assert managed - declared - set(WANTED) == set()
    assert declared - managed == set(), "what a role keeps from starting it starts itself, or says in its units that it does not run"


@pytest.mark.parametrize("item", [{"units": ["a.service"]}, {"unit": "a.service", "path": "/a"}, {"path": "/a"}, "a.service", {}])
def test_an_item_of_another_form_is_refused(item: Any) -> None:
    with pytest.raises(AnsibleError, match=r"role web: .*package_defaults.*must be"):
        package_defaults.files("web", [item])


def test_the_preset() -> None:
    """systemd.preset(5): one directive a line."""
    (made,) = package_defaults.files("web", [{"unit": "nginx.service", "role": "web"}, {"unit": "nginx.socket"}])
    assert made["path"] == "/etc/systemd/system-preset/00-vannah-web.preset"
    assert [line for line in made["content"].splitlines() if not line.startswith("#")] == ["disable nginx.service", "disable nginx.socket"]
