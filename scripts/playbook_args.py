#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the ARGS of a make target: of a misspelt option ansible-playbook would print all of its help, and the error at its end.

    playbook_args.py inventories/<site> ARGS...

It is started with PYTHONPATH=collections. Exits 2 with a sentence where ansible-playbook would not take them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml
from ansible.cli.playbook import PlaybookCLI
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.parsing.dataloader import DataLoader
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.nearby import Names

#: So many hosts or groups are named where one is wrong.
NAMED = 20
#: Ansible knows them in any inventory.
ALWAYS = ("all", "ungrouped", "localhost", "127.0.0.1", "::1")
#: In a pattern that is not a name.
WILD = re.compile(r"[*?\[{]")


class RefusedError(Exception):
    """What argparse says."""


def problem(arguments: Sequence[str]) -> str:
    """Why ansible-playbook does not take the arguments, and what to write; empty where it does."""
    cli = PlaybookCLI(["ansible-playbook", *arguments])
    cli.init_parser()
    parser: argparse.ArgumentParser = cli.parser

    def error(message: str) -> NoReturn:
        raise RefusedError(message)

    parser.error = error  # type: ignore[method-assign]
    try:
        given, unknown = parser.parse_known_args([*arguments, "site.yml"])
    except RefusedError as refused:
        said = re.sub(r"invalid \w+ value", "invalid value", str(refused))  # the type's name is of a function of Ansible's
        return f"ARGS: {said}. Fix: write ARGS as ansible-playbook --help has them"
    except SystemExit:
        return ""  # --help and --version have been printed
    options = [name for name in unknown if name.startswith("-")]
    if not options:
        return problem_of_variables(given.extra_vars or ())
    known = Names(name for name in parser._option_string_actions if name.startswith("--"))
    guesses = {name: known.closest(name.partition("=")[0], extra=1) for name in options}
    hints = "".join(f" Did you mean {guess}?" for guess in guesses.values() if guess)
    fix = ", ".join(f"write {guess} instead of {name.partition('=')[0]}" for name, guess in guesses.items() if guess)
    return (
        f"ARGS: ansible-playbook has no option {', '.join(options)}.{hints} Fix: {fix or 'use options as ansible-playbook --help has them'}"
    )


def problem_of_variables(given: Sequence[str]) -> str:
    """Why the values of ``-e`` cannot be read, and what to write; empty where they can. Ansible would blame the inventory.

    :param given: ``name=value ...``, ``@file``, or a mapping in YAML or JSON
    """
    for text in given:
        if text.startswith("@"):
            path = Path(text[1:]).expanduser()
            if not path.is_file():
                return f"ARGS: -e {text}: there is no file {path}. Fix: write -e @ with the path of a file of variables"
        elif text.lstrip()[:1] in ("{", "["):
            try:
                read = yaml.safe_load(text)
            except yaml.YAMLError as error:
                return f"ARGS: -e {text}: this is not valid YAML or JSON ({' '.join(str(error).split())}). Fix: write -e '{{name: value}}'"
            if not isinstance(read, dict):
                return f"ARGS: -e {text}: this is not a mapping. Fix: write -e '{{name: value}}'"
        elif "=" not in text:
            return f"ARGS: -e {text}: a variable needs a value. Fix: write -e {text.split()[0] if text.split() else 'name'}=value"
    return ""


def limit_of(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """``--limit`` of arguments that :func:`problem` takes, and the inventories that they add."""
    cli = PlaybookCLI(["ansible-playbook", *arguments])
    cli.init_parser()
    try:
        options, _rest = cli.parser.parse_known_args([*arguments, "site.yml"])
    except SystemExit:
        return "", []  # --help and --version
    return options.subset or "", list(options.inventory or ())


def unknown_in(limit: str, hosts: Collection[str], groups: Collection[str], elsewhere: Collection[str] = ()) -> list[str]:
    """The names in a limit that the inventory does not know.

    :param elsewhere: groups that a site may leave out: to exclude one of these is no mistake
    """
    found = []
    for pattern in split_host_pattern(limit):
        name = pattern.lstrip("!&")
        if name.startswith(("~", "@")):
            continue
        name = re.sub(r"\[[-\d:]+\]$", "", name)
        known = name in hosts or name in groups or name in ALWAYS or (pattern.startswith("!") and name in elsewhere)
        if name and not known and not WILD.search(name):
            found.append(name)
    return found


def listed(what: str, names: Collection[str]) -> str:
    """Names for a person."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"its {what}: {', '.join(sorted(names)[:NAMED])}{more}"


def limit_problem(limit: str, inventory: Any) -> str:
    """Why a limit leaves out what it should not, and what to write; empty where it is good."""
    hosts, groups = set(inventory.hosts), set(inventory.groups) - set(ALWAYS)
    there = "; ".join(listed(what, names) for what, names in (("hosts", hosts), ("groups", groups)) if names)
    unknown = unknown_in(limit, hosts, groups, site_map.load().groups_served())
    if unknown:
        names = Names(hosts | groups)
        guesses = {name: names.closest(name, extra=1) for name in unknown}
        hints = "".join(f" Did you mean {guess}?" for guess in guesses.values() if guess)
        fix = ", ".join(f"write {guess} instead of {name}" for name, guess in guesses.items() if guess)
        fix = f"{fix}; {there}" if fix else f"name an existing host or group; {there}"
        return f"ARGS: --limit: the inventory has no host or group {', '.join(unknown)}.{hints} Fix: {fix}"
    inventory.subset(limit)
    return "" if inventory.list_hosts("all") else f"ARGS: --limit {limit} leaves no host. Fix: give a limit with hosts; {there}"


def problem_of_limit(site: str, arguments: Sequence[str]) -> str:
    """As :func:`limit_problem`, of the site and ARGS."""
    limit, more = limit_of(arguments)
    if not limit or "@" in limit:
        return ""
    said = io.StringIO()  # what else is wrong with the inventory is told by preflight
    with contextlib.redirect_stderr(said), contextlib.suppress(AnsibleError):
        inventory = InventoryManager(loader=DataLoader(), sources=[site, *more])
        return limit_problem(limit, inventory) if inventory.hosts else ""
    return ""


def main(arguments: Sequence[str]) -> int:
    """The script."""
    site, *words = arguments
    said = problem(words) or problem_of_limit(site, words)
    if said:
        print(said, file=sys.stderr)
    return 2 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
