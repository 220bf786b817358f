# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a package's own default instance from being made or started beside the managed one.

Debian enables a service when its package is installed, and some packages make a first instance of their own. A role that owns
such a service says so in ``meta/exports.yml``, kind ``package_defaults``. A call begins with these components: for the roles that it
converges and, where one of them is a role of every host, for all roles of the host's groups. There a package may come early, by
another role or by the site's own list.

An item is one of two:

- ``{unit: etcd.service}``: the package does not enable the unit. Debian's deb-systemd-helper(1) asks systemd's presets
  (systemd.preset(5)) when a package is installed for the first time, and deb-systemd-invoke(1) starts no unit that is disabled.
  Units that are there already, and what the role itself enables later, are not concerned.
- ``{path: /etc/..., content: ...}``: a file that the package's scripts read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from ansible.errors import AnsibleError

from .. import site_map
from . import collect
from .exports import evaluate

KIND = "package_defaults"
#: Before presets of a distribution or an image, such as "enable *": the first line that matches a unit decides.
PRESET = "/etc/systemd/system-preset/00-vannah-{}.preset"


def definitions(
    roles: Iterable[collect.Role], task_vars: Mapping[str, Any], templar: Any, loader: Any, folder: str
) -> list[collect.Definition]:
    """A component for each role that has any, see above.

    :param folder: where roles of a playbook are looked for
    :raises AnsibleError: a role's export cannot be read, or an item is neither of the two
    """
    named = {role.name: role for role in roles}
    served = site_map.load()
    # Reading all roles costs milliseconds: the waves that follow do without.
    if any(entry.role in named and site_map.ALL in entry.groups for entry in served.roles):
        for name in served.roles_of(task_vars.get("group_names") or ()):
            named.setdefault(name, collect.load(loader, name, folder))
    found = []
    for role in named.values():
        if KIND in role.exports:
            templates = collect.templates_of(role, task_vars, templar)
            items = evaluate(KIND, role, templates, str(task_vars.get("inventory_hostname")))
            data = {"name": f"{role.name}-package-defaults", "files": files(role.name, items)}
            found.append(collect.Definition(role, data, templates))
    return found


class Content(TypedDict):
    """A file with its text."""

    path: str
    content: str


class Made(Content):
    """A file of the component that is applied before packages."""

    before: str
    on_change: str


def files(role: str, items: Iterable[Any]) -> list[Made]:
    """The files of a role's items, each written before packages.

    :raises AnsibleError: an item is neither of the two
    """
    made: list[Content] = []
    units: list[str] = []
    for item in items:
        kind = set(item) - {"role"} if isinstance(item, Mapping) else set()
        if kind == {"unit"}:
            units.append(str(item["unit"]))
        elif kind == {"path", "content"}:
            made.append({"path": item["path"], "content": item["content"]})
        else:
            forms = "{unit: NAME} or {path: PATH, content: TEXT}"
            raise AnsibleError(f"role {role}: meta/exports.yml: {KIND}: an item must be {forms}, not {item!r}")
    if units:
        lines = ["# The role that owns a service enables it. Its package does not.", *(f"disable {unit}" for unit in units)]
        made.append({"path": PRESET.format(role), "content": "\n".join(lines) + "\n"})
    return [{**item, "before": "packages", "on_change": "none"} for item in made]
