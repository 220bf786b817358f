# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All members restarted together: when not, who was left behind, when all of them go back, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.together import Answer, Attempt, refusal

MEMBERS = ["a", "b", "c"]
HEALTHY = Answer(True)
BROKEN = Answer(True, ("b is away", "c lags"))


@pytest.mark.parametrize(
    ("present", "answers", "options", "said"),
    [
        (MEMBERS, dict.fromkeys(MEMBERS, HEALTHY), {}, ""),
        (["c", "a", "b"], {"b": HEALTHY}, {}, ""),
        (["a", "b"], dict.fromkeys(MEMBERS, HEALTHY), {}, "run it with all of them, without --limit"),
        (["a", "b"], dict.fromkeys(MEMBERS, HEALTHY), {"forced": True}, "run it with all of them, without --limit"),
        # The first that answers speaks for all.
        (MEMBERS, {"a": Answer(), "b": HEALTHY, "c": BROKEN}, {}, ""),
        (MEMBERS, {"a": BROKEN}, {}, "Nothing is restarted while the cluster is unhealthy: b is away; c lags. Fix: force it."),
        (MEMBERS, {"a": BROKEN}, {"forced": True}, ""),
        (MEMBERS, {"a": BROKEN}, {"unanswered": True}, "b is away"),
        (MEMBERS, {}, {}, "nobody answers"),
        (
            MEMBERS,
            {
                "a": Answer(error="the secret key is not that of the access key."),
                "b": Answer(error="the secret key is not that of the access key"),
            },
            {},
            "nobody answers Reason: the secret key is not that of the access key.",
        ),
        (MEMBERS, {"a": Answer()}, {"unanswered": True}, ""),
        (MEMBERS, {}, {"forced": True}, ""),
        # What a run that was cut off has stopped does not answer, and is missing to the others. What else is unhealthy is so for all.
        (MEMBERS, {}, {"cut_off": True}, ""),
        (MEMBERS, {"a": BROKEN, "b": Answer(), "c": BROKEN}, {"cut_off": True}, ""),
        (MEMBERS, dict.fromkeys(MEMBERS, BROKEN), {"cut_off": True}, "b is away"),
        (["a"], {}, {"cut_off": True}, "without --limit"),
    ],
)
def test_refusal(present: list[str], answers: dict[str, Answer], options: dict[str, bool], said: str) -> None:
    found = refusal(present, {}, MEMBERS, answers, "nobody answers", "Fix: force it.", **options)
    assert said in found and bool(found) == bool(said)


@pytest.mark.parametrize("options", [{}, {"forced": True}, {"cut_off": True, "unanswered": True}])
def test_a_member_that_cannot_be_reached_is_named(options: dict[str, bool]) -> None:
    """With why it is needed and what to do, whatever is tolerated."""
    found = refusal(MEMBERS, {"b": "no route."}, MEMBERS, dict.fromkeys("ac", HEALTHY), "nobody answers", "Fix: force it.", **options)
    assert found.startswith("b cannot be reached (no route). All servers are restarted together") and "Fix: start b and check" in found


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ({}, Answer()),
        ({"answers": True, "problems": ["x"]}, Answer(True, ("x",))),
        # A store's server that waits for others with its settings: its own picture counts not, and that it waits is no reason.
        ({"answers": True, "mode": "online", "problems": ["a is initializing"], "lasting_problems": []}, Answer(True)),
        (
            {"answers": True, "mode": "initializing", "problems": ["b is away"], "lasting_problems": ["b is away"]},
            Answer(False, ("b is away",)),
        ),
    ],
)
def test_answer(result: dict[str, Any], answer: Answer) -> None:
    assert Answer.of(result) == answer


@pytest.mark.parametrize(
    ("not_started", "unhealthy", "forced", "left_behind", "going_back"),
    [
        ({}, {}, False, [], False),
        ({"b": "port taken"}, {}, False, ["b"], True),
        ({}, {"a": "unhealthy", "c": "unhealthy"}, False, ["a", "c"], True),
        # Who did not start comes first: that is the cause.
        ({"c": "port taken"}, {"a": "unhealthy"}, False, ["c", "a"], True),
        # Some of them are enough, one is not.
        ({"b": "port taken"}, {}, True, ["b"], False),
        ({"b": "port taken"}, {"a": "unhealthy"}, True, ["b", "a"], False),
        ({"b": "port taken"}, {"a": "unhealthy", "c": "unhealthy"}, True, ["b", "a", "c"], True),
    ],
)
def test_attempt(not_started: dict[str, str], unhealthy: dict[str, str], forced: bool, left_behind: list[str], going_back: bool) -> None:
    attempt = Attempt(MEMBERS, not_started, unhealthy, forced)
    assert attempt.left_behind == left_behind and attempt.going_back == going_back


def test_waiting_for_the_cluster() -> None:
    """Not where a member did not start, unless some of them are enough."""
    assert Attempt(MEMBERS).waits("a")
    failed: dict[str, Any] = {"not_started": {"b": "port taken"}}
    assert not Attempt(MEMBERS, **failed).waits("a")
    assert Attempt(MEMBERS, **failed, forced=True).waits("a") and not Attempt(MEMBERS, **failed, forced=True).waits("b")


@pytest.mark.parametrize(
    ("attempt", "again", "said"),
    [
        (Attempt(MEMBERS), True, ""),
        (
            Attempt(MEMBERS, {"b": "port taken. "}),
            True,
            "b: port taken. All servers went back to their previous version and settings, and it works. See the guide.",
        ),
        (
            Attempt(MEMBERS, {}, {"c": ""}),
            False,
            "c: no reason given. All servers went back to their previous version and settings, and it does not. See the guide.",
        ),
        (
            Attempt(MEMBERS, {"b": "port taken"}, {}, forced=True),
            False,
            "b: port taken. b did not apply the change, the others did. See the guide.",
        ),
    ],
)
def test_verdict(attempt: Attempt, again: bool, said: str) -> None:
    assert attempt.verdict(again, "it works", "it does not", "the guide") == said
