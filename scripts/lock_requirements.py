#!/usr/bin/env python3
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolve requirements/python.in for both supported Pythons and write the pins to requirements/python.txt.

    scripts/lock_requirements.py python3.11 python3.13

The first interpreter stands for Python 3.11 (the last one that runs ansible-core 2.19), the second for 3.12 and newer. Pins on which both
agree carry no marker. No index address is written: the lock is the same whatever mirror resolved it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "requirements" / "python.in"
LOCK = ROOT / "requirements" / "python.txt"
MARKERS = ('python_version < "3.12"', 'python_version >= "3.12"')


def resolve(interpreter: str) -> dict[str, str]:
    """Install SOURCE into a new virtual environment of ``interpreter`` and return {name: version}."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([interpreter, "-m", "venv", folder], check=True)
        python = f"{folder}/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", str(SOURCE)], check=True)
        frozen = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
    return dict(line.split("==", 1) for line in frozen.splitlines())


def merge(older: dict[str, str], newer: dict[str, str]) -> list[str]:
    """Lines of the lock: one for each pin, with a marker where the two sets differ."""
    lines = []
    for name in sorted({*older, *newer}, key=str.lower):
        if older.get(name) == newer.get(name):
            lines.append(f"{name}=={older[name]}")
            continue
        for versions, marker in zip((older, newer), MARKERS, strict=True):
            if name in versions:
                lines.append(f"{name}=={versions[name]} ; {marker}")
    return lines


def main() -> int:
    """Write the lock."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("older", help="an interpreter of Python 3.11")
    parser.add_argument("newer", help="an interpreter of Python 3.12 or newer")
    chosen = parser.parse_args()
    head = "# Written by scripts/lock_requirements.py from python.in; do not edit.\n"
    LOCK.write_text(head + "\n".join(merge(resolve(chosen.older), resolve(chosen.newer))) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
