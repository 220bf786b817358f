# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look for secrets where none belongs. Run as a program on a host or on the controller it needs only the standard library.

What is looked for comes as JSON on standard input, so that the search is no leak itself: ``{"needles": {name: value}, ...}``. Names are
printed, values never.
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Find = Callable[[bytes], list[str]]

#: Programs and their documentation, the kernel's own, and what a fault test needs no eye on.
SKIPPED = ("/proc", "/sys", "/dev", "/usr", "/var/cache/apt", "/var/lib/apt", "/var/lib/dpkg", "/var/log/journal", "/run/log/journal")


def forms(value: str) -> Iterator[bytes]:
    """A value as bytes: as it is, and within a longer text that is base64, at each of the three alignments."""
    data = value.encode()
    yield data
    for before, spoiled in ((0, 0), (1, 2), (2, 3)):
        yield base64.b64encode(b"\0" * before + data)[spoiled:-4]


def finder(needles: Mapping[str, str]) -> Find:
    """A function from bytes to the sorted names of the needles in them."""
    wanted = [(name, form) for name, value in needles.items() for form in forms(value)]

    def find(data: bytes) -> list[str]:
        return sorted({name for name, form in wanted if form in data})

    return find


def read(path: str) -> bytes:
    """A file's bytes; none where it is gone or is not a file."""
    try:
        with open(path, "rb") as file:
            return file.read(64 << 20)
    except OSError:
        return b""


def files(root: str, skipped: Iterable[str] = ()) -> Iterator[str]:
    """Regular files below a folder."""
    without = {*SKIPPED, *skipped}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in without]
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def search_files(find: Find, roots: Iterable[str], skipped: Iterable[str] = ()) -> list[tuple[str, str, list[str]]]:
    """``(path, mode, names)`` of every file with a needle."""
    found = []
    for root in roots:
        for path in files(root, skipped):
            names = find(read(path))
            if names:
                try:
                    mode = os.stat(path).st_mode & 0o7777
                except OSError:
                    mode = 0
                found.append((path, f"{mode:04o}", names))
    return found


def search_host(order: Mapping[str, Any]) -> dict[str, Any]:
    """A host's files and its whole journal, with every field of every entry."""
    find = finder(order["needles"])
    journal = subprocess.run(["journalctl", "-q", "--no-pager", "-a", "-o", "export"], stdout=subprocess.PIPE, check=True).stdout
    return {"files": search_files(find, order["roots"], order.get("skipped", ())), "journal": find(journal)}


def watch(order: Mapping[str, Any]) -> dict[str, Any]:
    """Sample the command lines and environments of all processes, and temporary folders, until standard input ends."""
    find = finder(order["needles"])
    hits: set[tuple[str, str, str]] = set()
    sweeps = 0
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        sweeps += 1
        for pid in filter(str.isdigit, os.listdir("/proc")):
            for kind in ("cmdline", "environ"):
                data = read(f"/proc/{pid}/{kind}")
                hits.update(
                    (kind, data.partition(b"\0")[0].decode(errors="replace")[:40] * (kind == "cmdline"), name) for name in find(data)
                )
        hits.update(("file", path, name) for path, _mode, names in search_files(find, order["roots"]) for name in names)
    return {"sweeps": sweeps, "hits": sorted(hits)}


if __name__ == "__main__":
    asked = json.loads(sys.stdin.readline())
    print(json.dumps({"host": search_host, "watch": watch}[asked["do"]](asked)))
