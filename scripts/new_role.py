#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a new role that works: a service of one Debian package, with its documentation, tests and a scenario (docs/new-service.md).

    make new-role NAME=node_exporter PACKAGE=prometheus-node-exporter PORT=9100 GROUP=monitored

The files of scripts/skeleton, with the role's name in them, become folders of the role's own. Beside them only the site map and the
changelog get a line each.
"""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import document_roles
import shared_code
import yaml

ROOT = Path(__file__).resolve().parent.parent
SKELETON = Path(__file__).resolve().parent / "skeleton"
SITE_MAP, CHANGELOG = "playbooks/vars/site_map.yml", "CHANGELOG.md"
ADDED = "### Added\n"
_NAME = re.compile(r"[a-z][a-z0-9_]*[a-z0-9]")
#: What it looks like, in messages.
NAME_RULE = "use two or more small letters, digits and single underscores, a letter first, no underscore last"
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_MARK = re.compile(r"@([A-Z]+)@")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\-]+(?:@[A-Za-z0-9:_.\\-]+)?\.(?:service|socket|timer|path)")
#: Names of groups that mean something else already.
TAKEN_GROUPS = {"all", "ungrouped", "localhost"}
#: Names of roles that mean something else already: the prefixes of variables that no role owns.
TAKEN = {*TAKEN_GROUPS, "ansible", "site", "component", "takeover", "verb", "rolling", "together", "host", "wave"}
#: Folders in which a service has a folder of its own name, beside others' that are of no service.
BESIDE = (
    "playbooks",
    "tests/live",
    "molecule",
    "tests/unit/services",
    "plugins/module_utils/services",
    "plugins/module_utils/agent/services",
)


class RefusedError(Exception):
    """Nothing is written; the text says what is wrong and what to write."""


def words_of(root: Path, name: str, package: str = "", unit: str = "", port: int = 9100, group: str = "") -> dict[str, str]:
    """What stands in place of the marks of the skeleton.

    :raises RefusedError: a name cannot be one, or is taken
    """
    if not _NAME.fullmatch(name) or "__" in name:
        raise RefusedError(f"NAME={name} is not a role's name. Fix: {NAME_RULE}")
    package = package or name.replace("_", "-")
    if not _PACKAGE.fullmatch(package):
        raise RefusedError(
            f"PACKAGE={package} is not a package's name. Fix: give the name of a Debian package, as apt-cache policy shows it"
        )
    unit = unit or f"{package}.service"
    if not _UNIT.fullmatch(unit):
        raise RefusedError(
            f"UNIT={unit} is not a unit that can be started. Fix: give the full name of a unit, such as ssh.service; of a template give an"
            " instance, such as getty@tty1.service"
        )
    if not 1024 <= port <= 65535:
        raise RefusedError(
            f"PORT={port} is not possible: a service without root's rights cannot listen there. Fix: choose a port from 1024 to 65535"
        )
    refuse_taken(root, name)
    group = group or name
    if not _NAME.fullmatch(group):
        raise RefusedError(f"GROUP={group} is not a group's name. Fix: {NAME_RULE}")
    if group in TAKEN_GROUPS:
        raise RefusedError(f"GROUP={group} is Ansible's own group. Fix: name a group of the hosts that get the role, or leave GROUP out")
    for what, word in (("NAME", name), ("PACKAGE", package), ("GROUP", group)):
        if yaml.safe_load(word) != word:
            raise RefusedError(f"{what}={word} is not a text in YAML but {yaml.safe_load(word)!r}. Fix: choose another name")
    refuse_shared_words(root, name, group)
    hyphened = name.replace("_", "-")
    return {
        "NAME": name,
        "HYPHENED": hyphened,
        "SITE": hyphened[:32].strip("-"),
        "PACKAGE": package,
        "UNIT": unit,
        "PORT": str(port),
        "GROUP": group,
        **words_of_groups(root, name, group),
        "NETWORK": free_network(root),
    }


def refuse_taken(root: Path, name: str) -> None:
    """Refuse a name that something else has.

    :raises RefusedError: it is taken
    """
    there = [path.name for path in (root / "roles").iterdir() if path.is_dir()]
    beside = next((f"{folder}/{name}" for folder in BESIDE for _path in (root / folder).glob(f"{name}*") if _path.stem == name), "")
    near = next((other for other in there if name.startswith(f"{other}_") or other.startswith(f"{name}_")), "")
    if name in {*there, *TAKEN} or near or beside or keyword.iskeyword(name):
        what = "the name is taken"
        if near:
            what = f"variables of the role {near} have the same prefix"
        elif beside and name not in {*there, *TAKEN}:
            what = f"there is {beside} already"
        elif keyword.iskeyword(name):
            what = "it is a word of Python"
        raise RefusedError(f"NAME={name}: {what}. Fix: choose another name")


def refuse_shared_words(root: Path, name: str, group: str) -> None:
    """Refuse a word that shared code has for something else: it would read as the role's name there.

    :raises RefusedError: a name is such a word
    """
    there = {given for entry in _map_of(root)["roles"] for given in (entry["role"], *entry["groups"])}
    # As tests/unit/test_shared_code.py, which does not look for groups that are words of English.
    asked = {"NAME": name, **({"GROUP": group} if "_" in group and group not in {*there, name} else {})}
    for what, word in asked.items():
        named = shared_code.pattern([word])
        found = next((path for path in shared_code.files(root, there) if shared_code.named(path, named)), None)
        if found is not None:
            said = f"{found.relative_to(root)} and perhaps others have this word for something else"
            raise RefusedError(f"{what}={word}: {said}. Fix: choose another name")


def words_of_groups(root: Path, name: str, group: str) -> dict[str, str]:
    """What stands for the groups of a role.

    Hosts of a group that has roles already need more than this role: so the scenario's one server is in a group of the role's own, which
    gives a site's hosts the role, too.
    """
    served = {given for entry in _map_of(root)["roles"] for given in entry["groups"]}
    groups = [name, group] if group in served else [group]
    quoted = [f"`{one}`" for one in groups]
    return {
        "OWN": groups[0],
        "LISTED": ", ".join(groups),
        "PATTERN": ":".join(groups),
        # Ansible warns of a group in a pattern that the inventory does not have.
        "HOSTS": group if len(groups) == 1 else f"\"{{{{ {groups} | intersect(groups) | join(':') }}}}\"",
        "GROUPS": f"the group {quoted[0]}" if len(groups) == 1 else f"the groups {' and '.join(quoted)}",
    }


def free_network(root: Path) -> str:
    """The first three numbers of a network that no scenario and no demo has: their servers run side by side."""
    texts = (path.read_text(encoding="utf-8") for folder in ("molecule", "inventories") for path in (root / folder).rglob("containers.yml"))
    taken = {found for text in texts for found in re.findall(r"^subnet: (\S+)\.0/24", text, re.MULTILINE)}
    return next(network for network in (f"172.30.{number}" for number in range(6, 256)) if network not in taken)


def warnings_of(root: Path, port: int) -> Iterator[str]:
    """What to look at before the role is used: another role listens on its port by default, which preflight refuses on one host."""
    for path in sorted((root / "roles").glob("*/defaults/main.yml")):
        for variable, value in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).items():
            if variable.endswith("_port") and value == port:
                yield f"PORT={port} is the default of {variable}: a host cannot have both roles. Choose another port if one may."


def files(words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(path below the repository, text) of what the skeleton makes."""
    for source in sorted(SKELETON.rglob("*.in")):
        path = str(source.relative_to(SKELETON)).replace("NAME", words["NAME"]).removesuffix(".in")
        yield path, _MARK.sub(lambda found: words[found[1]], source.read_text(encoding="utf-8"))


