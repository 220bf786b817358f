# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The awkward server of test_0_awkward.py after the site has come: what its owner had is kept, and the site works beside it."""

from __future__ import annotations

import json

import pytest

from tests.live.lib.site import Site


@pytest.fixture
def host(site: Site) -> str:
    """The one server."""
    (name,) = site.hosts("all")
    return name


def test_sshd_is_no_looser_and_still_started_by_its_socket(site: Site, host: str) -> None:
    """What was stricter stays, what the role demands is there."""
    site.run(host, "mkdir", "-p", "/run/sshd")
    said = dict(line.split(" ", 1) for line in site.run(host, "sshd", "-T").stdout.splitlines() if " " in line)
    assert (said["permitrootlogin"], said["logingracetime"]) == ("no", "30")
    assert (said["passwordauthentication"], said["clientaliveinterval"], said["x11forwarding"]) == ("no", "60", "no")
    states = site.run(host, "systemctl", "is-enabled", "ssh.socket", "ssh.service", check=False).stdout.split()
    assert states == ["enabled", "disabled"]
    assert site.run(host, "systemctl", "is-active", "ssh.socket").stdout.strip() == "active"


def test_a_change_of_sshd_reaches_the_next_login(site: Site, host: str) -> None:
    """The service is restarted with the socket that it was given, and not reloaded."""
    shown = ["systemctl", "show", "--value", "-p", "InvocationID", "ssh.service"]
    before = site.run(host, *shown).stdout
    site.playbook("base.yml", "-e", json.dumps({"base_ssh_settings": {"MaxSessions": "7"}}))
    assert site.run(host, *shown).stdout != before
    assert site.run(host, "systemctl", "is-active", "ssh.socket").stdout.strip() == "active"
    done = site.playbook("base.yml")
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_umask_of_the_owner_does_not_reach_what_is_made(site: Site, host: str) -> None:
    """Services read what root has made."""
    modes = site.run(host, "stat", "-c", "%a", "/etc/vannah", "/etc/vannah/pki/ca.crt", "/usr/local/lib/vannah").stdout.split()
    assert modes == ["755", "644", "755"]


def test_updates_go_on_without_the_vendors_source(site: Site) -> None:
    """It is warned of by its name."""
    done = site.playbook("haproxy/update.yml")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "packages.vendor.invalid" in done.stdout.replace("\n", ""), done.stdout[-4000:]
