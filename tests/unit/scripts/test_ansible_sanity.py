# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions of Ansible's own checks: each with its reason."""

from __future__ import annotations

from pathlib import Path

import ansible_sanity
import pytest


def test_every_exception_has_a_reason_and_a_file() -> None:
    """A line whose file is gone would never be missed."""
    lines = list(ansible_sanity.exceptions(ansible_sanity.IGNORED.read_text(encoding="utf-8")))
    assert lines
    assert [line for line in lines if not (ansible_sanity.ROOT / line.split()[0]).is_file()] == []


def test_an_exception_without_a_reason_is_refused() -> None:
    """Also where there is a mark for it."""
    assert list(ansible_sanity.exceptions("# of all\n\na.py shebang # why\n")) == ["a.py shebang"]
    for line in ("a.py shebang", "a.py shebang #", "a.py # why"):
        with pytest.raises(ValueError, match="no reason"):
            list(ansible_sanity.exceptions(line))


def test_programs_of_roles_are_exceptions_by_their_first_line(tmp_path: Path) -> None:
    """A new role adds none to a list."""
    for name, text in {
        "roles/a/files/check": "#!/usr/bin/python3 -I\nx = 1\n",
        "roles/a/files/other": "#!/usr/bin/env python3\n",
        "roles/a/templates/rules.j2": "#!/usr/sbin/nft -f\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(ansible_sanity.programs(tmp_path)) == ["roles/a/files/check shebang", "roles/a/templates/rules.j2 shebang"]