def links(words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(path, where it leads to)."""
    name = words["NAME"]
    yield f"playbooks/{name}/collections", "../../collections"
    yield f"molecule/{name}/inventory/group_vars/all/connection.yml", "../../../../_shared/connection.yml"


def create(root: Path, words: Mapping[str, str]) -> list[str]:
    """Write the role, and its lines of the site map and the changelog. Paths of what was written.

    :raises RefusedError: something is there already
    """
    made, linked = dict(files(words)), dict(links(words))
    there = [path for path in (*made, *linked) if (root / path).exists()]
    if there:
        raise RefusedError(f"{', '.join(there)} exist already. Fix: move them away, or choose another name")
    mapped, changed = with_role(root, words), with_change(root, words)
    for path, text in made.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for path, target in linked.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    role = root / "roles" / words["NAME"]
    (role / "README.md").write_text(document_roles.readme(role), encoding="utf-8")
    (root / SITE_MAP).write_text(mapped, encoding="utf-8")
    (root / CHANGELOG).write_text(changed, encoding="utf-8")
    return sorted([*made, *linked, SITE_MAP, CHANGELOG])


def with_role(root: Path, words: Mapping[str, str]) -> str:
    """The site map with the role behind the last one of the first wave: it needs no order across hosts."""
    text = (root / SITE_MAP).read_text(encoding="utf-8")
    wave = _map_of(root)["waves"][0]
    lines = text.splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if re.match(rf" *- \{{role: \w+, wave: {wave},", line))
    lines.insert(last + 1, f"  - {{role: {words['NAME']}, wave: {wave}, groups: [{words['LISTED']}]}}\n")
    return "".join(lines)


def _map_of(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((root / SITE_MAP).read_text(encoding="utf-8"))
    return found


def with_change(root: Path, words: Mapping[str, str]) -> str:
    """The changelog with a line about the role."""
    text = (root / CHANGELOG).read_text(encoding="utf-8")
    before, added, after = text.partition(f"{ADDED}\n")
    if not added:
        raise RefusedError(f"{CHANGELOG} has no heading {ADDED.strip()!r}. Fix: add one below [Unreleased]")
    return f"{before}{added}- The role `{words['NAME']}`: {words['PACKAGE']} on every host of {words['GROUPS']}.\n{after}"


def main() -> int:
    """Write the role; the exit status."""
    parser = argparse.ArgumentParser(description="Write the skeleton of a new role (docs/new-service.md).")
    parser.add_argument("name", help="the role's name: small letters, digits and underscores")
    parser.add_argument("--package", default="", help="the Debian package; by default the name with hyphens")
    parser.add_argument("--unit", default="", help="the unit that the package starts; by default <package>.service")
    parser.add_argument("--port", default="9100", help="the port that it listens on")
    parser.add_argument("--group", default="", help="the group whose hosts get it; by default the name")
    given = parser.parse_args()
    try:
        if not re.fullmatch(r"[0-9]{1,5}", given.port):
            raise RefusedError(f"PORT={given.port} is not a number. Fix: choose a port from 1024 to 65535")
        words = words_of(ROOT, given.name, given.package, given.unit, int(given.port), given.group)
        noted = list(warnings_of(ROOT, int(given.port)))
        written = create(ROOT, words)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(written))
    for warning in noted:
        print(f"warning: {warning}", file=sys.stderr)
    groups = words["GROUPS"].replace("`", "")
    print(f"\nNext (docs/new-service.md): hosts in {groups} of an inventory, and make molecule SCENARIO={words['NAME']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
