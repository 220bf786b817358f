# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New certificates for a running site: which are replaced, and which of them still have to be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

#: The controller lets certificates begin this long before it signs them (:data:`.authority.BACKDATED`), in seconds.
BACKDATED = 300

Answers = Mapping[str, Mapping[str, Any]]


def older(answers: Answers, before: float, only: Sequence[str] = ()) -> list[tuple[str, Mapping[str, Any]]]:
    """The certificates of components that were signed before a time, with their hosts; one that cannot be read is among them.

    :param answers: host -> result of ``pki_certificates``
    :param before: seconds since the epoch
    :param only: names of components or certificates; empty for all
    """
    return [
        (host, item)
        for host, answer in answers.items()
        for item in answer.get("certificates") or ()
        if item["component"] and _named(item, only) and (item["not_before"] is None or item["not_before"] + BACKDATED < before)
    ]


def _named(item: Mapping[str, Any], only: Sequence[str]) -> bool:
    return not only or item["component"] in only or item["name"] in only


def unknown(answers: Answers, only: Sequence[str]) -> str:
    """What is wrong with the names that were given; empty where nothing is."""
    there = sorted({item[key] for answer in answers.values() for item in answer.get("certificates") or () for key in ("component", "name")})
    missing = [name for name in only if name not in there]
    if not missing:
        return ""
    return (
        f"certificate_components: no host has a certificate of {', '.join(missing)}. Fix: use one or more of"
        f" {', '.join(name for name in there if name) or 'none'}"
    )


def planned(found: Sequence[tuple[str, Mapping[str, Any]]], before: float) -> list[str]:
    """What is done, a text each."""
    if not found:
        return [f"all certificates were signed after {time_of(before)}: nothing is replaced"]
    texts = [f"{host}: {item['name']} ({item['path']}), used by {', '.join(item['units']) or 'no unit'}" for host, item in found]
    return [f"new keys and certificates in place of those that were signed before {time_of(before)}:", *texts]


def time_of(moment: float) -> str:
    """A time as a person can give it back."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
