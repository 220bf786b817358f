# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract that `make caprover-contract` tells a real server, told to the stand-in: it has to be like one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.standins.caprover.server import StandIn

pytest.register_assert_rewrite("tests.contract.caprover.contract")
from tests.contract.caprover.contract import *  # noqa: E402, F403 - its tests
from tests.contract.caprover.contract import Server  # noqa: E402


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    captain = StandIn()
    captain.model.password, captain.model.root = "Captain-Test-42", "cap.test"

    def judge(app: str, _image: str) -> str:
        """There are no containers: an app is as healthy as what was last built for it."""
        sent = [str(body["captainDefinitionContent"]) for body in captain.bodies if "captainDefinitionContent" in body]
        return "it ends at once" if sent and "/bin/false" in sent[-1] else ""

    yield Server(captain.url, captain.model.password, tmp_path_factory.mktemp("captain"), judge=judge, interval=0.001, limit=1, steady=0)
    captain.close()
