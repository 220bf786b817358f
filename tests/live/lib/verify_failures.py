# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make verify` says of a test that failed: what, and what to do. Its traceback is in the log only."""

from __future__ import annotations

import re

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import texts

from tests.live.lib.hidden import scrub

#: Exceptions whose text is a sentence; others say a word of themselves.
OWN_ERRORS = re.compile(r"^(?:[\w.]+\.)?(?:AssertionError|FaultError|Failed): ")
PATH = re.compile(r"^(?:\w+\.)+(?=\w+(?:: |$))")
TUNNEL = re.compile(r"no tunnel to (?:(?P<user>[^@\s]+)@)?(?P<host>\S+): ")


def reason(message: str) -> str:
    """The error in one line: the first one, without the names of modules; what pytest adds to an assertion follows it."""
    first = next((line.strip() for line in message.splitlines() if line.strip()), "failed without a message")
    return PATH.sub("", OWN_ERRORS.sub("", first))[: texts.WIDTH]


def fix(said: str, site: str) -> str:
    """What to do.

    :param said: as :func:`reason` gives it
    :param site: the folder of inventories/
    """
    _what, found, fix = said.partition("Fix: ")
    if found:
        return fix.strip()
    tunnel = TUNNEL.search(said)
    if tunnel:
        return texts.connection_fix(tunnel["host"], said, texts.Login(tunnel["host"], tunnel["user"] or ""))
    if site == "demo":
        return "`make demo` converges the servers and tests them again; the traceback is in the log."
    plan, converge = (f"`make {target} SITE={site}`" for target in ("plan", "converge"))
    return f"{plan} shows what differs from the inventory, {converge} applies it; the traceback is in the log."


def message_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The exception's own text, without source and traceback."""
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = report.longreprtext.strip().splitlines()
    return scrub(str(crash.message) if crash is not None else (lines or [""])[-1])


def details_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """For the log: the traceback, and what the test printed."""
    captured = [f"--- {title} ---\n{text.rstrip()}" for title, text in report.sections if text.strip()]
    return scrub("\n".join([report.longreprtext.rstrip(), *captured]) + "\n")


class Failures:
    """The lines of failures. One with the same cause as an earlier one, such as a server that does not answer, is one line."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._first: dict[str, str] = {}

    def lines(self, what: str, message: str) -> list[str]:
        """What to print of a test that failed.

        :param what: the test, as a person calls it
        """
        said = reason(message)
        if said in self._first:
            return [f"FAILED  {what}: the same as {self._first[said]!r}"]
        self._first[said] = what
        return [f"FAILED  {what}: {said.partition('Fix: ')[0].strip()}", f"        Fix: {fix(said, self._site)}"]

    def __bool__(self) -> bool:
        return bool(self._first)
