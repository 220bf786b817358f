# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation or an update of the object store that was cut off continues with the next run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.lib.playbook_runs import Run
from tests.unit.playbooks.test_verbs import AWAY, NEW, SEEN, STORE, TOGETHER, WAITING, restarts_of_the_site


@pytest.mark.parametrize(
    ("before", "renew", "made", "said"),
    [
        (False, None, ["minio_root_password"], "new values for minio_root_password"),
        (True, None, [], "the servers get the new minio_root_password that an earlier run has written"),
        (True, ["minio_root_password", "minio_user_imaging"], ["minio_user_imaging"], "new values for minio_user_imaging"),
    ],
)
def test_a_rotation_that_was_cut_off_continues(run: Run, before: bool, renew: list[str] | None, made: list[str], said: str) -> None:
    """Servers that run with the previous root credentials get those that were written, and no newer ones."""
    answers = dict.fromkeys(STORE["object_store"], NEW | {"minio_info": SEEN | {"before": before}})
    given: dict[str, Any] = {"minio_users": [{"name": "imaging"}]} | ({"minio_renew": renew} if renew else {})
    done = run("minio/rotate_credentials.yml", STORE, answers, **given)
    assert done.code == 0, done.printed
    assert [arguments["names"] for name, arguments in done.arguments if name == "site_secrets_renew"] == [made]
    assert said in " ".join(done.printed.split()), done.printed
    assert done.of("minio_stop") == STORE["object_store"]


SILENT: dict[str, Any] = {"answers": False, "error": "Connection refused", "problems": []}
LOST: dict[str, Any] = SEEN | {"problems": ["server store1:9000 is offline"], "lasting_problems": ["server store1:9000 is offline"]}


@pytest.mark.parametrize(
    ("waits", "apart", "stages", "said"),
    [
        # They run with what is new, or the converge has started them with it: it is only looked at and settled.
        (False, False, ["minio_health", "component_restart forgotten"], "was interrupted, and continues"),
        # One that was stopped was started with what is new, and is apart.
        (
            True,
            True,
            ["component_restart kept", "minio_stop", "component_restart", "minio_health", "component_restart forgotten"],
            "was interrupted, and continues",
        ),
        # Nothing had stopped.
        (True, False, [], "another version waits until it is requested; minio/update.yml"),
    ],
)
def test_a_run_of_the_site_continues_with_an_update(run: Run, waits: bool, apart: bool, stages: list[str], said: str) -> None:
    """One that was cut off while servers were stopped, although the policy is manual and the store is unhealthy."""
    made = (WAITING["minio"] if waits else {"pending_restart": []}) | {"kept": ["minio"]}
    answers = {"converge": made, "minio_running": TOGETHER, "minio_info": LOST, "minio_health": {"healthy": True}}
    said_by = dict.fromkeys(STORE["object_store"], answers)
    said_by["store1"] = answers | {"minio_running": TOGETHER | {"serves": not apart}}
    done = run(restarts_of_the_site(run), STORE, said_by, part_of_site=True, site_converged=made)
    assert done.code == 0 and said in " ".join(done.printed.split()), done.printed
    calls = [call.rpartition(" ")[0] for call in done.calls if call.startswith(("minio_stop", "minio_health", "component_restart"))]
    assert list(dict.fromkeys(calls)) == stages, done.printed


@pytest.mark.parametrize(
    ("cut_off", "seen", "said"),
    [
        (True, SILENT, ""),
        (True, LOST, ""),
        (False, SILENT, "No server of the object store answers. Fix: run make converge, which starts servers that do not run"),
        (False, LOST, "while the cluster is unhealthy: server store1:9000 is offline. Fix: repair that first"),
    ],
)
def test_an_update_that_was_cut_off_continues(run: Run, cut_off: bool, seen: dict[str, Any], said: str) -> None:
    """By the same verb, without options: what it has stopped is no reason against it."""
    answers = dict.fromkeys(STORE["object_store"], NEW | {"lease": {"kept": ["minio"] if cut_off else []}, "minio_info": seen})
    answers["store1"] = answers["store1"] | {"minio_info": SILENT}
    done = run("minio/update.yml", STORE, answers)
    assert (done.code != 0) == bool(said) and said in " ".join(done.printed.split()), done.printed
    assert done.of("minio_stop") == ([] if said else STORE["object_store"])


@pytest.mark.parametrize("away", ["store1", "store3"])
@pytest.mark.parametrize(
    ("playbook", "needed"),
    [
        ("minio/update.yml", "cannot be reached (no route to host). All servers are restarted together"),
        (
            "minio/rotate_credentials.yml",
            "cannot be asked (Task failed: no route to host). All servers get the new credentials, so nothing is changed",
        ),
        (
            "change_ports.yml",
            "cannot be asked (Task failed: no route to host). A port that hosts share is changed on all of them, so nothing is changed",
        ),
    ],
)
def test_a_server_that_cannot_be_reached_is_named(run: Run, playbook: str, needed: str, away: str) -> None:
    """With why it is needed and what to do, also with force; nothing is stopped and no secret is written."""
    answers = dict.fromkeys(STORE["object_store"], NEW) | {away: AWAY}
    done = run(playbook, STORE, answers, minio_force=True)
    printed = " ".join(done.printed.split())
    assert done.code != 0 and f"{away} {needed}" in printed, done.printed
    assert f"Fix: start {away} and check that Ansible reaches it over SSH" in printed
    assert [name for name, _given in done.arguments if name in ("minio_stop", "site_secrets_renew", "converge")] == []


def test_a_server_that_another_run_holds_ends_the_update(run: Run) -> None:
    """The others are not stopped without it."""
    answers = dict.fromkeys(STORE["object_store"], NEW) | {"store2": NEW | {"lease": {"failed": True, "msg": "held by another run"}}}
    done = run("minio/update.yml", STORE, answers)
    assert done.code != 0 and "Nothing is done without store2, which another run holds" in " ".join(done.printed.split()), done.printed
    assert done.of("minio_stop") == []
