#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the ARGS of a make target: of a misspelt option ansible-playbook would print all of its help, and the error at its end.

    playbook_args.py ARGS...

It is started with PYTHONPATH=collections. Exits 2 with a sentence where ansible-playbook would not take them.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from ansible.cli.playbook import PlaybookCLI
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.nearby import Names


class RefusedError(Exception):
    """What argparse says."""


def problem(arguments: Sequence[str]) -> str:
    """Why ansible-playbook does not take the arguments, and what to write; empty where it does."""
    cli = PlaybookCLI(["ansible-playbook", *arguments])
    cli.init_parser()
    parser: argparse.ArgumentParser = cli.parser

    def error(message: str) -> NoReturn:
        raise RefusedError(message)

    parser.error = error  # type: ignore[method-assign]
    try:
        _given, unknown = parser.parse_known_args([*arguments, "site.yml"])
    except RefusedError as refused:
        said = re.sub(r"invalid \w+ value", "invalid value", str(refused))  # the type's name is of a function of Ansible's
        return f"ARGS: {said}. Fix: ARGS as ansible-playbook --help has them"
    except SystemExit:
        return ""  # --help and --version have been printed
    options = [name for name in unknown if name.startswith("-")]
    if not options:
        return ""
    known = Names(name for name in parser._option_string_actions if name.startswith("--"))
    guesses = {name: known.closest(name.partition("=")[0], extra=1) for name in options}
    hints = "".join(f" Did you mean {guess}?" for guess in guesses.values() if guess)
    fix = ", ".join(f"{guess} in place of {name.partition('=')[0]}" for name, guess in guesses.items() if guess)
    return f"ARGS: ansible-playbook has no option {', '.join(options)}.{hints} Fix: {fix or 'options as ansible-playbook --help has them'}"


def main(arguments: Sequence[str]) -> int:
    """The script."""
    said = problem(arguments)
    if said:
        print(said, file=sys.stderr)
    return 2 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
