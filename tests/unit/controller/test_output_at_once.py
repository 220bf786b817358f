# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run prints is there when it is printed, also through a pipe: ansible-core 2.21 leaves it in the buffer."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.action import AgentAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction

REPOSITORY = Path(__file__).resolve().parents[3]
UTILS = "ansible_collections.vannah.healthcloud.plugins.module_utils"
#: Where the bases of all actions are.
BASES = ("controller.action", "controller.local")
SAYS = """
import sys
import {module}
print("waits for apt")
sys.stdin.readline()
print("goes on")
"""


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("reader", ["reads", "has closed the pipe"])
def test_a_line_is_written_when_it_is_printed(base: str, reader: str) -> None:
    """The process prints, and then waits until the line was read: without the import it would wait forever."""
    argv = [sys.executable, "-c", SAYS.format(module=f"{UTILS}.{base}")]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "collections"), "PYTHONUNBUFFERED": ""}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        line = process.stdout.readline() if reader == "reads" else ""
        if reader != "reads":
            process.stdout.close()
        rest, _ = process.communicate("\n", timeout=60) if reader == "reads" else (process.stdin.close(), None)
        assert process.wait(60) == 0
    assert (line, rest) in (("waits for apt\n", "goes on\n"), ("", None))


def test_all_actions_have_such_a_base() -> None:
    for path in sorted((REPOSITORY / "plugins" / "action").glob("[!_]*.py")):
        module = importlib.import_module(f"ansible_collections.vannah.healthcloud.plugins.action.{path.stem}")
        assert issubclass(module.ActionModule, (AgentAction, LocalAction)), path.name
