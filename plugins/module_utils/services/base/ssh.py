# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of sshd that would lock people out: the port that it moves to, and keys only without a key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules.places import finding, place

CODES = (
    Code(
        "safety-ssh-port-moved",
        "base_ssh_settings moves sshd to another port or address: no connection would succeed afterwards.",
        "Remove Port and ListenAddress from base_ssh_settings.",
    ),
    Code(
        "safety-key-only-without-key",
        "SSH is to accept keys only, and there is no key: the connection uses a password, or no private key is found on this machine.",
        "Set ansible_ssh_private_key_file: a key that opens the host; or base_ssh_key_only: false.",
    ),
)

#: The options of sshd_config(5) that decide where sshd listens.
_WHERE_SSHD_LISTENS = frozenset({"port", "listenaddress"})
#: An argument of ssh(1) or an option of ssh_config(5) that names a key.
_NAMES_A_KEY = re.compile(r"(?:^|\s)-i\s*\S|IdentityFile|IdentityAgent|CertificateFile|PKCS11Provider", re.IGNORECASE)
_SSH_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
_KEY_FILES = ("ansible_ssh_private_key_file", "ansible_private_key_file")
_PASSWORDS = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")


def check_sshd_settings(site: Site) -> Iterator[Finding]:
    """Options that move sshd."""
    for host in site.hosts.values():
        settings = host.known("base_ssh_settings")
        if "base" not in host.roles or not isinstance(settings, Mapping):
            continue
        where, name, source = place(site, host, ("base_ssh_settings",), host.name)
        for key, value in settings.items():
            if str(key).lower() in _WHERE_SSHD_LISTENS and value is not None:
                problem = f"{key} moves sshd while it is being used, and the firewall and the inventory would not follow."
                yield Finding("safety-ssh-port-moved", where, f"{name}.{key}", problem, f"remove {key} from {name}", source)


def check_keys(site: Site) -> Iterator[Finding]:
    """Key-only SSH, and whether there is a key at all."""
    for host in site.hosts.values():
        if host.is_local or "base" not in host.roles or host.get("base_ssh_key_only") is not True or _exempt(host):
            continue
        problem = _no_key(site, host)
        if problem is not None:
            new = "ssh-keygen -t ed25519, then ssh-copy-id <user>@<host>"
            fix = f"set ansible_ssh_private_key_file: a key that opens the host (a new one: {new})"
            yield finding(site, host, ("base_ssh_key_only", *_KEY_FILES), host.name, "safety-key-only-without-key", problem, fix)


def _exempt(host: Host) -> bool:
    users = host.known("base_ssh_password_users", [])
    return isinstance(users, list | tuple) and host.text("ansible_user", host.text("ansible_ssh_user")) in users


def _no_key(site: Site, host: Host) -> str | None:
    controller = site.controller
    values = [host.get(name) for name in (*_KEY_FILES, *_SSH_ARGUMENTS, "ansible_connection")]
    if any(value is UNKNOWN for value in values) or host.text("ansible_connection", "ssh") not in ("ssh", "smart"):
        return None
    named = next((text for name in _KEY_FILES if (text := host.text(name))), "")
    if named and controller.file_exists(named):
        return None
    if any(_NAMES_A_KEY.search(host.text(name)) for name in _SSH_ARGUMENTS):
        return None
    if controller.ask_pass or any(host.get(name) is not None for name in _PASSWORDS):
        # A key that lies on the controller by chance says nothing of a host that is reached with a password.
        return "SSH is to accept keys only, and the connection uses a password and names no key."
    if named:
        return f"SSH is to accept keys only, and the key that {_KEY_FILES[0]} names is not there."
    if controller.agent or controller.key_files:
        return None
    return "SSH is to accept keys only, and this machine has no key: none is named, none lies in ~/.ssh, no ssh-agent answers."


RULES = (check_sshd_settings, check_keys)
