# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that a person reads has at most 400 lines: a longer one has parts that belong into files of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 400
#: What is read: programs, tests and data. Documentation has its own order, and lock files are written by programs.
READ = (":(glob)**/*.py", ":(glob)**/*.yml", ":(glob)**/*.yaml", ":(glob)**/*.j2", ":(glob)roles/*/files/*", "Makefile")
#: File -> its length, which may only become less, and why it is longer. A file that is short enough leaves the list; nothing is added.
LONGER = {
    "plugins/modules/component.py": (648, "documentation of one module, which Ansible reads from one file; it has no code"),
    "roles/acme/files/acme-certificates": (470, "a program that a host runs from one file, without the collection's modules"),
    "roles/base/files/sshd-check": (432, "a program that a host runs from one file, without the collection's modules"),
    "roles/etcd/files/etcd-member": (452, "a program that a host runs from one file, without the collection's modules"),
}


def lengths() -> dict[str, int]:
    """File of the project -> its lines: by the word of git, or of what there is where the copy has no history."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *READ]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("SKIPPED: no git here, so the project's files are not known")
    names = [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink()]
    return {name: len((ROOT / name).read_bytes().splitlines()) for name in names}


def test_no_file_is_too_long() -> None:
    """400 lines, apart from the list."""
    found = lengths()
    assert len(found) > 500, "the files of the project are not found"
    assert {name: lines for name, lines in found.items() if lines > LIMIT and name not in LONGER} == {}


def test_the_exceptions_become_fewer() -> None:
    """Each is still needed, and none has become longer."""
    found = lengths()
    grown = {name: found.get(name) for name, (most, _why) in LONGER.items() if not LIMIT < found.get(name, 0) <= most}
    assert not grown, f"split what has grown; remove from LONGER what has {LIMIT} lines or fewer: {grown}"
