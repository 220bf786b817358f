# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second legal value of every public variable, for the tests that change each of them on a running site.

The values stand in ``tests/live/<role>/settings.yml``. What a change does is not written there but read from the roles' statements
(``effects`` in ``meta/exports.yml``). A unit test fails where a variable has neither a value there nor a reason why it is not tried.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils.effects import Statement, statements

REPOSITORY = Path(__file__).resolve().parents[3]
LIVE = REPOSITORY / "tests" / "live"


def _said() -> dict[str, dict[str, Any]]:
    """Role (or ``site``) -> its file."""
    return {path.parent.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(LIVE.glob("*/settings.yml"))}


def tried_on(scenario: str) -> dict[str, Any]:
    """Variable -> its second value, of those that are tried on the site of a scenario."""
    return {name: value for said in _said().values() if said["scenario"] == scenario for name, value in said["tried"].items()}


#: Variables of each file, tried or with a reason why not.
TABLES: dict[str, list[str]] = {name: [*said.get("tried", ()), *said.get("not_tried", ())] for name, said in _said().items()}
#: Seconds without an acknowledged row that a change may cost: what docs/day2.md says of its effect.
GAPS = {"live": 3.0, "reload": 3.0, "rolling": 5.0, "together": 5.0}


@cache
def stated() -> dict[str, Statement]:
    """The statement of every public variable of the roles and of the site."""
    # A role's word on a variable of the site comes after the site's own.
    files = [REPOSITORY / "playbooks" / "vars" / "site_variables.yml"]
    files += [path for name in ("exports", "site_variables") for path in sorted((REPOSITORY / "roles").glob(f"*/meta/{name}.yml"))]
    found: dict[str, Statement] = {}
    for file in files:
        found.update(statements(yaml.safe_load(file.read_text(encoding="utf-8")).get("effects") or {}, str(file)))
    return found


def refused(tried: dict[str, Any]) -> dict[str, Any]:
    """Those that ``site.yml`` refuses on a running site."""
    return {name: value for name, value in tried.items() if stated()[name].recorded or stated()[name].judged_with}


def taken_over(tried: dict[str, Any]) -> dict[str, Any]:
    """Those that it takes over."""
    gone = refused(tried)
    return {name: value for name, value in tried.items() if name not in gone}
