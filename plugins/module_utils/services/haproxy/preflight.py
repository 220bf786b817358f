# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of the role haproxy that HAProxy reads with atol(3): of ``abc`` it takes 0, of ``10k`` 10, and says nothing.

Tried with ``haproxy -c`` of 3.0.11. Other values it judges itself, before the new configuration is in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Site
from ...preflight.rules import Area
from ...preflight.rules.places import place
from ...preflight.rules.settings import whole

CODES = (
    Code(
        "haproxy-number-invalid",
        "The value of a numeric HAProxy setting is not a whole number. HAProxy would read its leading digits, or 0, without an error.",
        "Write a whole number without a unit, such as maxconn: 10000.",
    ),
)

#: Variable -> the options whose values are numbers (https://docs.haproxy.org/3.0/configuration.html).
NUMBERS: dict[str, frozenset[str]] = {
    "haproxy_global": frozenset(
        "maxcomprate maxconn maxconnrate maxpipes maxsessrate maxsslconn maxsslrate spread-checks tune.ssl.cachesize ulimit-n".split()
    ),
    "haproxy_settings": frozenset("backlog clitcpka-cnt fullconn max-keep-alive-queue maxconn retries srvtcpka-cnt".split()),
    "haproxy_check": frozenset(("fall", "rise")),
}


def check_numbers(site: Site) -> Iterator[Finding]:
    """``haproxy_global``, ``haproxy_settings`` and ``haproxy_check``: numbers are numbers."""
    for host in site.hosts.values():
        if "haproxy" not in host.roles:
            continue
        for variable, names in NUMBERS.items():
            settings = host.known(variable)
            for option, value in settings.items() if isinstance(settings, Mapping) else ():
                if option not in names or value is None or value is UNKNOWN:
                    continue
                number = whole(value)
                if isinstance(value, bool) or number is None or number < 0:
                    where, _name, source = place(site, host, (variable,), host.name)
                    problem = f"{value!r} is not a whole number. HAProxy would read another number, without an error."
                    yield Finding("haproxy-number-invalid", where, f"{variable}.{option}", problem, f"set {option}: 10000", source)


RULES = (check_numbers,)

AREA = Area("The endpoints of the database", CODES, RULES)
