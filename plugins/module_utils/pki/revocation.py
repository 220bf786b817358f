# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are revoked, and which of them are in use and have to be replaced. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .rotation import Answers, older, time_of

#: Fewer hexadecimal digits are no number of the site's CA, which are random and about 40 long: `db1` is one, too.
DIGITS = 8


def wanted(answers: Answers, authorities: Collection[str], host: str, name: str, serial: str, before: float) -> tuple[list[str], str]:
    """The serial numbers to revoke, or what is wrong with what was given.

    :param answers: host -> result of ``pki_certificates``
    :param authorities: key identifiers of the site's authorities
    :param host: with ``name`` (of a certificate or its component): what is in use there
    :param serial: in place of both
    :param before: only what was signed before: a run that continues an interrupted one does not revoke what that has replaced
    """
    if serial:
        if host or name:
            return [], "certificate_serial, or certificate_host and certificate_name: not both. Fix: leave one of them out"
        number = serial.replace(":", "")
        if len(number) < DIGITS or not all(sign in "0123456789abcdefABCDEF" for sign in number):
            fix = "write hexadecimal digits, as pki/certificate_report.yml writes them into its file"
            return [], f"certificate_serial {serial} is not the serial number of a certificate. Fix: {fix}"
        return [number.upper()], ""
    if not host or not name:
        return [], "no certificate is named. Fix: write -e certificate_host=HOST -e certificate_name=NAME, or -e certificate_serial=NUMBER"
    if host not in answers:
        fix = "use its name in the inventory, or certificate_serial for a host that cannot be reached"
        return [], f"certificate_host {host} gave no answer. Fix: {fix}"
    there = [item for item in answers[host].get("certificates") or () if name in (item["component"], item["name"])]
    if not there:
        known = ", ".join(sorted({item["name"] for item in answers[host].get("certificates") or ()})) or "none"
        return [], f"{host} has no certificate {name}. Fix: use one of {known}"
    foreign = [item for item in there if item["authority"] not in authorities]
    if foreign:
        return [], f"{host}: {name} is of {foreign[0]['issuer'] or 'another authority'}, not of the site's CA. Fix: revoke it there"
    old = {id(item) for _host, item in older({host: {"certificates": there}}, before)}
    return [item["serial"] for item in there if id(item) in old and item["serial"]], ""


def in_use(answers: Answers, authorities: Collection[str], revoked: Collection[str]) -> dict[str, list[str]]:
    """Hosts on which a revoked certificate is in use -> the names of those certificates."""
    gone = {_plain(serial) for serial in revoked}
    found: dict[str, list[str]] = {}
    for host, answer in answers.items():
        for item in answer.get("certificates") or ():
            if item["component"] and item["authority"] in authorities and _plain(item["serial"]) in gone:
                found.setdefault(host, []).append(item["name"])
    return found


def _plain(serial: str) -> str:
    return serial.upper().lstrip("0")


def planned(serials: Sequence[str], new: Collection[str], used: Mapping[str, Sequence[str]], before: float) -> list[str]:
    """What is done, a text each."""
    texts = [f"revoked: {serial}" if serial in new else f"revoked already: {serial}" for serial in map(_plain, serials)]
    if not serials:
        texts.append(f"the certificate in use was signed after {time_of(before)}: nothing more is revoked")
    texts += [f"{host} gets a new key and certificate: {', '.join(names)}" for host, names in sorted(used.items())]
    return [*texts, "all hosts get the new list, /etc/vannah/pki/ca.crl"]
