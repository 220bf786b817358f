# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of a play have answered, for actions that judge all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..preflight.templates import plain


def certificates(known: Mapping[str, Any], register: str) -> tuple[dict[str, Mapping[str, Any]], dict[str, str]]:
    """Results of ``pki_certificates``, and why the other hosts have none.

    :param known: the task's variables
    :param register: what the results were registered as
    """
    answers: dict[str, Mapping[str, Any]] = {}
    silent: dict[str, str] = {}
    for host in known["ansible_play_hosts_all"]:
        said = known["hostvars"].raw_get(host).get(register)
        said = plain(said) if isinstance(said, Mapping) else {}
        if "certificates" in said:
            answers[host] = said
        else:
            silent[host] = str(said.get("msg") or "it did not answer").strip().rstrip(".")
    return answers, silent
