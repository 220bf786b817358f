# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the controller comes from, as the host's sshd sees it: behind a router or a jump host only the host can tell."""

from __future__ import annotations

import os

from .text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..core.model import Context
    from ..facts import Caller

#: Processes between this one and the login shell: sudo, shells, Python.
DEPTH = 12


def caller(ctx: Context, pid: int | None = None) -> Caller | None:
    """``address`` of the controller and the ``port`` of sshd that it reached; None where it did not come over SSH.

    sshd(8) says both in SSH_CONNECTION. sudo takes that variable away, so the processes above this one are asked too.
    """
    pid = os.getpid() if pid is None else pid
    for _ in range(DEPTH):
        for item in read(ctx, f"/proc/{pid}/environ").split("\0"):
            name, _equals, value = item.partition("=")
            words = value.split()
            if name == "SSH_CONNECTION" and len(words) == 4 and words[3].isdigit():
                return {"address": words[0].partition("%")[0].removeprefix("::ffff:"), "port": int(words[3])}
        parents = [line.split()[1] for line in read(ctx, f"/proc/{pid}/status").splitlines() if line.startswith("PPid:")]
        if not parents or int(parents[0]) < 2:
            return None
        pid = int(parents[0])
    return None
