# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings and the codes they carry.

A code never changes its meaning: people grep for it, suppress alarms by it and find it in ``docs/preflight.md``. Each area declares its
codes beside its rules; :func:`..rules.catalogue` collects them, and a test holds the documentation equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from ..agent.lib.plural import counted
from .texts import masked


class Level(StrEnum):
    """How a finding counts: an error stops the run, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Code:
    """One kind of bad input, as the documentation lists it."""

    name: str  # kebab-case, begins with its area
    meaning: str
    fix: str
    level: Level = Level.ERROR


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong, where, and what to write instead. Neither text ever quotes a value that may be secret."""

    code: str
    where: str  # host, group, file or "extra vars"
    variable: str  # path within the variable included: postgresql_roles[0].password; "-" when no variable is at fault
    problem: str
    fix: str
    source: str = ""  # file:line, when it is known

    def __post_init__(self) -> None:
        """Whatever a rule quotes, and the keys in a path, are without what looks like a password."""
        for name in ("where", "variable", "problem", "fix"):
            object.__setattr__(self, name, masked(getattr(self, name)))

    def line(self) -> str:
        """The finding as the one line a person reads."""
        source = f" [{self.source}]" if self.source else ""
        text = f"{self.code} {self.where} {self.variable}: {self.problem} Fix: {self.fix}{source}"
        # A value that it quotes may have line breaks.
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


class FindingResult(TypedDict):
    """A finding in the action's result."""

    code: str
    where: str
    variable: str
    problem: str
    fix: str
    source: str


class ReportResult(TypedDict):
    """What the actions ``preflight`` and ``host_checks`` return of a report."""

    errors: list[FindingResult]
    warnings_found: list[FindingResult]
    hosts: int
    summary: str


@dataclass(frozen=True)
class Report:
    """All findings of one preflight, sorted and without repetitions."""

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    hosts: int
    name: str = "preflight"

    @classmethod
    def of(cls, findings: Iterable[Finding], codes: dict[str, Code], hosts: int, name: str = "preflight") -> Report:
        """Sort findings into errors and warnings.

        Raises KeyError for a code that no area declares: that is a defect of a rule.
        """
        unique = sorted(set(findings))
        errors = tuple(finding for finding in unique if codes[finding.code].level is Level.ERROR)
        warnings = tuple(finding for finding in unique if codes[finding.code].level is Level.WARNING)
        return cls(errors, warnings, hosts, name)

    def summary(self) -> str:
        """One sentence with the three counts."""
        found = ", ".join(counted(*one) for one in ((len(self.errors), "error"), (len(self.warnings), "warning"), (self.hosts, "host")))
        return f"{self.name}: {found}"

    def text(self) -> str:
        """The summary, and below it each error on its line."""
        return "\n".join([self.summary(), *(finding.line() for finding in self.errors)])

    def result(self) -> ReportResult:
        """The structure that the action returns."""
        return {
            "errors": [_as_dict(finding) for finding in self.errors],
            "warnings_found": [_as_dict(finding) for finding in self.warnings],
            "hosts": self.hosts,
            "summary": self.summary(),
        }


def _as_dict(finding: Finding) -> FindingResult:
    return {
        "code": finding.code,
        "where": finding.where,
        "variable": finding.variable,
        "problem": finding.problem,
        "fix": finding.fix,
        "source": finding.source,
    }
