# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole commands in the fixes of messages: with the site of this run, and how it got its vault password.

Texts name a playbook (``run playbooks/change_ports.yml``) or a target (``run `make converge```); the hosts' agent knows no more.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import context
from ansible.utils.vars import load_extra_vars

from ..task_types import Result

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
PLAYBOOK = re.compile(r"(?<![\w/.-])playbooks/(?!vars/)(?:[a-z_]+/)?[a-z_]+\.yml")
TARGET = re.compile(r"`make (check|plan|converge|verify|artifacts|recovery-kit)`")
#: Where the tools of the checkout are.
PROGRAM = ".venv/bin/ansible-playbook"
SITES = "inventories"
#: The default of `make`.
DEFAULT = "demo"


def is_of_this_collection() -> bool:
    """Whether this run's playbook is one of the collection's: what another playbook leaves out is its author's to know."""
    name = str((context.CLIARGS.get("args") or ("",))[0])
    return name.startswith("vannah.healthcloud.") or PLAYBOOKS in Path(name).resolve().parents


def misspelt(known: Mapping[str, Any]) -> str:
    """What is wrong with the names of this run's extra variables; empty where nothing is, or where the playbook is not the collection's.

    :param known: the task's variables
    """
    given = getattr(load_extra_vars, "extra_vars", None)  # read before Ansible forked; a pipe could not be read again
    if not given or not is_of_this_collection():
        return ""
    from . import extra_vars  # reads all playbooks

    return extra_vars.problem(given, extra_vars.own(known))


def untyped(known: Mapping[str, Any], hosts: Sequence[str]) -> str:
    """Which variables of this run's verb the inventory sets, although they are given for one run; empty where there are none.

    :param known: the task's variables
    :param hosts: those that the verb works with
    """
    from . import extra_vars

    given = getattr(load_extra_vars, "extra_vars", None) or {}
    said = (extra_vars.untyped(known["hostvars"].raw_get(host), given) for host in hosts)
    return next(filter(None, said), "")


def complete(result: Result, options: Mapping[str, Any] | None = None, folder: str = "") -> None:
    """Write whole commands into the message and the warnings of a result.

    :param options: of the command line, as Ansible keeps them
    :param folder: the present one
    """
    chosen = context.CLIARGS if options is None else options
    where = folder or os.getcwd()
    if isinstance(result.get("msg"), str):
        result["msg"] = whole(result["msg"], chosen, where)
    if isinstance(result.get("warnings"), list):
        result["warnings"] = [whole(item, chosen, where) if isinstance(item, str) else item for item in result["warnings"]]


def whole(text: str, options: Mapping[str, Any], folder: str) -> str:
    """A text with whole commands in place of playbooks and targets. One that has a command of Ansible's already stays."""
    sources = [_shown(str(source), folder) for source in options.get("inventory") or ()]
    if not sources:
        return text
    site = _site(sources)
    if site and site != DEFAULT:
        text = TARGET.sub(lambda found: f"`make {found[1]} SITE={site}`", text)
    if "ansible-playbook" not in text:
        words = " ".join(shlex.quote(word) for word in (*_inventories(sources), *_passwords(options, folder)))
        text = PLAYBOOK.sub(lambda found: f"{PROGRAM} {words} {found[0]}", text)
    return text


def _inventories(sources: Sequence[str]) -> list[str]:
    return [word for source in sources for word in ("-i", source)]


def _passwords(options: Mapping[str, Any], folder: str) -> list[str]:
    """How the run got its passwords. What the environment says stays in it."""
    words = []
    for name, option in (("vault_password_files", "--vault-password-file"), ("vault_ids", "--vault-id")):
        for value in options.get(name) or ():
            label, at, path = str(value).rpartition("@")
            words += [option, f"{label}{at}{_shown(path, folder)}"]
    if options.get("ask_vault_pass"):
        words.append("--ask-vault-pass")
    if options.get("become_ask_pass"):
        words.append("--ask-become-pass")
    return words


def _site(sources: Sequence[str]) -> str:
    """What SITE of `make` is; nothing where the inventory is not a folder of inventories/."""
    parts = sources[0].rstrip("/").split("/") if len(sources) == 1 else []
    return parts[1] if len(parts) == 2 and parts[0] == SITES else ""


def _shown(path: str, folder: str) -> str:
    """A path below the present folder from there."""
    below = os.path.relpath(path, folder) if os.path.isabs(path) else path
    return path if below.startswith("..") else below
