# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Artifacts that the servers of the scenarios get: built before the scenarios start, and once on a machine.

A build takes minutes of all cores. Within a scenario it would compete with the other lane's servers, and run into that scenario's ceilings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import only_service
from parallel_jobs import Output

#: The cache that all checkouts of this machine share for their tests, as they share the images and the package cache of their servers.
SHARED = Path("/var/cache/vannah-test/artifacts")


def share(cache: Path, shared: Path = SHARED) -> None:
    """Let a checkout that has no cache of its own use that of the machine, where this user may write there."""
    if cache.is_symlink() or cache.exists():
        return
    try:
        shared.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(shared, os.W_OK):
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.symlink_to(shared)


def scenarios_with(root: Path, scenarios: Iterable[str]) -> list[str]:
    """The scenarios that have servers with artifacts."""
    roles = [file.parent.parent.name for file in sorted(root.glob("roles/*/meta/artifacts.yml"))]
    concerned = {scenario for role in roles for scenario in only_service.find(root, role).scenarios}
    return [scenario for scenario in scenarios if scenario in concerned]


def build(root: Path, scenarios: Iterable[str], output: Output) -> list[str]:
    """Fetch or build what the scenarios' servers need; the scenarios for which that failed."""
    share(root / ".cache" / "artifacts")
    return [scenario for scenario in scenarios if output.run(_argv(scenario), cwd=root) != 0]


def _argv(scenario: str) -> list[str]:
    return ["ansible-playbook", "-i", f"molecule/{scenario}/inventory", "playbooks/artifacts.yml"]
