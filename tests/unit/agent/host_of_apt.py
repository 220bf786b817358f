# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with packages: dpkg's database, apt's lists, and an apt-get that installs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import apt, dpkg

STANZA = "Package: {name}\nStatus: {status}\nArchitecture: amd64\nVersion: {version}\n\n"


def status(host: Any, **found: str) -> None:
    """dpkg's database: name (with _ for -) = ``state version``."""
    text = ""
    for name, said in found.items():
        state, _space, version = said.partition(" ")
        text += STANZA.format(name=name.replace("_", "-"), status=f"install ok {state}", version=version or "1.0")
    host.write(dpkg.STATUS, text)


def lists(host: Any, age: float = 60) -> None:
    """Package lists that were fetched ``age`` seconds ago."""
    host.write(apt.LISTS + "/deb.debian.org_debian_dists_trixie_main_binary-amd64_Packages.lz4")
    when = (host.now - age, host.now - age)
    os.utime(host.root / apt.LISTS.lstrip("/"), when)


def installing(host: Any, **found: str) -> Callable[[list[str]], Result]:
    """An apt-get that leaves these packages."""

    def do(_argv: list[str]) -> Result:
        status(host, **found)
        return Result(0)

    return do
