# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the site."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Code, Finding
from ..model import UNKNOWN, Site, parse_address

CODES = (
    Code("domain-missing", "The site has no domain.", "Set site_domain: the domain below which the site's names lie."),
    Code(
        "domain-invalid",
        "The domain is a URL, an address, or has characters that no domain has (an underscore, a space, a port, a wildcard).",
        "Set site_domain: the bare name, such as clinic.health, without https://, port, path and star.",
    ),
    Code(
        "domain-example",
        "The domain is one of those reserved for examples (example.org and similar).",
        "Set site_domain: the site's own domain.",
    ),
)

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
#: RFC 2606 and RFC 6761: reserved names.
_EXAMPLES = re.compile(r"(?:^|\.)(?:example\.(?:org|com|net|edu)|example|invalid)$")


def check_domain(site: Site) -> Iterator[Finding]:
    """``site_domain`` of every host; one finding for each value."""
    seen: set[object] = set()
    for host in site.hosts.values():
        value = host.get("site_domain")
        if value is UNKNOWN or (value is not None and not isinstance(value, str)) or value in seen:
            continue  # another type: the type check speaks of it
        seen.add(value)
        owners = site.sources([host], "site_domain") or [("all", "")]
        owner, source = owners[-1]
        for code, problem, fix in _judge(value):
            yield Finding(code, owner, "site_domain", problem, fix, source)


def _judge(value: str | None) -> Iterator[tuple[str, str, str]]:
    bare = "set site_domain: a bare domain such as clinic.health"
    if value is None or not value.strip():
        yield "domain-missing", "the site has no domain.", bare
        return
    domain = value.lower().rstrip(".")
    if "://" in domain or "/" in domain:
        yield "domain-invalid", "this is a URL, not a domain.", bare
    elif parse_address(domain) is not None:
        yield "domain-invalid", "this is an address, not a domain.", bare
    elif "_" in domain:
        yield "domain-invalid", "a domain has no underscore.", bare
    elif len(domain) > 253 or not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        yield "domain-invalid", "this is not a domain: labels of letters, digits and hyphens with dots between them.", bare
    elif _EXAMPLES.search(domain):
        yield "domain-example", "this is a domain reserved for examples.", "set site_domain: the site's own domain"
    elif "." not in domain:
        yield "domain-invalid", "a single word is not a domain that can contain names.", bare


RULES = (check_domain,)
