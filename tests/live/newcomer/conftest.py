# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A newcomer's checkout: a copy of this one with a demo of its own, beside a developer's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest

from tests.live.newcomer.newcomer import HOSTS, NETWORK, REPOSITORY, SITES, SUBNET, Newcomer, left_out


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """A fresh copy whose demo has its own network and names. Tools and built programs are this checkout's, as after a first `make`."""
    folder = tmp_path_factory.mktemp("newcomer") / "a checkout"
    shutil.copytree(REPOSITORY, folder, symlinks=True, ignore=left_out)
    (folder / ".venv").symlink_to((REPOSITORY / ".venv").resolve())
    (folder / ".cache").mkdir()
    artifacts = REPOSITORY / ".cache" / "artifacts"
    if artifacts.exists():
        (folder / ".cache" / "artifacts").symlink_to(artifacts.resolve())
    site = folder / "inventories" / "demo"
    (site / "hosts.yml").write_text(HOSTS, encoding="utf-8")
    (site / "containers.yml").write_text(f"subnet: {SUBNET}.0/24\nservers:\n  db3: {{image: trixie-bare}}\n", encoding="utf-8")
    for path in (site / "group_vars").glob("*.yml"):
        if not re.search(rf"^ +{path.stem}:", HOSTS, re.MULTILINE):  # preflight refuses variables of a group without hosts
            path.unlink()
    (site / "group_vars" / "edge.yml").write_text(SITES, encoding="utf-8")
    connection = site / "group_vars" / "all" / "connection.yml"
    text = connection.read_text(encoding="utf-8")
    assert "server_network: vannah-demo\n" in text
    connection.write_text(text.replace("server_network: vannah-demo\n", f"server_network: {NETWORK}\n"), encoding="utf-8")
    made = Newcomer(folder, folder.parent / "output")
    made.remove()
    try:
        yield made
    finally:
        made.remove()
