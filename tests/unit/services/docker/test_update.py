# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's packages are held, and their updates come by the role's own verb all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import apt
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.packages import calls as packages

STATUS = "Package: docker.io\nStatus: hold ok installed\nVersion: 26.1.5+dfsg1-9\n\n"
POLICY = "docker.io:\n  Installed: 26.1.5+dfsg1-9\n  Candidate: 26.1.5+dfsg1-9+deb13u1\n"


@pytest.mark.parametrize("held", [True, False])
def test_held_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: bool) -> None:
    """Only where the call says so; the hold is lifted for the one transaction and comes back with it."""
    made: list[apt.Transaction] = []
    monkeypatch.setattr(apt.Transaction, "run", lambda self, _ctx: made.append(self))
    monkeypatch.setattr("ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources.apt_sources.refresh", lambda *_a: None)
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)

    def runner(argv: list[str], **_more: Any) -> Result:
        return Result(0, POLICY if argv[0] == "apt-cache" else "")

    ctx = Context("apply", runner=runner, root=str(tmp_path))
    steps, result = packages.CALLS["update"]({"names": ["docker.io", "docker-ce"], "refresh": False, "held": held}, ctx)
    for step in steps:
        assert step.apply is not None
        step.apply(ctx)
    assert [item["name"] for item in result["packages"]] == (["docker.io"] if held else [])
    assert [sorted(one.managed) for one in made] == ([["docker.io"]] if held else [])
