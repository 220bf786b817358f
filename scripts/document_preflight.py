#!/usr/bin/env python3
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/preflight.md from the codes and the file of site-wide variables. A unit test fails while the two differ.

make docs
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "preflight.md"

INTRODUCTION = """\
<!-- Written by scripts/document_preflight.py; change the texts beside the rules in plugins/module_utils/preflight. -->
# Preflight

    make check SITE=<site>                 # a folder of inventories/
    .venv/bin/ansible-playbook -i inventories/<site> --ask-vault-pass playbooks/preflight.yml

reads the whole inventory, the site's secrets and the roles' specifications of their variables, on the controller. It contacts no host,
runs in a fraction of a second (about a second for a few hundred hosts) and reports **every** error at once, one line each:

    host-address-twice db2 ansible_host: db1 has the address 10.0.0.1 too. Fix: set ansible_host: the address of db2 [hosts.yml:9]

| part of the line | meaning |
| --- | --- |
| `host-address-twice` | the code; it keeps its meaning from release to release |
| `db2` | host, group or file; `extra vars` is the command line |
| `ansible_host` | the variable, with the path within it: `base_hosts_extra[0].address`; `-` where no variable is the cause |
| `db1 has ... too.` | what is wrong; a value that may be secret is never quoted |
| `Fix: ...` | the fix, usually what to write instead |
| `[hosts.yml:9]` | file and line, where they are known |

`playbooks/site.yml` begins with it. An error ends the run before any connection to a host is opened; a warning does not.

If there are no errors, missing parts of the site are created: secrets and the internal CA in the inventory's folder, and in
the controller's cache the artifacts that its roles need ([artifacts.md](artifacts.md)). With servers of an object store the first run
builds MinIO: 2 to 4 minutes, 4 GiB of space, the Go module proxy, and PyPI where that version of Go is not installed. With `ARGS=--check`
nothing is created, and the run reports what would be (for artifacts with `ARGS='--check -v'`).

- **`--limit`** restricts changes, not checks: the whole inventory is read, and a limit to a part of a cluster is a warning.
- **Several hosts with the same finding** become one line of their group, where a group has exactly these hosts.
- **Values that depend on a host's facts** or on a lookup cannot be checked before the host checks; preflight reports nothing about them.
- **Your own variables** may have any name that neither begins with a role's name or `site_` nor is nearly the same as a known one. For
  others there is `site_own_variables`, a list of names (with `*` and `?`).
- **Types are strict**: `"false"` in quotes is a text, and a text counts as true in a template. Only `-e key=value`, which passes only
  text, is converted to the type of the switches `takeover`, `component_retry` and `site_takeover_hosts`.
  Numbers, booleans, lists and dicts of all other variables are written as JSON: `-e '{"ansible_port": 2222}'`, with make
  `ARGS="-e '{\\"ansible_port\\": 2222}'"`.

`playbooks/host_checks.yml`, which `site.yml` runs next, gathers the facts of all hosts and checks them together, also before anything
is changed (the codes `contact-*`).
"""


def page() -> str:
    """The whole page."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import AREAS

    parts = [INTRODUCTION, "## Codes\n"]
    for area in AREAS:
        rows = [(f"`{code.name}`", str(code.level), code.meaning, code.fix) for code in sorted(area.codes, key=lambda code: code.name)]
        parts.append(f"### {area.title}\n\n" + "\n".join(_table(("code", "level", "what is wrong", "fix"), rows)) + "\n")
    site = _site()
    parts.append("## Variables of the whole site\n\nThe variables of the roles are in `roles/<role>/README.md`.\n")
    variables = [(f"`{name}`", _type(spec), _plain(spec["description"])) for name, spec in sorted(site["variables"].items())]
    parts.append("\n".join(_table(("variable", "type", "description"), variables)) + "\n")
    later = ", ".join(f"`{name}`" for name in site["known_groups"])
    parts.append(f"## Groups\n\nKnown groups are those of `playbooks/vars/site_map.yml` and, for a later release, {later}.\n")
    parts.append("A host may be in several groups, except:\n")
    excluded = [(" and ".join(f"`{name}`" for name in entry["groups"]), entry["why"]) for entry in site["exclusive_groups"]]
    parts.append("\n".join(f"- {groups}: {why}" for groups, why in excluded) + "\n")
    parts.append(
        "## Variables without effect\n\nVariables of older releases, and of other collections for something that is configured "
        "differently here.\n"
    )
    removed = [(f"`{entry['name']}`", str(entry.get("since", "-")), entry["instead"]) for entry in site["removed"]]
    parts.append("\n".join(_table(("variable", "removed in", "instead"), removed)) + "\n")
    return "\n".join(parts)


def _site() -> dict[str, Any]:
    """What the site's own file and the roles say together of variables of the whole site, of groups, and of what excludes what."""
    site = _load(ROOT / "playbooks" / "vars" / "site_variables.yml")
    for role in sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir()):
        own = _load(role / "meta" / "site_variables.yml") if (role / "meta" / "site_variables.yml").is_file() else {}
        site["variables"] |= own.get("variables") or {}
        site["removed"] = [*(site.get("removed") or ()), *(own.get("removed") or ())]
        excludes = _load(role / "meta" / "exports.yml").get("excludes") or ()
        site["exclusive_groups"] += [{"groups": [item["group"], item["other"]], "why": item["why"]} for item in excludes]
    return site


def _load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("---" for _ in head) + " |"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _type(spec: dict[str, Any]) -> str:
    kind = str(spec.get("type", "str"))
    return f"list of {spec['elements']}" if spec.get("elements") else kind


def _plain(text: str) -> str:
    """Ansible's markup as Markdown."""
    return re.sub(r"[CVO]\(([^)]*)\)", r"`\1`", text).strip()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
