# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name that does not resolve: ssh says it of what it was given, and the reader has to know where in the inventory that stands."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..preflight.nearby import Names

#: OpenSSH's message; the part behind the colon is the C library's, in the language of the run.
_SAID = re.compile(r"Could not resolve hostname (\S+): (.*)")


def explain(message: str, host: str, hosts: Iterable[str]) -> str:
    """The error of a failed connection, explained where a name does not resolve; otherwise unchanged.

    :param message: Ansible's
    :param host: of the inventory
    :param hosts: all names of the inventory
    """
    found = _SAID.search(message)
    if found is None:
        return message
    name = found[1].lower()
    guess = Names(set(hosts) - {host}).closest(host, extra=1)
    if name == host.lower():
        what = f"host {host}: no address is known of it, and its name does not resolve here ({found[2].strip()})."
        hint = f" Did you mean {guess}?" if guess else ""
        fix = f"correct the name in the inventory if {guess} is meant; else set ansible_host" if guess else "set ansible_host"
        return f"{what}{hint} Fix: {fix}: the server's address"
    what = f"host {host}: ansible_host {found[1]} does not resolve here ({found[2].strip()})."
    return f"{what} Fix: set ansible_host: the server's address, or a name that resolves"
