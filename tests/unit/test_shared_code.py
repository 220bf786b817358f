# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared code knows kinds of things that a role may say (meta/exports.yml), and no role by its name: a new role changes none of it.

The roles of every host (base, firewall) are the ground that shared code stands on, and may be named.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import shared_code
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import rules

REPOSITORY = Path(__file__).resolve().parents[2]
MAP = site_map.load()
#: Roles that only some hosts get.
ROLES = [entry.role for entry in MAP.roles if site_map.ALL not in entry.groups]
#: Services of the agent that restart units in systemd's place.
DRIVERS = [name for name in rules.drivers() if name != "systemd"]
#: Groups that are no words of English, such as object_store.
GROUPS = [group for group in MAP.groups_served() if "_" in group]
#: Groups of services that no role serves yet.
PLANNED = yaml.safe_load((REPOSITORY / "playbooks/vars/site_variables.yml").read_text(encoding="utf-8"))["known_groups"]
#: Their names, and names of variables that begin with one.
NAMED = shared_code.pattern([*ROLES, *DRIVERS, *GROUPS])
#: Shared file -> why it names one all the same.
ALLOWED = {
    "plugins/module_utils/preflight/rules/secrets.py": "names of products are what people take for passwords",
    # The test servers are containers: the program that makes them is no role of a site.
    "scripts/testbed/controller.py": "the package cache is a container",
    "scripts/testbed/controller_images.py": "the package cache is a container",
    "scripts/testbed/cache.py": "the package cache is a container",
    "scripts/testbed/checkout.py": "asks the engine whose the test servers are",
    "scripts/testbed/demo.py": "its servers are containers",
    "scripts/testbed/engine.py": "starts the engine that the test servers run on",
    "scripts/testbed/images.py": "makes the images of the test servers",
    "scripts/testbed/machine.py": "looks for the engine that the test servers run on",
    "tests/live/lib/container_exec.py": "the test servers are containers",
    "tests/live/lib/leak_runs.py": "the test servers are containers",
    "tests/live/lib/site.py": "the test servers are containers",
}


def relative(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", list(shared_code.files(REPOSITORY, (*ROLES, *DRIVERS))), ids=relative)
def test_shared_code_names_no_role(path: Path) -> None:
    """What it would say of one belongs into that role's meta/exports.yml, or into the service's folder."""
    found = shared_code.named(path, NAMED)
    assert not found or relative(path) in ALLOWED, f"{relative(path)} names {', '.join(found)}"


@pytest.mark.parametrize("path", sorted((REPOSITORY / "plugins/module_utils/preflight").rglob("*.py")), ids=relative)
def test_shared_rules_name_no_planned_group(path: Path) -> None:
    """Groups that a later release serves: their rules are in services/<group>/preflight.py, too."""
    found = [f"{line}: {text}" for line, text in shared_code.texts(path) if text in PLANNED]  # some are words of English, too
    assert not found, f"{relative(path)} names {', '.join(found)}"


def test_the_allowed_are_needed() -> None:
    """An exception that nothing needs any more goes."""
    for name in ALLOWED:
        assert shared_code.named(REPOSITORY / name, NAMED), name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""Of etcd."""\nx = 1  # etcd\n', []),
        ('x = {"etcd": 1}\n', ["etcd"]),
        ('x = f"{y}: postgresql_port"\n', ["postgresql_port"]),
        ("from ..services.minio import endpoint\n", ["minio"]),
        ('EXAMPLES = r"""\n- etcd\n"""\n', []),
        ('x = "my_etcd"\n', []),
        ('x = ["systemd", "patroni"]\n', ["patroni"]),
        ('x = "/var/lib/etcd/vannah"\n', ["etcd"]),
        ('x = "object_store_backend"\n', ["object_store_backend"]),
    ],
)
def test_the_look_finds_names(tmp_path: Path, text: str, found: list[str]) -> None:
    """Comments and examples may name a role; tables, texts and imports may not."""
    path = tmp_path / "x.py"
    path.write_text(text, encoding="utf-8")
    assert [item.partition(": ")[2] for item in shared_code.named(path, NAMED)] == found
