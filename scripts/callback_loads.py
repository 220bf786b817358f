#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try the callback of ``ANSIBLE_STDOUT_CALLBACK``: one that does not load would end each playbook, some with a traceback.

Exits 2 and says in two lines what is wrong and what to do. What is not installed at all was taken out of the environment before.
"""

from __future__ import annotations

import os
import sys

from ansible.plugins.loader import callback_loader, init_plugin_loader

VARIABLE = "ANSIBLE_STDOUT_CALLBACK"


def problem(name: str) -> str:
    """Why Ansible cannot use the callback; empty where it can."""
    try:
        found = callback_loader.get(name)
    except Exception as error:  # any exception of a foreign plugin
        return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
    return "" if found is not None else "no such callback plugin"


def main() -> int:
    """The script."""
    name = os.environ.get(VARIABLE, "")
    if not name:
        return 0
    init_plugin_loader()
    why = problem(name)
    if why:
        print(f"FAILED  {VARIABLE}={name}: this callback does not load: {why}.", file=sys.stderr)
        print(f"        Fix: unset {VARIABLE}, or set {VARIABLE}=default", file=sys.stderr)
    return 2 if why else 0


if __name__ == "__main__":
    sys.exit(main())
