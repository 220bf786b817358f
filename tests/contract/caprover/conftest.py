# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real server, as `make caprover-contract` names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract.caprover.contract import Server, web_of


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server of ``VANNAH_CAPROVER_URL``; its web is at ``VANNAH_CAPROVER_WEB``, or at port 80 of the same host."""
    url, password = os.environ["VANNAH_CAPROVER_URL"], os.environ["VANNAH_CAPROVER_PASSWORD"]
    home: Path = tmp_path_factory.mktemp("caprover")
    return Server(url, password, home, os.environ.get("VANNAH_CAPROVER_WEB") or web_of(url))
