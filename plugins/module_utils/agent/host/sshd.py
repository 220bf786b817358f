# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's own sshd configuration says where it may be stricter than the drop-in of this collection, which leaves that as it is.

Read from the files, as sshd_config(5) has it (the first value counts, included files in their order), without our drop-in and without
what stands below a Match. No program is run: this is asked on every call.
"""

from __future__ import annotations

import os

from .text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..core.model import Context
    from ..facts import Sshd

FOLDER = "/etc/ssh"
CONFIG = FOLDER + "/sshd_config"
#: The role base's own: the first that sshd reads.
DROPIN = FOLDER + "/sshd_config.d/01-vannah.conf"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
#: Options and sshd's defaults; the last two make one number.
DEFAULTS = {"permitrootlogin": "", "logingracetime": "120", "clientaliveinterval": "0", "clientalivecountmax": "3"}
#: Includes within includes: sshd's own limit.
DEPTH = 16


def own(ctx: Context) -> Sshd:
    """What sshd's configuration says without the role's file.

    :return: ``permitrootlogin`` (empty where it is not set), ``logingracetime`` (seconds, 0 for none), ``clientalive`` (seconds until a
        client that does not answer is dropped, 0 for never)
    """
    found: dict[str, str] = {}
    for name, value in _options(ctx, CONFIG, DEPTH):
        if name == "match":
            break
        if name in DEFAULTS:
            found.setdefault(name, value.strip('"').lower())
    values = {**DEFAULTS, **found}
    interval, count = seconds(values["clientaliveinterval"]), seconds(values["clientalivecountmax"])
    return {
        "permitrootlogin": values["permitrootlogin"],
        "logingracetime": seconds(values["logingracetime"]),
        "clientalive": interval * count,
    }


def seconds(text: str) -> int:
    """A time of sshd_config(5): ``90``, ``2m``, ``1h30m``; 0 for anything else."""
    total, digits = 0, ""
    for sign in text:
        if sign.isdigit():
            digits += sign
        elif digits and sign in UNITS:
            total, digits = total + int(digits) * UNITS[sign], ""
        else:
            return 0
    return total + int(digits or 0)


def _options(ctx: Context, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Option (in lower case) and value of each line. A Match of an included file ends with that file; one of the main file ends all."""
    inside = False
    for line in read(ctx, path).splitlines():
        words = line.replace("=", " ", 1).split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        name, value = words[0].lower(), words[1].partition(" #")[0].strip() if len(words) > 1 else ""
        if name == "include" and not inside:
            for pattern in value.split() if depth else ():
                for included in _matching(ctx, pattern.strip('"')):
                    yield from _options(ctx, included, depth - 1)
        elif name == "match":
            inside = value.lower() != "all"
            if inside and path == CONFIG:
                yield "match", value
        elif not inside:
            yield name, value


def _matching(ctx: Context, pattern: str) -> list[str]:
    """The files of an Include, in order, our drop-in left out. Almost always the pattern is ``folder/*.conf``: without :mod:`glob`."""
    path = pattern if pattern.startswith("/") else f"{FOLDER}/{pattern}"
    folder, _slash, name = path.rpartition("/")
    if any(sign in folder for sign in "*?[") or any(sign in name for sign in "?[") or name.count("*") > 1:
        from glob import glob

        cut = len(ctx.path(FOLDER)) - len(FOLDER)
        return [found[cut:] for found in sorted(glob(ctx.path(path))) if found[cut:] != DROPIN]
    if "*" not in name:
        return [path] if path != DROPIN else []
    first, _star, last = name.partition("*")
    try:
        names = sorted(os.listdir(ctx.path(folder)))
    except OSError:
        return []
    fitting = [each for each in names if each.startswith(first) and each.endswith(last) and len(each) >= len(name) - 1]
    return [f"{folder}/{each}" for each in fitting if (first or not each.startswith(".")) and f"{folder}/{each}" != DROPIN]
