#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions for passwords that ansible-playbook does not ask as a site needs them.

    site_passwords.py new inventories/<site>                     asks twice for the vault password of a new site, makes its secrets.yml
    site_passwords.py run inventories/<site> ARGS... -- COMMAND  runs a command whose Ansible runs find the passwords in private files

It is started with PYTHONPATH=collections. ARGS are those of ansible-playbook; what says how to get a password is taken, the rest is left
out. The files are gone when the command is.
"""

from __future__ import annotations

import argparse
import getpass
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from types import FrameType

from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.authority import is_begun
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import PASSWORD_LENGTH, SecretsError


def main(arguments: Sequence[str]) -> int:
    """The script."""
    verb, site, *rest = arguments
    # Without a terminal the password comes from standard input, and nothing is echoed.
    warnings.simplefilter("ignore", getpass.GetPassWarning)
    try:
        if verb == "new":
            return new(site)
        at = rest.index("--")
        return run(site, rest[:at], rest[at + 1 :])
    except SecretsError as error:
        print(error.message, file=sys.stderr)
    except EOFError:
        fix = f"write it into {site}/.vault_password (mode 0600; git ignores it), or give ARGS='--vault-password-file FILE'."
        print(f"no password was typed. Fix: {fix}", file=sys.stderr)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return 1


def new(site: str) -> int:
    """Make the secrets.yml of a site that has neither one nor an authority, with a password that was typed twice."""
    path = store.path_of(site)
    if os.path.lexists(path) or is_begun(site):
        return 0  # the playbook judges what is there
    choose = f"Choose its vault password, {PASSWORD_LENGTH} characters or more; without it the secrets cannot be read."
    print(f"{site} has no secrets yet. {choose}", flush=True)  # before the question, which goes to the terminal
    password = getpass.getpass("New vault password: ")
    if len(password) < PASSWORD_LENGTH:
        print(
            f"the password has fewer than {PASSWORD_LENGTH} characters, and nothing was created. Fix: choose a longer one.", file=sys.stderr
        )
        return 1
    if getpass.getpass("The same again: ") != password:
        print("the two differ, and nothing was created. Fix: try again.", file=sys.stderr)
        return 1
    store.ensure(_loader(password), site, [])
    print(f"{path} is created. Ansible asks for the same password now, and at each later run for this site.", flush=True)
    return 0


def run(site: str, arguments: Sequence[str], command: Sequence[str]) -> int:
    """Run a command with the passwords in files; its exit status."""
    options = _parser().parse_known_args(arguments)[0]
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    # In memory where there is such a place: nothing stays on a disk, however this ends.
    memory = next(
        (place for place in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm") if place and os.access(place, os.W_OK | os.X_OK)), None
    )
    with tempfile.TemporaryDirectory(prefix="vannah-", dir=memory) as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # it is this program's
        sources: list[str] = [*options.vault_id, *(f"default@{file}" for file in options.vault_password_file)]
        if options.ask_vault_pass:
            password = getpass.getpass("Vault password: ")
            if os.path.exists(store.path_of(site)):
                store.read(_loader(password), site)  # a wrong one is told before anything else
            sources.append(f"default@{_keep(folder, 'vault', password)}")
        if len(sources) == 1 and sources[0].startswith("default@"):
            environment["ANSIBLE_VAULT_PASSWORD_FILE"] = sources[0].partition("@")[2]
        elif sources:
            environment["ANSIBLE_VAULT_IDENTITY_LIST"] = ",".join(sources)
        if options.ask_become_pass:
            environment["ANSIBLE_BECOME_PASSWORD_FILE"] = _keep(folder, "become", getpass.getpass("BECOME password: "))
        elif options.become_password_file:
            environment["ANSIBLE_BECOME_PASSWORD_FILE"] = options.become_password_file
        return subprocess.run(command, env=environment, check=False).returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-J", "--ask-vault-pass", "--ask-vault-password", action="store_true")
    parser.add_argument("--vault-password-file", "--vault-pass-file", action="append", default=[])
    parser.add_argument("--vault-id", action="append", default=[])
    parser.add_argument("-K", "--ask-become-pass", action="store_true")
    parser.add_argument("--become-password-file", "--become-pass-file")
    return parser


def _loader(password: str) -> DataLoader:
    loader = DataLoader()
    loader.set_vault_secrets([("default", VaultSecret(password.strip().encode()))])
    return loader


def _keep(folder: str, name: str, text: str) -> str:
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    return path


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # past the folder's removal


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
