# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a host is and whether it is a copy of another one: asked by the host checks, before anything is changed."""

from __future__ import annotations

import os

from ..core.identity import recorded
from .text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..core.model import Context
    from ..facts import Facts

HOST_KEYS = tuple(f"/etc/ssh/ssh_host_{kind}_key.pub" for kind in ("ed25519", "ecdsa", "rsa"))
#: The site's hosts by name, as the last converge had them (role base).
HOSTS = "/etc/vannah/hosts"
NONLOCAL = tuple(f"/proc/sys/net/{family}/ip_nonlocal_bind" for family in ("ipv4", "ipv6"))


def facts(ctx: Context, look: Iterable[str]) -> Facts:
    """Whose the host is, and what tells it from others.

    :param look: paths; ``found`` are those that hold something
    :return: ``site`` (see :func:`identity.recorded`; None), ``machine_id`` (machine-id(5); empty where it has none), ``host_key`` (SHA-256
        of its SSH host key in ssh-keygen's form; empty), ``found``, ``nonlocal_bind`` (whether a service may listen on an address that the
        host does not have)
    """
    return {
        "site": recorded(ctx),
        "machine_id": machine_id(read(ctx, "/etc/machine-id")),
        "host_key": next((key for key in (fingerprint(read(ctx, path)) for path in HOST_KEYS) if key), ""),
        "found": [path for path in look if holds(ctx.path(path))],
        "nonlocal_bind": any(read(ctx, path).strip() == "1" for path in NONLOCAL),
    }


def known_by(ctx: Context, host: str) -> str:
    """The address by which the others reach the host since the last converge; empty where it had none.

    :param host: its name in the inventory
    """
    return next((words[0] for words in (line.split() for line in read(ctx, HOSTS).splitlines()) if host in words[1:]), "")


def senders(peers: dict[str, str]) -> dict[str, str]:
    """The own address that packets to each peer have as their sender; without those that no route leads to. Nothing is sent.

    :param peers: name -> IP address
    """
    import socket

    found = {}
    for name, address in peers.items():
        try:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 9))
                found[name] = str(probe.getsockname()[0])
        except OSError:
            continue
    return found


def machine_id(text: str) -> str:
    """A machine's ID; empty where it has not got one yet."""
    text = text.strip()
    return text if len(text) == 32 and text.strip("0") else ""


def fingerprint(line: str) -> str:
    """A public key's SHA-256 as ``ssh-keygen -l`` writes it."""
    words = line.split()
    if len(words) < 2:
        return ""
    import binascii
    from hashlib import sha256

    try:
        blob = binascii.a2b_base64(words[1])
    except ValueError:
        return ""
    return "SHA256:" + binascii.b2a_base64(sha256(blob).digest()).decode("ascii").rstrip("=\n")


def holds(path: str) -> bool:
    """Whether a path is a file, or a directory with something in it."""
    try:
        return bool(set(os.listdir(path)) - {"lost+found"})
    except NotADirectoryError:
        return True
    except OSError:
        return False
