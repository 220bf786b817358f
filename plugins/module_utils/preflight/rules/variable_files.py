# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of variables that Ansible uses for no host: it does not report them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from ..findings import Code, Finding, Level
from ..model import Site, owner_of
from ..nearby import Names
from .hosts import alike

CODES = (
    Code(
        "variables-file-misspelt",
        "A file or folder in group_vars or host_vars has the name of no group or host, and is close to one that is: it is not read.",
        "Use the name that the message suggests.",
    ),
    Code(
        "variables-file-unread",
        "A file or folder in group_vars or host_vars has the name of no group or host of this inventory: it is not read.",
        "Remove the file, or add the group or host to the inventory.",
        Level.WARNING,
    ),
    Code(
        "variables-file-hidden",
        "Two files, or a file and a folder, in group_vars or host_vars are for the same group or host: Ansible reads only one of them.",
        "Put all variables into one of them: a folder may hold several files.",
    ),
)

#: The order in which Ansible looks; it reads the first one that exists (``find_vars_files`` of ansible/parsing/dataloader.py).
ENDINGS = ("", ".yml", ".yaml", ".json")


def check_files(site: Site) -> Iterator[Finding]:
    """Each file beside the inventory, by its name."""
    names = {"group_vars": Names({*site.groups, *site.schema.groups}), "host_vars": Names(site.hosts)}
    for path in site.variable_files:
        folder, _slash, file = path.partition("/")
        name = owner_of(path)
        if name in names[folder]:
            continue
        kind, other = ("group", "host_vars") if folder == "group_vars" else ("host", "group_vars")
        meant = f"{other}/{file}" if name in (site.hosts if kind == "group" else site.groups) else _meant(site, folder, name, names[folder])
        problem = f"there is no {kind} {name}, so this is not read."
        if meant:
            yield Finding("variables-file-misspelt", path, "-", f"{problem} Did you mean {meant}?", f"rename it to {meant}")
        else:
            yield Finding("variables-file-unread", path, "-", problem, f"add a {kind} {name} to the inventory, or remove this file")


def check_hidden(site: Site) -> Iterator[Finding]:
    """Files that Ansible skips because of another one of the same name: ``group_vars/all.yml`` beside the folder ``group_vars/all``."""
    beside = defaultdict(list)
    for path in site.variable_files:
        folder, _slash, file = path.partition("/")
        for ending in ENDINGS[1:]:
            if file.endswith(ending):
                beside[folder, file.removesuffix(ending)].append((ENDINGS.index(ending), path))
                break
        else:
            beside[folder, file].append((0, path))
    for (_folder, name), found in beside.items():
        (_order, read), *hidden = sorted(found)
        for _order, path in hidden:
            problem = f"this is not read, because there is {read} for {name} as well."
            yield Finding("variables-file-hidden", path, "-", problem, f"move its variables into {read}, and remove this file")


def _meant(site: Site, folder: str, name: str, known: Names) -> str:
    """The file that was probably meant; empty where that cannot be guessed."""
    if folder == "host_vars":
        for host in site.hosts.values():
            if alike(name) in (alike(host.connection_address), alike(host.address)):
                return f"{folder}/{host.name}.yml"
    guess = known.closest(name, extra=1)
    # db4 beside db1 to db3 is a host that went, not a slip.
    if guess is None or re.sub(r"\d+", "0", guess) == re.sub(r"\d+", "0", name):
        return ""
    return f"{folder}/{guess}.yml"


RULES = (check_files, check_hidden)
