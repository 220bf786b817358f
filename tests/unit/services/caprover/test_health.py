# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an app is healthy, by Docker's word and by a URL's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import health
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.health import Health, judge

RUNS = {"ID": "1", "Image": "web:1@sha256:0", "DesiredState": "Running", "CurrentState": "Running 9 seconds ago", "Error": ""}
OLD = {**RUNS, "ID": "0", "Image": "web:0", "DesiredState": "Shutdown", "CurrentState": "Shutdown 9 seconds ago"}
FAILED = {**RUNS, "ID": "2", "DesiredState": "Shutdown", "CurrentState": "Failed 1 second ago", "Error": "task: non-zero exit (1)"}
PRUNED = {**FAILED, "Error": "No such container: web.1.abc"}
REJECTED = {**FAILED, "CurrentState": "Rejected 1 second ago", "Error": "No such image: web:1"}


def service(state: str = "completed", message: str = "") -> Any:
    return [{"UpdateStatus": {"State": state, "Message": message}}]


@pytest.mark.parametrize(
    ("found", "tasks", "replicas", "why", "final"),
    [
        (service(), [RUNS, OLD], 1, "", False),
        (service(), [], 0, "", False),
        ([{}], [], 1, "its service is not there", False),
        (None, [], 1, "its service is not there", False),
        ([{"Spec": {}}], [RUNS], 1, "", False),  # a service that was never updated
        (service(), [RUNS], 2, "1 of 2 containers run", False),
        (service(), [{**RUNS, "Image": "web:0"}], 1, "0 of 1 containers run", False),  # the old one still runs
        (service(), [FAILED], 1, "0 of 1 containers run: task: non-zero exit (1)", False),
        (service(), [REJECTED], 1, "0 of 1 containers run: No such image: web:1", False),
        (service(), [FAILED, FAILED, RUNS, FAILED], 1, "3 containers of it failed: task: non-zero exit (1)", True),
        (service(), [PRUNED, PRUNED, PRUNED, RUNS], 1, "", False),  # by CapRover itself (recorded)
        (service("updating"), [RUNS], 1, "its update is in progress", False),
        (
            service("paused", "update paused due to failure"),
            [RUNS, FAILED],
            1,
            "its update is paused: update paused due to failure (task:",
            True,
        ),
        (service("rollback_completed", "rolled back"), [RUNS], 1, "its update is rollback completed: rolled back", True),
    ],
)
def test_by_dockers_word(found: Any, tasks: list[Any], replicas: int, why: str, final: bool) -> None:
    said, ended = judge(found, tasks, replicas, "web:1")
    assert said.startswith(why) and bool(said) == bool(why) and ended is final


def test_an_update_that_caprover_itself_has_interrupted_is_no_failure() -> None:
    """Recorded: 5 s after an update CapRover removes all stopped containers, and with them the one of a new task."""
    pruned = {**PRUNED, "ID": "vk9x4tagzfmats4epjlcpu6z5", "Error": '"No such container: db1.1.vk9x4tagzfmats4epjlcpu6z5"'}
    found = service("paused", "update paused due to failure or early termination of task vk9x4tagzfmats4epjlcpu6z5")
    assert judge(found, [RUNS, pruned, OLD], 1, "web:1") == ("", False)
    assert judge(found, [pruned, OLD], 1, "web:1") == ("0 of 1 containers run", False)
    assert judge(found, [RUNS, pruned, OLD], 1, "web:1", {"1", pruned["ID"], "0"}) == ("", False)  # seen by the next run
    assert judge(found, [RUNS, {**pruned, "ID": "other"}], 1, "web:1")[1]


def test_what_had_failed_before_the_deploy_says_nothing_of_it() -> None:
    tasks = [RUNS, *({**FAILED, "ID": str(number)} for number in range(2, 5))]
    assert judge(service(), tasks, 1, "web:1", {"2", "3", "4"}) == ("", False)
    assert judge(service(), tasks, 1, "web:1", {"2", "3"}) == ("", False)
    assert judge(service(), tasks, 1, "web:1")[1]


@pytest.mark.parametrize("state", ["completed", "paused", "rollback_completed", "rollback_paused"])
def test_of_an_older_one_only_what_runs_counts(state: str) -> None:
    """How its last update ended stays until the next one, and its containers may have failed long before."""
    failed = [{**FAILED, "ID": str(number)} for number in range(2, 6)]
    found = service(state, "update paused due to failure")
    assert judge(found, [RUNS, OLD, *failed], 1, "web:1", deployed=False) == ("", False)
    assert judge(found, [RUNS, *failed], 2, "web:1", deployed=False) == ("1 of 2 containers run: task: non-zero exit (1)", False)
    assert judge(found, [{**RUNS, "Image": "web:0"}], 1, "web:1", deployed=False) == ("0 of 1 containers run", False)
    assert judge(found, [RUNS, OLD, *failed], 1, "web:1")[1]


