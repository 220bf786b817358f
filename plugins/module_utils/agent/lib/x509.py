# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""openssl: keys, signing requests and what a certificate says. Works with OpenSSL 3.0 and newer.

Nothing secret is on a command line, and no key is on disk before its mode is: openssl writes it to us.
"""

from __future__ import annotations

import os

from ..core.model import AgentError
from .plural import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..contract import Certificate as Item
    from ..core.model import Context
    from ..records import WantedCertificate

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
USAGES = {"server": "serverAuth", "client": "clientAuth"}
SAID_USAGES = {"TLS Web Server Authentication": "server", "TLS Web Client Authentication": "client"}
#: RFC 5280, appendix A.1: ub-common-name.
LONGEST_COMMON_NAME = 64


class Certificate:
    """What of a certificate matters here. Times are seconds since the epoch."""

    __slots__ = ("addresses", "common_name", "key", "names", "not_after", "not_before", "pem", "usages")

    def __init__(self) -> None:
        self.common_name = ""
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.usages: list[str] = []
        self.not_before = 0.0
        self.not_after = 0.0
        self.key = ""
        self.pem = ""


def validate(item: Item) -> None:
    """Refuse a definition that no certificate can meet.

    :raises AgentError: ``bad-certificate``
    """

    def bad(what: str) -> AgentError:
        return AgentError("bad-certificate", f"certificate {item['name']}: {what}")

    common_name = item["common_name"]
    if not common_name or len(common_name) > LONGEST_COMMON_NAME:
        raise bad(
            f"common_name {common_name!r} has {counted(len(common_name), 'character')}, 1 to {LONGEST_COMMON_NAME} are possible; use names"
        )
    if common_name.strip() != common_name or not all(sign.isalnum() or sign in " .-_:@*" for sign in common_name):
        raise bad(f"common_name {common_name!r} may have letters, digits, spaces within and . - _ : @ *")
    for name in item["names"]:
        if (
            not name
            or not name.isascii()
            or not all(part and all(sign.isalnum() or sign in "-_*" for sign in part) for part in name.split("."))
        ):
            raise bad(f"{name!r} in names is not a DNS name; addresses belong in addresses")
    for address in item["addresses"]:
        try:
            normal_address(address)
        except ValueError:
            raise bad(f"{address!r} in addresses is not an IP address; names belong in names") from None
    if not item["usages"]:
        raise bad("usages is empty: write server, client or both")
    if item["renew_before"] >= item["days"]:
        raise bad(
            f"renew_before ({counted(item['renew_before'], 'day')}) has to be less than days ({item['days']}), or each run would renew it"
        )


def normal_address(address: str) -> str:
    """An IP address in its one short form.

    :raises ValueError: where it is none
    """
    import ipaddress

    return str(ipaddress.ip_address(address))


# --- keys ---------------------------------------------------------------------------------------------------------------


def new_key(ctx: Context) -> bytes:
    """A new private key, EC on P-256, as PKCS #8 PEM."""
    return _openssl(ctx, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").encode()


def public_key(ctx: Context, path: str) -> str:
    """The public half (PEM) of the private key at the host's ``path``.

    :raises AgentError: ``bad-key``
    """
    result = ctx.run(["openssl", "pkey", "-in", ctx.path(path), "-pubout", "-passin", "pass:"], check=False)
    if result.rc == 127:
        raise _missing()
    if result.rc != 0:
        raise AgentError(
            "bad-key",
            f"{path} exists and is not a private key that can be read without a passphrase: move it away, and a new one is created",
        )
    return result.out.strip()


def request(ctx: Context, item: Item, key: str) -> str:
    """A signing request (PEM) for a ``certificates`` item, signed with the key at the host's path ``key``."""
    return _openssl(ctx, "req", "-new", "-sha256", "-config", "/dev/stdin", "-key", ctx.path(key), input=request_config(item))


def request_config(item: Item) -> str:
    """openssl's configuration for the request (config(5ssl), x509v3_config(5ssl))."""
    names = [f"DNS.{number} = {name}" for number, name in enumerate(sorted({name.lower() for name in item["names"]}), 1)]
    names += [f"IP.{number} = {address}" for number, address in enumerate(sorted(set(item["addresses"])), 1)]
    usages = ", ".join(USAGES[usage] for usage in sorted(set(item["usages"])))
    lines = ["[req]", "prompt = no", "string_mask = utf8only", "utf8 = yes", "distinguished_name = subject", "req_extensions = extensions"]
    lines += ["[subject]", f"CN = {item['common_name']}", "[extensions]", "basicConstraints = critical, CA:FALSE"]
    lines += ["keyUsage = critical, digitalSignature", f"extendedKeyUsage = {usages}"]
    if names:
        lines += ["subjectAltName = @names", "[names]", *names]
    return "\n".join(lines) + "\n"


# --- certificates -------------------------------------------------------------------------------------------------------


def read(ctx: Context, path: str) -> Certificate | None:
    """What the first certificate of a file says; None where there is none in it."""
    from .disk import read as read_bytes

    data = read_bytes(ctx.path(path))
    return parse(ctx, data.decode("ascii", "replace")) if data else None


def parse(ctx: Context, pem: str) -> Certificate | None:
    """What the first certificate of ``pem`` says; None where there is none in it."""
    show = ["-noout", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8", "-dates", "-pubkey", "-ext", "subjectAltName,extendedKeyUsage"]
    result = ctx.run(["openssl", "x509", *show], input=pem, check=False)
    if result.rc == 127:
        raise _missing()
    if result.rc != 0:
        return None
    found = parse_text(result.out)
    found.pem = pem
    return found


def parse_text(said: str) -> Certificate:
    """Read the output of ``openssl x509``."""
    found = Certificate()
    key: list[str] = []
    in_key, extension = False, ""
    for line in said.splitlines():
        text = line.strip()
        if in_key or text.startswith("-----BEGIN"):
            key.append(text)
            in_key = not text.startswith("-----END")
        elif text.startswith("subject="):
            subject = text[8:].strip()
            found.common_name = next((part[3:] for part in subject.split(",") if part.startswith("CN=")), "")
        elif text.startswith("notBefore="):
            found.not_before = seconds(text[10:])
        elif text.startswith("notAfter="):
            found.not_after = seconds(text[9:])
        elif text.startswith("X509v3 "):
            extension = text
        elif text and "Alternative Name" in extension:
            for part in text.split(", "):
                kind, _colon, value = part.partition(":")
                if kind == "DNS":
                    found.names.append(value.lower())
                elif kind == "IP Address":
                    found.addresses.append(normal_address(value))
        elif text and "Extended Key Usage" in extension:
            found.usages = [SAID_USAGES.get(usage, usage) for usage in text.split(", ")]
    found.key = "\n".join(key)
    return found


def seconds(text: str) -> float:
    """``Feb 22 18:19:53 2027 GMT``, which is how openssl writes times, as seconds since the epoch."""
    import calendar

    month, day, clock, year, _zone = text.split()
    hour, minute, second = (int(part) for part in clock.split(":"))
    return float(calendar.timegm((int(year), MONTHS.index(month) + 1, int(day), hour, minute, second)))


def date(when: float) -> str:
    """The day of a time."""
    import time

    return time.strftime("%Y-%m-%d", time.gmtime(when))


def difference(ctx: Context, found: Certificate, wanted: WantedCertificate, key: str, ca_pem: str, pem: str = "") -> str:
    """In what a certificate is not what is wanted; empty where it is.

    :param wanted: see ``certificates.wanted_of``
    :param key: the public key (PEM) that has to be in it
    """
    if found.key != key:
        return "it belongs to another key"
    if found.common_name != wanted["common_name"]:
        return f"its common name is {found.common_name or 'empty'}"
    if sorted(set(found.names)) != wanted["names"]:
        return f"its names are {', '.join(found.names) or 'none'}"
    if set(found.addresses) != {normal_address(address) for address in wanted["addresses"]}:
        return f"its addresses are {', '.join(found.addresses) or 'none'}"
    if sorted(set(found.usages)) != wanted["usages"]:
        return f"its usages are {', '.join(found.usages) or 'none'}"
    if not signed_by(ctx, pem or found.pem, ca_pem):
        return "another authority signed it"
    return ""


def signed_by(ctx: Context, pem: str, ca_pem: str) -> bool:
    """Whether an authority (self-signed or intermediate) signed a certificate. Times play no part.

    The authority's certificate is handed over in memory: in check mode nothing is written, not even to /run.
    """
    memory = os.memfd_create("authority", os.MFD_CLOEXEC)
    try:
        os.write(memory, ca_pem.encode())
        authority = f"/proc/{os.getpid()}/fd/{memory}"
        argv = ["openssl", "verify", "-no_check_time", "-partial_chain", "-CAfile", authority, "-no-CApath", "-no-CAstore"]
        return ctx.run(argv, input=pem, check=False).rc == 0
    finally:
        os.close(memory)


def _openssl(ctx: Context, *argv: str, input: str | None = None) -> str:
    """Output of a run of openssl.

    :raises AgentError: ``openssl-failed``; what openssl printed is only said where it is not a key
    """
    result = ctx.run(["openssl", *argv], input=input, check=False)
    if result.rc == 127:
        raise _missing()
    if result.rc != 0:
        raise AgentError("openssl-failed", f"openssl {argv[0]} ended with {result.rc}: {result.err.strip()[-500:]}")
    return result.out


def _missing() -> AgentError:
    return AgentError("program-missing", "openssl is not on this host: add the package openssl to the component")
