# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites out of a few lines of YAML, read by Ansible's own inventory code as a run would read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Report
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import Controller, SecretsFile, Site
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.reader import InventoryReader
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.schema import Schema
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.surroundings import schema_of

REPOSITORY = Path(__file__).resolve().parents[3]
PASSWORD = VaultSecret(b"the vault of the tests")

Judge = Callable[..., Report]

#: What a good site says of all its hosts; tests add to it.
GOOD = {"site_name": "clinic", "site_domain": "clinic.health"}


@pytest.fixture(scope="session")
def schema(ansible_plugins: None) -> Schema:
    """The schema of this collection."""
    return schema_of(DataLoader(), site_map.load())


def vaulted(text: str) -> str:
    """A value as ``ansible-vault encrypt_string`` writes it, for a block scalar indented by two."""
    made = VaultLib().encrypt(text, secret=PASSWORD).decode()
    return "!vault |\n" + "".join(f"  {line}\n" for line in made.splitlines())


@pytest.fixture
def read(tmp_path: Path, schema: Schema, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Site]:
    """Reads a site from the text of its files."""

    def reader(
        hosts: str,
        files: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
        controller: Controller | None = None,
        secrets: Iterable[SecretsFile] = (),
        password: VaultSecret = PASSWORD,
        authority_end: datetime | None = None,
    ) -> Site:
        folder = tmp_path / "site"
        for name, text in {"hosts.yml": hosts, **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        loader = DataLoader()
        loader.set_vault_secrets([("default", password)])
        monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext([("default", password)]))
        inventory = InventoryManager(loader=loader, sources=[str(folder)])
        variables = VariableManager(loader=loader, inventory=inventory)
        variables._extra_vars = dict(extra or {})
        with_key = Controller(key_files=("~/.ssh/id_ed25519",), file_exists=lambda path: "missing" not in path)
        reads = InventoryReader(inventory, variables, loader, schema, site_map.load().roles_of)
        return reads.read(controller or with_key, secrets, authority_end)

    return reader


@pytest.fixture
def judged(read: Callable[..., Site]) -> Judge:
    """Judges a site from the text of its files."""

    def judger(hosts: str, **more: Any) -> Report:
        return judge(read(hosts, **more), frozenset(site_map.load().groups_served()))

    return judger


def codes(report: Report) -> set[str]:
    """All codes of a report."""
    return {finding.code for finding in (*report.errors, *report.warnings)}


def points(report: Report) -> set[tuple[str, str, str]]:
    """(code, where, variable) of all findings of a report."""
    return {(finding.code, finding.where, finding.variable) for finding in (*report.errors, *report.warnings)}


def site(groups: str, variables: str = "") -> str:
    """``hosts.yml`` of a good site with these groups. One line for each group (or host of it):

    ``etcd: db1 db2 db3`` makes hosts with addresses from their place in the text; ``variables`` are lines of ``vars`` of the group all,
    or of another group below ``[group]``, or of a host below ``[@host]``.
    """
    lines: dict[str, list[str]] = {"": []}
    section = ""
    for line in variables.splitlines():
        if line.strip().startswith("[") and line.strip().endswith("]"):
            section = line.strip()[1:-1]
            lines.setdefault(section, [])
        elif line.strip():
            lines[section].append(line)
    given = "\n".join(lines[""])
    good = [f"{name}: {value}" for name, value in GOOD.items() if not given.startswith(name + ":") and f"\n{name}:" not in given]
    text = "all:\n  vars:\n" + _indented([*good, *lines[""]], 4) + "  children:\n"
    addresses: dict[str, str] = {}
    for row in groups.splitlines():
        if not row.strip():
            continue
        group, _colon, members = row.partition(":")
        text += f"    {group.strip()}:\n"
        if lines.get(group.strip()):
            text += "      vars:\n" + _indented(lines[group.strip()], 8)
        text += "      hosts:\n"
        for host in members.split():
            text += f"        {host}:\n"
            if host not in addresses:
                addresses[host] = f"10.1.0.{len(addresses) + 1}"
                own = lines.get(f"@{host}", [])
                if not any(line.startswith("ansible_host:") for line in own):
                    own = [f"ansible_host: {addresses[host]}", *own]
                text += _indented(own, 10)
    return text


def _indented(lines: list[str], width: int) -> str:
    return "".join(f"{' ' * width}{line}\n" for line in lines)
