# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's tables of sockets (proc_pid_net(5))."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds between two looks: a client's socket without a connection lives as long as one question.
PAUSE = 0.4


def sockets(text: str, state: str) -> Iterator[tuple[bytes, int, str]]:
    """Local address, port and inode of the sockets in a state (proc_pid_net(5): the address is written as words of the machine)."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 4 or fields[3] != state:
            continue
        digits, _colon, port = fields[1].partition(":")
        raw = bytes.fromhex(digits)
        if sys.byteorder == "little":
            raw = b"".join(raw[start : start + 4][::-1] for start in range(0, len(raw), 4))
        yield raw, int(port, 16), fields[9] if len(fields) > 9 else ""


def is_loopback(address: bytes) -> bool:
    """127.0.0.0/8, ::1, and the former as it is written in IPv6."""
    if len(address) == 16 and address[:12] == bytes(10) + b"\xff\xff":
        address = address[12:]
    return address[:1] == b"\x7f" if len(address) == 4 else address == bytes(15) + b"\x01"
