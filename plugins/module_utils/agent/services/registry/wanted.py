# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of the module ``registry_images``: names, digests and tags as a registry takes them. Pure.

The forms are those of the OCI distribution specification, "Pulling manifests".
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
NAME = re.compile(rf"{_PART}(?:/{_PART})*")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def problems(wanted: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, str, str]]:
    """What is wrong with entries: (number of the entry, what, how to fix it). What an entry leaves out is empty."""
    seen: dict[tuple[str, str], int] = {}
    for number, item in enumerate(wanted):
        name, digest, tag = (str(item.get(key) or "") for key in ("name", "digest", "tag"))
        absent = item.get("state") == "absent"
        if not NAME.fullmatch(name):
            yield (
                number,
                f"{name!r} is not a valid name of an image",
                "use small letters and digits, such as vhc/api-server, without the registry's name",
            )
        if digest and not DIGEST.fullmatch(digest):
            yield number, f"{digest!r} is not a digest", "write sha256: and 64 hexadecimal digits"
        if tag and not TAG.fullmatch(tag):
            yield number, f"{tag!r} is not a tag", "use letters and digits, with . _ - between them"
        if absent and not digest:
            yield number, f"{name} is to be absent, and a registry removes images by their digest", "set digest"
        if not absent and not digest and not item.get("source"):
            yield number, f"{name} has neither digest nor source", "set source: the file that it is in"
        for part in filter(None, (tag, digest)):
            if (name, part) in seen:
                yield number, f"{name} {part} is in entry {seen[name, part]} too", "merge both into one entry"
            seen.setdefault((name, part), number)
