# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that open the way to a site's servers, as its inventory names them: SSH keys, known hosts, SSH's configuration."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from ansible.errors import AnsibleError

from .files import SecretsError

KEY_VARIABLES = ("ansible_ssh_private_key_file", "ansible_private_key_file")
ARGUMENT_VARIABLES = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
#: Options of ssh that name files; GlobalKnownHostsFile is the machine's.
_OPTION = re.compile(r"\s*(?:UserKnownHostsFile|IdentityFile|CertificateFile)\s*[=\s]\s*(.+)", re.IGNORECASE | re.DOTALL)
_SWITCHES = ("-i", "-F")


def settings_of(hostvars: Any) -> list[tuple[str, str]]:
    """(variable, text) of all hosts that say how SSH reaches them, each pair once.

    :raises SecretsError: ``kit-incomplete``: one is unknown
    """
    found: dict[tuple[str, str], None] = {}
    for host in (name for name, host in hostvars._inventory.hosts.items() if not host.implicit):
        for variable in (*KEY_VARIABLES, *ARGUMENT_VARIABLES):
            try:
                value = hostvars[host].get(variable)
            except AnsibleError as error:
                text = f"host {host}: {variable} is unknown, so the files to keep beside the kit are unknown too: {error}"
                raise SecretsError("kit-incomplete", text, f"correct {variable} in the inventory") from error
            if value:
                found[variable, str(value)] = None
    return list(found)


def outside(inventory_dir: str, settings: Iterable[tuple[str, str]]) -> list[str]:
    """The files that these settings name and that lie outside of the site's folder, sorted."""
    root = os.path.realpath(inventory_dir)
    found = {os.path.abspath(os.path.expanduser(name)) for variable, text in settings for name in _files(variable, text)}
    return sorted(path for path in found if os.path.commonpath([root, os.path.realpath(path)]) != root and path != os.devnull)


def _files(variable: str, text: str) -> Iterator[str]:
    if variable in KEY_VARIABLES:
        yield text
        return
    try:
        words = shlex.split(text)
    except ValueError:
        return  # ssh itself refuses it
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        if before in _SWITCHES:
            yield word
        elif word[:2] in _SWITCHES and len(word) > 2:
            yield word[2:]
        option = _OPTION.fullmatch(word[2:] if word.startswith("-o") else word if before == "-o" else "")
        if option:
            yield from (name.strip('"') for name in re.findall(r'"[^"]+"|\S+', option[1]) if name.lower() != "none")
