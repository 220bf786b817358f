# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent to a host for a service's call is enough to load it there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle

SERVICES = sorted(path.parent.name for path in (Path(bundle.AGENT) / "services").glob("*/calls.py"))
DRIVERS = sorted(path.parent.name for path in (Path(bundle.AGENT) / "services").glob("*/restart.py"))


def run(payload: dict[str, Any], program: str, tmp_path: Path) -> str:
    """What a Python that has only what is sent prints after it has run a program in the agent's place."""
    sent = bundle.needed(payload, bundle.modules())
    code = f"{bundle._BOOTSTRAP}\nsys.meta_path.insert(0, Agent({sent!r}))\n{program}"
    done = subprocess.run([sys.executable, "-I", "-S", "-"], input=code.encode(), capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.mark.parametrize("service", SERVICES)
def test_calls_of_a_service_load_where_only_what_is_sent_is_there(service: str, tmp_path: Path) -> None:
    program = "from vannah_agent.services import part\n"
    program += f"package = part({service!r}, 'calls')\nprint(','.join(sorted(package.CALLS)))"
    assert run({"op": "domain", "domain": service}, program, tmp_path)


PARTS = [(driver, "restart", "restart") for driver in DRIVERS]
#: What stands in a unit's way, only some drivers know.
PARTS += [(driver, "converge", "rivals") for driver in DRIVERS if f"services.{driver}.rivals" in str(sorted(bundle.modules()))]


@pytest.mark.parametrize(("driver", "op", "name"), PARTS)
def test_parts_of_a_driver_load(driver: str, op: str, name: str, tmp_path: Path) -> None:
    payload = {"op": op, "components": [{"units": [{"name": "a.service", "driver": driver}]}]}
    program = f"from vannah_agent.services import part\nprint(part({driver!r}, {name!r}).__name__)"
    assert run(payload, program, tmp_path) == f"vannah_agent.services.{driver}.{name}"


def test_every_import_of_what_is_sent_is_sent() -> None:
    """Also those inside of functions, which only a rare case would miss."""
    found = bundle.modules()
    for service in SERVICES:
        sent = bundle.needed({"op": "domain", "domain": service}, found)
        imports = bundle._imports(bundle.AGENT)
        assert len(sent.keys() & imports.keys()) > 20
        assert [(name, one) for name in sent.keys() & imports.keys() for one in imports[name] if one not in sent] == []
