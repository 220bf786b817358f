# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site that is tested: test servers, or a real site where `make verify SITE=...` runs the files ``verify_*.py``.

Those files ask servers through Ansible, as the playbooks reach them (user, key, port, become), one question for all that is static of a
server. Nothing stays behind on a site but log lines.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import pytest

from tests.live.lib.measured import pytest_terminal_summary, recorder  # noqa: F401 - pytest finds them here
from tests.live.lib.reachability import Reached, refused, without
from tests.live.lib.server import Server
from tests.live.lib.services_of_site import not_of_site, service_of, without_tests
from tests.live.lib.site import REPOSITORY, Site
from tests.live.lib.values import Values
from tests.live.lib.verify_progress import of_this_run

#: The services that are not tested: the site does not run them, or they have no tests of a running site.
NOT_OF_SITE, WITHOUT_TESTS = pytest.StashKey[list[str]](), pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make verify` is watched by a person."""
    parser.addoption("--progress", action="store_true", help="show which test runs in place of dots")


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is captured."""
    if config.getoption("--progress"):
        config.pluginmanager.register(of_this_run(), "vannah progress")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What cannot be judged is said before anything else. Services that the site does not run are not tested, which is said too."""
    items.sort(key=lambda item: item.path.name != "verify_host_checks.py")
    services = {service_of(item.path) for item in items} - {""}
    if not services or not os.environ.get("VANNAH_SITE_INVENTORY"):
        return
    absent = not_of_site(Values(Site.from_environment().inventory))
    items[:] = [item for item in items if service_of(item.path) not in absent]
    config.stash[NOT_OF_SITE], config.stash[WITHOUT_TESTS] = absent, without_tests(absent)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Which services are not tested."""
    said = {
        "Not tested, because the site does not run it": config.stash.get(NOT_OF_SITE, []),
        "Not tested, because it has no tests of its own": config.stash.get(WITHOUT_TESTS, []),
    }
    return [f"{why}: {', '.join(services)}" for why, services in said.items() if services]


@pytest.fixture(scope="session")
def site() -> Site:
    """The site's inventory with all of its hosts."""
    return Site.from_environment()


@pytest.fixture(scope="session")
def absent(site: Site, request: pytest.FixtureRequest) -> dict[str, str]:
    """The hosts that cannot be judged, and why. Where that is all of them, nothing else is tried."""
    os.chdir(REPOSITORY)
    # testinfra asks the shell for ansible: the one of this Python, also where pytest was started by its path.
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    hosts = site.hosts("all")
    found = refused(site.inventory, hosts)
    if hosts and len(found) == len(hosts):
        # pytest.exit puts its text into a line of exclamation marks, as wide as the terminal.
        reporter = request.config.pluginmanager.get_plugin("terminalreporter")
        capture = request.config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            if reporter:
                for line in without(found):
                    reporter.write_line(line)
        pytest.exit("no server of the site can be tested, see above", returncode=1)
    return found


@pytest.fixture(scope="session")
def reached(site: Site, absent: dict[str, str]) -> Site:
    """The site as far as it can be judged."""
    if absent:
        site.__dict__["values"] = Reached(site.inventory, list(absent))  # it keeps what it has read
    return site


@pytest.fixture(scope="session")
def servers(reached: Site) -> dict[str, Server]:
    """All servers by name."""
    return {name: Server(name, reached.inventory) for name in reached.hosts("all")}
