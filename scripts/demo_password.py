#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the demo's vault password once: a random one in ``inventories/demo/.vault_password``, mode 0600, ignored by git.

Only for the demo. A real site's vault password is chosen by a person and kept outside the site.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "inventories" / "demo" / ".vault_password"


def ensure(path: Path) -> bool:
    """Make the file unless it exists; whether it was made. A run that is killed leaves no file or a whole one."""
    if path.exists():
        if not path.read_text(encoding="ascii").strip():
            raise SystemExit(f"{path} is empty. Fix: remove it, and with it secrets.yml and pki/ beside it, and run again")
        return False
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, (secrets.token_urlsafe(32) + "\n").encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(beside, path)  # unlike a rename it never replaces what another run has made meanwhile
    except FileExistsError:
        return False
    finally:
        os.unlink(beside)
    return True


def main(arguments: list[str]) -> int:
    """Make it at the path given, else for the demo, and print where it lies."""
    path = Path(arguments[0]) if arguments else FILE
    ensure(path)
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
