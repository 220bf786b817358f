# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared code knows kinds of things that a role may say (meta/exports.yml), and no role by its name: a new role changes none of it.

The roles of every host (base, firewall) are the ground that shared code stands on, and may be named.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
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
#: Their names, and names of variables that begin with one.
NAMED = re.compile(rf"(?<!\w)(?:{'|'.join(sorted({*ROLES, *DRIVERS, *GROUPS}))})(?:_\w+)?\b")
#: Folders of Python that belongs to no service. A service's own files there carry its name.
SHARED = (
    "plugins/module_utils",
    "plugins/action",
    "plugins/lookup",
    "plugins/filter",
    "plugins/callback",
    "scripts",
    "tests/live/lib",
    "tests/unit/lib",
)
#: The same of YAML.
YAML = ("playbooks", "playbooks/tasks", "playbooks/vars", "molecule/_shared", ".config/molecule")
#: Texts for people about a plugin, with examples.
_DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
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


def shared_python() -> Iterator[Path]:
    """Python outside the services' own folders and files."""
    names = (*ROLES, *DRIVERS)
    for folder in SHARED:
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            own = path.relative_to(REPOSITORY / folder).parts
            if "services" not in own and not any(path.stem == name or path.stem.startswith(f"{name}_") for name in names):
                yield path


def shared_yaml() -> Iterator[Path]:
    """Playbooks and steps of scenarios outside the services' own folders. The site map is where a role is named."""
    for path in sorted(path for folder in YAML for path in (REPOSITORY / folder).glob("*.yml")):
        if path.name != "site_map.yml":
            yield path


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of each text, name and attribute of a module, without its comments and documentation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))  # a docstring
        elif isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id in _DOCUMENTATION for target in node.targets):
            skipped.update(id(inner) for inner in ast.walk(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module.replace(".", " ")


def named_in_python(path: Path) -> list[str]:
    """Roles that a module names, with their lines."""
    return [f"{line}: {found}" for line, text in texts(path) for found in NAMED.findall(text)]


def named_in_yaml(path: Path) -> list[str]:
    """Roles that a file of YAML names, outside of comments."""
    return NAMED.findall(yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")), width=10**6))


def relative(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", [*shared_python(), *shared_yaml()], ids=relative)
def test_shared_code_names_no_role(path: Path) -> None:
    """What it would say of one belongs into that role's meta/exports.yml, or into the service's folder."""
    found = named_in_python(path) if path.suffix == ".py" else named_in_yaml(path)
    assert not found or relative(path) in ALLOWED, f"{relative(path)} names {', '.join(found)}"


def test_the_allowed_are_needed() -> None:
    """An exception that nothing needs any more goes."""
    for name in ALLOWED:
        path = REPOSITORY / name
        assert named_in_python(path) if path.suffix == ".py" else named_in_yaml(path), name


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
    assert [item.partition(": ")[2] for item in named_in_python(path)] == found
