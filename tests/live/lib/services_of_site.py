# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services a site runs, so that `make verify` tests these and no others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map

from tests.live.lib.values import REPOSITORY, Values

LIVE = REPOSITORY / "tests" / "live"


def not_of_site(values: Values, roles: Iterable[site_map.Entry] | None = None) -> list[str]:
    """The services that the site does not run, sorted: no host has the role, or on each of them the role says that the site has none of it.

    :param roles: of the site map, where it is another one than the collection's
    """
    entries = site_map.load().roles if roles is None else roles
    return sorted(entry.role for entry in entries if not _is_run(values, entry))


def _is_run(values: Values, entry: site_map.Entry) -> bool:
    hosts = sorted({host for group in entry.groups for host in values.members(group)})
    return any(values.converges(host, entry.role) for host in hosts)


def without_tests(absent: Iterable[str], roles: Iterable[site_map.Entry] | None = None) -> list[str]:
    """The services of the site that no file ``verify_*.py`` of their own tests, sorted.

    :param absent: those that the site does not run
    """
    entries = site_map.load().roles if roles is None else roles
    tested = {service_of(path) for path in LIVE.glob("*/verify_*.py")}
    return sorted({entry.role for entry in entries} - tested - set(absent))


def service_of(test: Path) -> str:
    """The service that a file ``verify_*.py`` tests: the name of its folder. Empty for any other file."""
    return test.parent.name if test.name.startswith("verify_") and test.parent.parent == LIVE else ""
