# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would lock people out, split a cluster in halves of different age, or let trouble go unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import Code, Finding, Level
from ..model import UNKNOWN, Host, Site
from .places import finding, place

CODES = (
    Code(
        "safety-ssh-port-closed",
        "The firewall would close the port of SSH: firewall_ssh_ports lacks the inventory's port.",
        "firewall_ssh_ports with ansible_port among them, or leave it out.",
    ),
    Code(
        "safety-admin-addresses-empty",
        "site_admin_addresses is an empty list: it looks as if nobody might reach SSH, and the firewall would leave it open for any.",
        "site_admin_addresses with your networks, or leave it out.",
    ),
    Code(
        "safety-ssh-port-moved",
        "base_ssh_settings moves sshd to another port or address: the connection that does it would be the last.",
        "base_ssh_settings without Port and ListenAddress.",
    ),
    Code(
        "safety-key-only-without-key",
        "SSH is to accept keys only, and there is no key: the connection uses a password, or no private key is found on this machine.",
        "ansible_ssh_private_key_file: a key that opens the host; or base_ssh_key_only: false.",
    ),
    Code(
        "safety-limit-part-of-cluster",
        "--limit leaves a part of a cluster's members: what the others have to know of the change does not reach them.",
        "--limit with the whole group, or no --limit.",
        Level.WARNING,
    ),
    Code(
        "safety-no-ssh-client",
        "The controller has no SSH client, by which Ansible reaches the servers.",
        "The SSH client on this machine (Debian: apt install openssh-client).",
    ),
    Code(
        "safety-run-by-tags",
        "--tags or --skip-tags would leave tasks out. The playbooks have no tags: the run would do nothing, or skip a check.",
        "No --tags and no --skip-tags; --limit for some hosts, playbooks/<service>/converge.yml for one service.",
    ),
    Code(
        "safety-no-alert-receiver",
        "The site is monitored, and nobody is told of an alert.",
        "site_alert_receivers: at least one address.",
        Level.WARNING,
    ),
)

#: The options of sshd_config(5) that decide where sshd listens.
_WHERE_SSHD_LISTENS = frozenset({"port", "listenaddress"})
#: An argument of ssh(1) or an option of ssh_config(5) that names a key.
_NAMES_A_KEY = re.compile(r"(?:^|\s)-i\s*\S|IdentityFile|IdentityAgent|CertificateFile|PKCS11Provider", re.IGNORECASE)
_SSH_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
_KEY_FILES = ("ansible_ssh_private_key_file", "ansible_private_key_file")
_PASSWORDS = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")


def check_ssh_port(site: Site) -> Iterator[Finding]:
    """The firewall and the port that the inventory connects to."""
    for host in site.hosts.values():
        if host.is_local or "firewall" not in host.roles or host.get("firewall_enabled") is False:
            continue
        ports = host.get("firewall_ssh_ports")
        if (
            isinstance(ports, list | tuple)
            and UNKNOWN not in ports
            and host.connection_port_known
            and not _contains(ports, host.connection_port)
        ):
            listed = f"{host.connection_port} of ansible_port is not among them" if ports else "there is none"
            remedy = f"firewall_ssh_ports with {host.connection_port} among them, or leave it out"
            problem = f"the firewall leaves these ports open for SSH, and {listed}."
            yield finding(site, host, ("firewall_ssh_ports",), host.name, "safety-ssh-port-closed", problem, remedy)
        admins = host.get("site_admin_addresses")
        if isinstance(admins, list | tuple) and not admins:
            problem = "an empty list is taken for none at all, and SSH would be open for any."
            remedy = "site_admin_addresses: the networks you come from, or leave it out for any"
            yield finding(site, host, ("site_admin_addresses",), "all", "safety-admin-addresses-empty", problem, remedy)


def _contains(ports: list[Any] | tuple[Any, ...], port: int) -> bool:
    """Numbers written as texts count: the type check speaks of them."""
    return any(str(item) == str(port) for item in ports)


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
                yield Finding("safety-ssh-port-moved", where, f"{name}.{key}", problem, f"{name} without {key}", source)


def check_keys(site: Site) -> Iterator[Finding]:
    """Key-only SSH, and whether there is a key at all."""
    for host in site.hosts.values():
        if host.is_local or "base" not in host.roles or host.get("base_ssh_key_only") is not True or _exempt(host):
            continue
        problem = _no_key(site, host)
        if problem is not None:
            remedy = "ansible_ssh_private_key_file: a key that opens the host, or base_ssh_key_only: false"
            yield finding(site, host, ("base_ssh_key_only", *_KEY_FILES), host.name, "safety-key-only-without-key", problem, remedy)


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


def check_limit(site: Site) -> Iterator[Finding]:
    """``--limit`` to some of a cluster's members."""
    limit = site.controller.limit
    if limit is None:
        return
    for group in site.schema.clusters():
        members = [host.name for host in site.members(group)]
        left = [name for name in members if name in limit]
        if left and len(left) < len(members):
            problem = f"--limit leaves {len(left)} of the {len(members)} members of this cluster."
            yield Finding("safety-limit-part-of-cluster", group, "-", problem, f"--limit {group}, or no --limit")


def check_alerts(site: Site) -> Iterator[Finding]:
    """Monitoring that tells nobody."""
    monitors = site.members("monitoring")
    if monitors and all(host.get("site_alert_receivers") in (None, "", []) for host in monitors):
        yield Finding(
            "safety-no-alert-receiver",
            "monitoring",
            "site_alert_receivers",
            "nobody is told of an alert.",
            "site_alert_receivers: addresses",
        )


def check_tags(site: Site) -> Iterator[Finding]:
    """A run that leaves tasks out by their tags."""
    if site.controller.tags:
        problem = f"{', '.join(site.controller.tags)}: the playbooks have no tags, and the run would leave out what belongs together."
        remedy = "no --tags and no --skip-tags; --limit for some hosts, playbooks/<service>/converge.yml for one service"
        yield Finding("safety-run-by-tags", "-", "-", problem, remedy)


def check_client(site: Site) -> Iterator[Finding]:
    """Ansible's own words for it come once for each server, and name a file."""
    by_ssh = [host.name for host in site.hosts.values() if host.get("ansible_connection") in (None, "ssh", "smart")]
    if by_ssh and not site.controller.ssh:
        problem = f"this machine has no SSH client, and reaches {by_ssh[0]}{' and others' if len(by_ssh) > 1 else ''} by SSH."
        yield Finding("safety-no-ssh-client", "-", "-", problem, "apt install openssh-client on this machine")


RULES = (check_client, check_tags, check_ssh_port, check_sshd_settings, check_keys, check_limit, check_alerts)
