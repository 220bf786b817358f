# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the engine on a real server: restart follows from state, a bad definition is undone and held back, what left is removed."""

from __future__ import annotations

import subprocess

from tests.live.lib.site import Site

UNIT = "example.service"
CONF = "/etc/example/example.conf"


def server(site: Site) -> str:
    """The one server."""
    return site.hosts("all")[0]


def run(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Converge with other values."""
    return site.playbook(site.main_playbook, *arguments)


def read(site: Site, path: str) -> str | None:
    """A file's text, None where there is none."""
    done = site.run(server(site), "cat", path, check=False)
    return done.stdout if done.returncode == 0 else None


def active(site: Site) -> bool:
    """Whether the example's service runs."""
    return site.run(server(site), "systemctl", "is-active", UNIT, check=False).stdout.strip() == "active"


def test_a_changed_file_restarts_once(site: Site) -> None:
    """One restart for a change, none for the run after it; the way back likewise."""
    site.converge()
    before = site.starts(server(site), UNIT)
    site.converge("-e", "example_greeting=salve")
    assert site.starts(server(site), UNIT) == before + 1
    assert "greeting=salve" in (read(site, "/run/example") or "")
    site.converge("-e", "example_greeting=salve")
    assert site.starts(server(site), UNIT) == before + 1
    site.converge()
    assert site.starts(server(site), UNIT) == before + 2
    site.converge_unchanged()


def test_drift_is_put_right(site: Site) -> None:
    """A file that a person edited is written again, and a service that a person stopped is started."""
    site.run(server(site), "sed", "-i", "s/hello/drift/", CONF)
    site.run(server(site), "chmod", "0666", CONF)
    site.run(server(site), "systemctl", "stop", UNIT)
    site.converge()
    assert "greeting=hello" in (read(site, "/run/example") or "")
    assert site.run(server(site), "stat", "-c", "%a", CONF).stdout.strip() == "640"
    assert active(site)
    site.converge_unchanged()


def test_a_restart_that_was_missed_is_made_up_for(site: Site) -> None:
    """The file was written and the run died before the restart: the next run restarts, for the service runs with something else."""
    wanted = "greeting=late\nstart=good\n"
    site.run(server(site), "cp", "/dev/stdin", CONF, stdin=wanted)  # as a run that died wrote it
    site.converge("-e", "example_greeting=late")
    assert "greeting=late" in (read(site, "/run/example") or "")
    site.converge()
    site.converge_unchanged()


def test_three_runs_over_a_bad_configuration(site: Site) -> None:
    """Exactly one restart pair (with the bad one, with the good one again), then held back; the service runs and the old file is there."""
    site.converge()
    good = read(site, CONF)
    starts = [site.starts(server(site), UNIT)]
    for _ in range(3):
        failed = run(site, "-e", "example_start=bad")
        assert failed.returncode != 0, failed.stdout[-2000:]
        assert read(site, CONF) == good
        assert active(site)
        starts.append(site.starts(server(site), UNIT))
    assert starts[1] - starts[0] == 2, f"not one pair: {starts}"
    assert starts[3] == starts[1], f"what was held back was tried again: {starts}"
    assert "component_retry" in failed.stdout, failed.stdout[-2000:]
    retried = run(site, "-e", "example_start=bad", "-e", "component_retry=true")
    assert retried.returncode != 0
    assert site.starts(server(site), UNIT) == starts[1] + 2
    site.converge_unchanged()


def test_what_left_the_definition_is_removed(site: Site) -> None:
    """A file that is no longer said goes; a person's own file beside it stays."""
    site.run(server(site), "touch", "/etc/example/theirs")
    site.converge("-e", "example_extra=false")
    assert read(site, "/etc/example/extra.conf") is None
    assert read(site, "/etc/example/theirs") == ""
    site.converge()
    assert read(site, "/etc/example/extra.conf") == "extra\n"


def test_absent_removes_all_of_it_but_packages_and_what_is_not_managed(site: Site) -> None:
    """The component goes with its unit; the package and the other's file stay, and so the directory."""
    done = run(site, "-e", "example_state=absent")
    assert done.returncode == 0, done.stdout[-3000:]
    assert read(site, CONF) is None
    assert not active(site)
    assert site.run(server(site), "systemctl", "cat", UNIT, check=False).returncode != 0
    assert read(site, "/etc/example/theirs") == ""
    assert site.run(server(site), "dpkg-query", "-W", "-f", "${db:Status-Status}", "cron").stdout == "installed"
    again = run(site, "-e", "example_state=absent")
    assert "changed=0" in again.stdout, again.stdout[-3000:]
    site.run(server(site), "rm", "/etc/example/theirs")
    site.converge()
    site.converge_unchanged()


def test_nothing_of_the_engine_lies_on_the_server(site: Site) -> None:
    """No module, no argument file: neither in temporary folders nor in a home."""
    found = site.run(server(site), "find", "/tmp", "/var/tmp", "/root/.ansible", "-name", "*nsi*", "-type", "f", check=False).stdout
    assert found.strip() == ""
    assert site.run(server(site), "stat", "-c", "%a %U", "/var/lib/vannah").stdout.strip() == "700 root"


def test_the_second_of_two_runs_is_refused(site: Site) -> None:
    """While another run that is alive holds the server, nothing is done and its name is told."""
    with site.holding_lease():
        refused = run(site)
    assert refused.returncode != 0
    assert "held by" in refused.stdout, refused.stdout[-2000:]
    # Its process is gone now: it is taken over at once.
    site.converge_unchanged()
