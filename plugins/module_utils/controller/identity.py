# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which site a run is of, as each payload says it: the host compares it with its own record first (agent/core/identity.py)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError

from ..agent.lib.der import outline

if TYPE_CHECKING:
    from ..agent.contract import Site
    from ..agent.records import Authority

#: The switch that names the hosts to be taken over.
TAKEOVER = "site_takeover_hosts"


def of(inventory_dir: str | None, name: str = "") -> Site:
    """The site of a checkout.

    :param inventory_dir: None where the inventory lies in no folder
    :param name: ``site_name``; empty where it is not set
    :return: ``name``, ``authorities``, ``secrets``, ``known``, as :func:`..agent.identity.differences` wants them
    """
    known: list[str] = []
    authorities: list[Authority] = []
    if inventory_dir is not None:
        # Two of them while the CA is rotated (pki/trust.py).
        for part in ("ca", "next", "previous"):
            one = outline(_text(os.path.join(inventory_dir, "pki", f"{part}.crt")))
            if one is not None and one not in authorities:
                authorities.append(one)
        lines = (line.split() for line in _text(os.path.join(inventory_dir, "pki", "generations")).splitlines())
        known = [words[0] for words in lines if words and not words[0].startswith("#")]
    return {
        "name": name,
        "authorities": authorities,
        "secrets": known[-1] if known else "",
        "known": known,
    }


def _text(path: str) -> str:
    """A public file of the site; empty where there is none. Its user reports what is wrong with it."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def named(value: Any, switch: str = TAKEOVER) -> frozenset[str]:
    """The hosts that a switch names: a list, or the text of ``-e`` with commas.

    :raises AnsibleError: it is neither
    """
    if value is None or value == "":
        return frozenset()
    listed: Iterable[Any] = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else [None]
    names = [str(item).strip() for item in listed if isinstance(item, str)]
    if len(names) != len(list(listed)):
        raise AnsibleError(f"variable {switch} must name hosts of the inventory, such as db1,db2")
    return frozenset(name for name in names if name)
