# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What create.yml reads back from a server, and whether that is valid.

`docker exec` may end with exit status 0 and lose its output while the machine is busy and the container is just coming up. So nothing that
was read is believed before it has its shape, and it is read again until it has.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

#: Kind of key -> what its base64 text holds first (RFC 4253, 6.6: the length of the name, then the name).
HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa")
ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}:\d{1,5}\Z")


def is_key(line: str, kind: str) -> bool:
    """Whether a line is a public key of that kind, not cut off anywhere."""
    words = line.split()
    if len(words) < 2 or words[0] != kind:
        return False
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        return False
    rest, names = blob, []
    while rest:
        length = int.from_bytes(rest[:4], "big")
        if len(rest) < 4 + length:
            return False
        names.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    return len(names) > 1 and names[0] == kind.encode()


def problem(text: str, authorized: str, proxy: str) -> str:
    """What is wrong with what was read: three host keys, the key that was let in, the line of the package cache; empty when nothing is.

    :param text: what `cat` printed of them
    :param authorized: the public key that was copied
    :param proxy: where the package cache listens; empty where none runs
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "the output is empty"
    for kind in HOST_KEYS:
        if sum(is_key(line, kind) for line in lines[: len(HOST_KEYS)]) != 1:
            return f"there is no host key of the kind {kind}"
    if authorized.strip() not in lines[len(HOST_KEYS) :]:
        return "/root/.ssh/authorized_keys does not hold the key that was copied"
    said = [line for line in lines[len(HOST_KEYS) :] if line.startswith("Acquire::http::Proxy")]
    if said != ([f'Acquire::http::Proxy "http://{proxy}";'] if proxy else []):
        return f"the package cache is {' '.join(said) or 'not named'} and should be {proxy or 'none'}"
    return ""


def known_hosts(texts: dict[str, str]) -> str:
    """The text of known_hosts.

    :param texts: address -> what was read from the server, valid by :func:`problem`
    :raises AnsibleFilterError: a server has not all of its keys
    """
    lines = []
    for address, text in texts.items():
        for kind in HOST_KEYS:
            found = [line for line in text.splitlines() if is_key(line, kind)]
            if not found:
                raise AnsibleFilterError(f"{address}: no valid host key of the kind {kind} was read from the server. Run the same again.")
            lines.append(f"{address} {' '.join(found[0].split()[:2])}")
    return "\n".join(lines) + "\n"


def cache_address(info: dict[str, Any]) -> str:
    """Where the package cache listens; empty where it does not run.

    :param info: the result of docker_container_info
    :raises AnsibleFilterError: it runs and its label holds no address
    """
    container = info.get("container") or {}
    if not info.get("exists") or not (container.get("State") or {}).get("Running"):
        return ""
    said = str((container.get("Config", {}).get("Labels") or {}).get("vannah.address", ""))
    if not ADDRESS.match(said):
        raise AnsibleFilterError(
            f"the label vannah.address of the package cache's container reads '{said}'. Remove it: docker rm -f vannah-test-cache"
        )
    return said


def engine_answer(result: dict[str, Any], words: str) -> bool:
    """Whether a probe of the engine was answered: it ran and said so, or was refused with the words that are expected then."""
    if result.get("rc") == 0:
        return "vannah-probe" in str(result.get("stdout", ""))
    return re.search(words, str(result.get("stderr", ""))) is not None


class FilterModule:
    """Filters for tests/servers."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {
            "server_problem": problem,
            "server_known_hosts": known_hosts,
            "server_cache_address": cache_address,
            "server_engine_answer": engine_answer,
        }
