# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every server of a site has."""

from __future__ import annotations

import yaml

from tests.live.lib.server import Server
from tests.live.lib.site import REPOSITORY, Site


def test_ssh_takes_keys_only(reached: Site, servers: dict[str, Server]) -> None:
    """SSH accepts no password, unless the site allows it."""
    for name, server in servers.items():
        settings = dict(line.split(" ", 1) for line in server.seen("sshd").splitlines() if " " in line)
        assert settings["permitemptypasswords"] == "no", name
        assert settings["x11forwarding"] == "no", name
        if reached.values.get(name, "base_ssh_key_only", True) and not reached.values.get(name, "ansible_password"):
            assert settings["passwordauthentication"] == "no", name
            assert settings["kbdinteractiveauthentication"] == "no", name
            assert settings["permitrootlogin"] in ("without-password", "prohibit-password", "no"), name


def test_journal_is_limited(servers: dict[str, Server]) -> None:
    """The journal cannot fill the disk."""
    for name, server in servers.items():
        set_to = [line.partition("=")[2] for line in server.seen("journald").splitlines() if line.startswith("SystemMaxUse=")]
        assert set_to and set_to[-1], name


def test_no_unit_has_failed(servers: dict[str, Server]) -> None:
    """No unit of systemd has failed."""
    assert {name: server.seen("failed").strip() for name, server in servers.items() if server.seen("failed").strip()} == {}


def test_servers_know_each_other(reached: Site, servers: dict[str, Server]) -> None:
    """Every server has its own name, and the names and addresses of the others."""
    addresses = {name: str(reached.values.get(name, "site_address") or reached.values.get(name, "ansible_host", name)) for name in servers}
    for name, server in servers.items():
        if not reached.values.get(name, "base_hosts_manage", True):
            continue
        lines = [line.split() for line in server.seen("hosts").splitlines() if line.strip() and not line.startswith("#")]
        for other, address in addresses.items():
            assert any(line[0] == address and other in line[1:] for line in lines), f"{name} does not know {other} ({address})"


def test_authority_is_the_sites(reached: Site, servers: dict[str, Server]) -> None:
    """Every server trusts the authority of the site's folder, and no other one under its name."""
    own = (reached.inventory / "pki" / "ca.crt").read_text(encoding="ascii").split()
    for name, server in servers.items():
        assert server.seen("authority").split() == own, name


def test_private_files_are_private(servers: dict[str, Server]) -> None:
    """Keys, the engine's state and configuration with passwords are not readable by every user."""
    assert {name: server.seen("readable").split() for name, server in servers.items() if server.seen("readable").split()} == {}


def test_updates_leave_the_data_tier_alone(reached: Site, servers: dict[str, Server]) -> None:
    """Unattended updates never touch what keeps data: what the roles of each server say."""
    roles = yaml.safe_load((REPOSITORY / "playbooks/vars/site_map.yml").read_text(encoding="utf-8"))["roles"]
    said = {item["role"]: yaml.safe_load((REPOSITORY / f"roles/{item['role']}/meta/exports.yml").read_text()) for item in roles}
    groups = reached.values.groups()
    for name, server in servers.items():
        for role in (item["role"] for item in roles if any(name in groups.get(group, ()) for group in item["groups"])):
            for package in said[role]["update_exclude"]:
                assert f'"{package}"' in server.seen("updates"), f"{name}: {package} may be updated by itself"
