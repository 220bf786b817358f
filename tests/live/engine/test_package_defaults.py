# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit that a role declares is neither enabled nor started by its package, whatever installs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import yaml

from tests.live.lib.site import REPOSITORY, Site

PACKAGE, UNIT, DATA = "etcd-server", "etcd.service", "/var/lib/etcd/default"


@pytest.fixture
def host(site: Site) -> Iterator[str]:
    """The server, with the preset of the role etcd; afterwards it is as before."""
    name = site.hosts("all")[0]
    exports = yaml.safe_load((REPOSITORY / "roles/etcd/meta/exports.yml").read_text(encoding="utf-8"))
    text = "".join(f"disable {item['unit']}\n" for item in exports["package_defaults"])
    preset = "/etc/systemd/system-preset/00-vannah-etcd.preset"
    site.run(name, "mkdir", "-p", os.path.dirname(preset))
    site.run(name, "tee", preset, stdin=text)
    yield name
    site.run(name, "rm", preset)
    site.run(name, "apt-get", "purge", "-y", "-q", PACKAGE, timeout=300)


def test_a_package_does_not_start_its_service(site: Site, host: str) -> None:
    """Installed by hand, past the engine and its policy-rc.d."""
    site.run(host, "apt-get", "update", "-q", timeout=300)
    site.run(host, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q", PACKAGE, timeout=300)
    state = site.run(host, "systemctl", "show", "--property=LoadState,UnitFileState,ActiveState", UNIT).stdout.split()
    assert sorted(state) == ["ActiveState=inactive", "LoadState=loaded", "UnitFileState=disabled"]
    assert site.run(host, "test", "-e", DATA, check=False).returncode != 0, "it has run with Debian's own settings"
