# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of an edge: which ones its hosts ask the site's authority for, and where the engine's copies come from. Pure.

A site with a certificate from ACME has one of the site's own authority, too: it is served until the first one has been obtained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ...task_types import Written
from .plan import AUTHORITY, Plan
from .sites import EdgeSite

OWN = "/etc/vannah/edge/certificates"
PROVIDED = "/etc/vannah/edge/provided"
#: Where the client of ACME puts what it has obtained.
ACME = "/etc/vannah/acme"
#: The longest common name of a certificate (RFC 5280, ub-common-name).
LONGEST_COMMON_NAME = 64


def definitions(plan: Plan) -> list[Written]:
    """What the hosts of the edge ask the site's authority for, as a component has it."""
    found = []
    for site in plan.sites:
        if not site.terminates or site.certificate.source == "provided":
            continue
        name = site.names[0]
        found.append(
            {
                "name": f"edge-{site.name}",
                "key": _own(site)[1],
                "cert": _own(site)[0],
                "common_name": name if len(name) <= LONGEST_COMMON_NAME else site.name,
                "names": list(site.names),
                "usages": ["server"],
                "on_change": "none",  # the engine's unit watches it
            }
        )
    return found


def _own(site: EdgeSite) -> tuple[str, str]:
    return f"{OWN}/{site.name}.pem", f"{OWN}/{site.name}.key"


def _pairs(site: EdgeSite) -> list[tuple[str, str]]:
    """(certificate, key) of a site; the first one that exists is served."""
    name = site.certificate_name
    if site.certificate.source == "provided":
        return [(f"{PROVIDED}/{name}.pem", f"{PROVIDED}/{name}.key")]
    acme = [(f"{ACME}/{name}/fullchain.pem", f"{ACME}/{name}/privkey.pem")] if site.certificate.source == "acme" else []
    return [*acme, _own(site)]


def prepare(plan: Plan, passwords: Mapping[str, str]) -> Written:
    """What ``edge-server prepare`` makes the engine's copies from.

    :param passwords: of users, by their names
    """
    return {
        "certificates": {site.name: _pairs(site) for site in plan.sites if site.terminates},
        "users": {site.name: {user: passwords[user] for user in site.basic_auth} for site in plan.sites if site.basic_auth},
        "revoked": {
            site.name: {"list": site.clients.revoked, "required": site.clients.required}
            for site in plan.sites
            if site.clients is not None and site.clients.revoked
        },
        "lists": plan.settings.revoked,
    }


def watched(plan: Plan) -> dict[str, str]:
    """Files of other components of whose change the engine is told by a reload.

    Not those of ACME: its client reloads the engine itself, also between two runs. ``edge-server pending`` tells whether it did.
    """
    paths = [_pairs(site)[-1][0] for site in plan.sites if site.terminates]
    return dict.fromkeys([AUTHORITY, *filter(None, [plan.settings.revoked]), *paths], "reload")


def provided(plan: Plan, given: Mapping[str, Mapping[str, Any]], now: datetime) -> list[Written]:
    """Files of the certificates that the inventory brings, as a component has them.

    :raises ValueError: one is missing, or not what its sites need
    """
    found: list[Written] = []
    names: dict[str, set[str]] = {}
    for site in plan.sites:
        if site.terminates and site.certificate.source == "provided":
            names.setdefault(site.certificate_name, set()).update(site.names)
    for name, wanted in sorted(names.items()):
        entry = given.get(name)
        if entry is None:
            raise ValueError(f"edge_certificates has no {name}. Fix: add {name} with fullchain and key, both PEM")
        chain, key = str(entry.get("fullchain") or "").strip(), str(entry.get("key") or "").strip()
        for problem, fix in [*chain_problems(chain, wanted, now), *key_problems(chain, key)]:
            raise ValueError(f"edge_certificates.{name}: {problem} Fix: {fix}")
        found.append({"path": f"{PROVIDED}/{name}.pem", "content": f"{chain}\n", "on_change": "none"})
        found.append({"path": f"{PROVIDED}/{name}.key", "content": f"{key}\n", "mode": "0600", "sensitive": True, "on_change": "none"})
    return found


def chain_problems(text: str, names: Iterable[str], now: datetime) -> list[tuple[str, str]]:
    """What is wrong with a certificate that was given for names: (problem, fix)."""
    try:
        certificates = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return [("fullchain is not a PEM certificate.", "set fullchain: the certificate, then the certificates of its issuers")]
    leaf = certificates[0]
    found = []
    if leaf.not_valid_after_utc <= now:
        found.append((f"the certificate expired on {leaf.not_valid_after_utc:%Y-%m-%d}.", "use a certificate that is valid"))
    if leaf.not_valid_before_utc > now:
        found.append((f"the certificate is not valid before {leaf.not_valid_before_utc:%Y-%m-%d}.", "use a certificate that is valid"))
    known = names_of(leaf)
    missing = [name for name in sorted(names) if not any(_covers(one, name) for one in known)]
    if missing:
        problem = f"the certificate is for {', '.join(known) or 'no name'}, and not for {', '.join(missing)}."
        found.append((problem, "use a certificate for all names of the site"))
    return found


def is_chain_missing(text: str) -> bool:
    """Whether a certificate is alone although another one has signed it."""
    try:
        certificates = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return False
    return len(certificates) == 1 and certificates[0].issuer != certificates[0].subject


def key_problems(chain: str, key: str) -> list[tuple[str, str]]:
    """What is wrong with the key of a certificate: (problem, fix). Nothing of the key is quoted."""
    fix = "set key: the PEM key that the certificate was made for, without a passphrase"
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return [("key is not a PEM key without a passphrase.", fix)]
    try:
        public = x509.load_pem_x509_certificates(chain.encode())[0].public_key()
    except ValueError:
        return []
    return [] if private.public_key() == public else [("key is not the certificate's.", fix)]


def names_of(certificate: x509.Certificate) -> list[str]:
    """The DNS names of a certificate."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in extension.value.get_values_for_type(x509.DNSName)]


def _covers(known: str, name: str) -> bool:
    """Whether a certificate's name is good for a name (RFC 6125: a star is one label)."""
    return known == name or (known.startswith("*.") and name.partition(".")[2] == known[2:])