def test_one_without_containers_is_not_asked() -> None:
    """Neither Docker nor a URL, which would say that nothing answers."""
    ctx = Context(runner=lambda *_argv, **_more: pytest.fail("nothing is asked"))
    ctx.interval = 0.01
    for options in (None, {"url": "http://127.0.0.1:9/", "timeout": 0.02}, {"docker": False, "url": "http://127.0.0.1:9/"}):
        asked = Health(ctx, "web", "web", 0, options)
        assert asked.asked and asked.wait("web:1") == asked.wait("web:1", deployed=False) == ""
    assert "does not answer" in Health(ctx, "web", "web", 1, {"docker": False, "url": "http://127.0.0.1:9/", "timeout": 0.02}).wait("")


def test_it_has_to_stay_healthy() -> None:
    """An image that ends at once runs for a moment, again and again: its tasks are others each time."""
    looks: list[int] = []

    def docker(argv: list[str], **_more: Any) -> Result:
        if "inspect" in argv:
            return Result(0, '[{"UpdateStatus": {"State": "completed"}}]')
        looks.append(len(looks))
        number = len(looks) if len(looks) < 20 else 20
        return Result(0, f'{{"ID": "{number}", "Image": "web:1", "DesiredState": "Running", "CurrentState": "Running"}}')

    ctx = Context(runner=docker)
    ctx.interval = 0.01
    asked = Health(ctx, "web", "web", 1, {"steady": 0.1, "timeout": 20})
    assert asked.wait("web:1") == "" and len(looks) > 20
    looks.clear()
    asked = Health(ctx, "web", "web", 1, {"steady": 5, "timeout": 0.1})
    assert asked.wait("web:1") == "it was not healthy for 5 s without a restart"


@pytest.fixture
def site() -> Iterator[dict[str, Any]]:
    """A web server that answers with what ``status`` says; ``hosts`` are the names that it was asked for."""
    told: dict[str, Any] = {"status": 200, "hosts": [], "logins": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told["hosts"].append(self.headers["host"])
            told["logins"].append(self.headers["authorization"])
            self.send_response(told["status"])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    told["url"] = f"http://127.0.0.1:{server.server_address[1]}/healthz?a=b"
    yield told
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "statuses", "why"), [(200, None, ""), (302, None, "answers 302"), (401, [200, 401], ""), (502, None, "answers 502")]
)
def test_by_a_url(site: dict[str, Any], status: int, statuses: Any, why: str) -> None:
    site["status"] = status
    ctx = Context()
    ctx.interval = 0.01
    options = {"docker": False, "url": site["url"], "host": "web.cap.test", "statuses": statuses, "steady": 0, "timeout": 0.05}
    said = Health(ctx, "web", "web", 1, options).wait("web:1")
    assert said.endswith(why) and bool(said) == bool(why)
    assert set(site["hosts"]) == {"web.cap.test"}


def test_a_url_with_a_login(site: dict[str, Any]) -> None:
    """As nginx asks for it (RFC 7617); without one nothing is sent."""
    ctx = Context()
    for login, expected in (({"user": "clinic", "password": "p\u00e4:w"}, "Basic Y2xpbmljOnDDpDp3"), ({}, None)):
        options = {"docker": False, "url": site["url"], "steady": 0, "timeout": 1, **login}
        assert Health(ctx, "web", "web", 1, options)._ask_url() == "" and site["logins"][-1] == expected


def test_a_url_that_does_not_answer() -> None:
    ctx = Context()
    ctx.interval = 0.01
    options = {"docker": False, "url": "http://127.0.0.1:9/", "steady": 0, "timeout": 0.02}
    assert "http://127.0.0.1:9/ does not answer" in Health(ctx, "web", "web", 1, options).wait("")


def test_a_judge_takes_the_place_of_both() -> None:
    ctx = Context(runner=lambda *_argv, **_more: Result(127))
    ctx.interval = 0.01
    seen: list[tuple[str, str]] = []

    def judged(app: str, image: str) -> str:
        seen.append((app, image))
        return "" if len(seen) > 2 else "not yet"

    ctx.kept(health.Kept).judge = judged
    asked = Health(ctx, "web", "web", 1, {"steady": 0})
    assert asked.asked and asked.wait("web:1") == "" and seen == [("web", "web:1")] * 3
