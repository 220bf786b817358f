# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new authority takes the place of a site's old one, with an overlap in which both are trusted: playbooks/pki/rotate_ca.yml.

1. ``trust``: the new one is made (``pki/next.*``), and every host gets the certificates of both. The old one signs.
2. ``reissue``: the new one signs (``pki/ca.*``), every certificate is issued again, and the old one (``pki/previous.*``) is trusted still.
3. ``drop``: the old one is deleted, and every host gets the certificate of the new one alone.

Which files there are says how far the controller is, and the answers of the hosts how far the site is. A step begins only when all hosts
have ended the one before. Files change in an order from which a run that was killed is continued (:func:`.trust.complete`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..secrets.files import encrypt, lock, read_file, write_file
from . import authority, crl, trust
from .rotation import Answers

TRUST, REISSUE, DROP, NONE = "trust", "reissue", "drop", ""
NUMBERED = re.compile(r"(.*) internal CA(?: (\d+))?")


def next_name(current: str, site_name: str) -> str:
    """What the new authority is called: other programs tell authorities by their names, so each has its own.

    :param current: the name of the one that signs
    :param site_name: for one that the site has brought
    """
    found = NUMBERED.fullmatch(current)
    return f"{found[1]} internal CA {int(found[2] or 1) + 1}" if found else f"{site_name} internal CA 2"


def stage(inventory_dir: str) -> str:
    """How far the files are: :data:`TRUST`, :data:`REISSUE`, or :data:`NONE` where no rotation runs here."""
    if os.path.exists(trust.path_of(inventory_dir, "next", "key")):
        return TRUST
    return REISSUE if os.path.exists(trust.path_of(inventory_dir, "previous")) else NONE


def begin(loader: Any, inventory_dir: str, site_name: str, now: datetime | None = None) -> None:
    """Make the new authority, where a killed run has not made it already; the key first, as :func:`.authority.ensured` does.

    :raises SecretsError: as :func:`.authority.load_authority`
    """
    current = authority.load_authority(loader, inventory_dir)
    with lock(inventory_dir):
        key_path, path = (trust.path_of(inventory_dir, "next", kind) for kind in ("key", "crt"))
        if read_file(key_path) is None:
            key = ec.generate_private_key(ec.SECP384R1())
            write_file(key_path, encrypt(loader, key_path, authority.private_pem(key)), 0o600)
        else:
            key = authority.load_key(loader, inventory_dir, "next")
        if read_file(path) is None:
            name = next_name(authority.name_of(current.certificate), site_name)
            made = authority.self_signed(key, name, now or datetime.now(UTC))
            write_file(path, made.public_bytes(serialization.Encoding.PEM), 0o644)
    crl.ensure(loader, inventory_dir, now=now)


def promote(loader: Any, inventory_dir: str) -> None:
    """The new authority signs from now on, and the old one is only trusted. Its key stays for its revocation list.

    :raises SecretsError: as :func:`.authority.load_authority`
    """
    authority.load_key(loader, inventory_dir, "next")  # opens, before anything is moved
    with lock(inventory_dir):
        for kind, mode in (("key", 0o600), ("crt", 0o644)):
            data = read_file(trust.path_of(inventory_dir, "ca", kind))
            if data is None:
                raise AssertionError("the authority was loaded")
            write_file(trust.path_of(inventory_dir, "previous", kind), data, mode)
        os.rename(trust.path_of(inventory_dir, "next", "key"), trust.path_of(inventory_dir, "ca", "key"))
    trust.complete(inventory_dir)
    crl.ensure(loader, inventory_dir)


def drop(loader: Any, inventory_dir: str) -> None:
    """Delete the old authority; its key first, so that it is not left alone."""
    with lock(inventory_dir):
        for kind in ("key", "crt"):
            path = trust.path_of(inventory_dir, "previous", kind)
            if os.path.exists(path):
                os.unlink(path)
    crl.ensure(loader, inventory_dir)


# --- what the hosts say -----------------------------------------------------------------------------------------------------


def unfinished(answers: Answers, wanted: Sequence[str], signs: str = "") -> list[str]:
    """What hosts have left to do before the next step may begin, a text each.

    :param answers: host -> result of ``pki_certificates``
    :param wanted: fingerprints of the authorities that they have to trust, all of them and no other
    :param signs: key identifier of the authority that has to have signed each certificate of a component; empty where any may
    """
    found = []
    for host, answer in answers.items():
        if _differs(answer.get("trusted") or (), wanted):
            found.append(f"{host} does not trust these authorities")
        for item in answer.get("certificates") or ():
            if not item["component"]:
                continue
            if item["trusted"] is not None and _differs(item["trusted"], wanted):
                found.append(f"{host}: {item['name']} does not trust these authorities")
            if signs and item["authority"] != signs:
                found.append(f"{host}: certificate {item['name']} is of the old authority")
        found += [f"{host}: {unit} runs with previous files" for unit in answer.get("waits") or ()]
    return found


def _differs(outlines: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> bool:
    return sorted(str(one["fingerprint"]) for one in outlines) != sorted(wanted)


def begun_elsewhere(answers: Answers, wanted: Sequence[str]) -> bool:
    """Whether hosts still trust an authority that the controller has deleted: a rotation has to be ended before another one begins."""
    return any(one["fingerprint"] not in wanted for answer in answers.values() for one in answer.get("trusted") or ())


def described(current: str, left: Sequence[str], old: str, new: str) -> list[str]:
    """What is done, from the present stage on, a text each.

    :param current: the present stage; :data:`DROP` where only the hosts have to end it
    :param left: what hosts have left to do in it
    """
    steps = {
        TRUST: f"1. every host trusts {old} and {new}; services that read authorities at their start are restarted, one member at a time",
        REISSUE: f"2. {new} signs: every certificate is issued again",
        DROP: f"3. every host trusts {new} alone; {old} is deleted, and the same services are restarted once more",
    }
    order = [TRUST, REISSUE, DROP]
    texts = [text for name, text in steps.items() if order.index(name) >= order.index(current or TRUST)]
    return [*texts, *(f"left to do now: {text}" for text in left)]
