# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role base: sshd's options, names, updates, and the program that refuses to lock somebody out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.errors import AnsibleError

SSHD = "/etc/ssh/sshd_config.d/01-vannah.conf"


def site(**variables: Any) -> dict[str, Any]:
    """Hosts that are named in every way an inventory can name one."""
    hosts = {
        "db1": {"ansible_host": "192.0.2.11", **variables},
        "pacs.clinic.lan": {"ansible_host": "2001:db8::5"},
        "192.0.2.30": None,
        "byname": None,
        "localhost": {"ansible_host": "192.0.2.40"},
    }
    return {"all": {"hosts": hosts}}


@pytest.mark.parametrize(
    ("variables", "there", "not_there"),
    [
        ({}, ["PasswordAuthentication no", "PermitRootLogin prohibit-password", "X11Forwarding no"], ["Match", "Port"]),
        ({"base_ssh_key_only": False}, ["X11Forwarding no"], ["PasswordAuthentication", "PermitRootLogin"]),
        ({"ansible_password": "x"}, ["X11Forwarding no"], ["PasswordAuthentication"]),
        ({"base_ssh_settings": {"x11forwarding": True}}, ["x11forwarding yes"], ["X11Forwarding no"]),
        ({"base_ssh_settings": {"X11Forwarding": None}}, [], ["X11Forwarding"]),
        ({"base_ssh_settings": {"AllowUsers": ["a", "b"]}}, ["AllowUsers a", "AllowUsers b"], []),
        ({"base_ssh_password_users": ["bob"]}, ["Match User bob", "    PasswordAuthentication yes"], ["PermitRootLogin yes"]),
        ({"base_ssh_password_users": ["root"]}, ["Match User root", "    PermitRootLogin yes"], []),
    ],
)
def test_sshd_options(render: Callable[..., Any], variables: dict[str, Any], there: list[str], not_there: list[str]) -> None:
    """The drop-in says what the variables say."""
    lines = render("base", "ssh", site(**variables), "db1")["files"][SSHD].splitlines()
    assert [line for line in there if line not in lines] == []
    assert [word for word in not_there if any(line.strip().startswith(word) for line in lines)] == []


@pytest.mark.parametrize("name", ["Port", "listenaddress", "Match"])
def test_what_is_the_owners_is_refused(render: Callable[..., Any], name: str) -> None:
    """A port in base_ssh_settings would lock out whoever comes over the old one."""
    with pytest.raises(AnsibleError, match=f"base_ssh_settings may not hold {name}"):
        render("base", "ssh", site(base_ssh_settings={name: "2222"}), "db1")


def test_validation_asks_about_keys_only_where_passwords_end(render: Callable[..., Any]) -> None:
    """The program is told who may go on using a password."""
    program = ["/usr/local/lib/vannah/sshd-check", SSHD]
    assert render("base", "ssh", site(base_ssh_password_users=["bob"]), "db1")["definition"]["validate"] == [
        [*program, "--key-only", "bob"]
    ]
    assert render("base", "ssh", site(base_ssh_key_only=False), "db1")["definition"]["validate"] == [program]


def test_hosts_block(render: Callable[..., Any]) -> None:
    """Only addresses with a name: neither localhost nor a host that is known by its name or its address alone."""
    extra = [{"address": "192.0.2.50", "names": ["printer", "printer.lan"]}]
    files = render("base", "names", site(base_hosts_extra=extra), "db1")["files"]
    assert files["/etc/vannah/hosts"].splitlines() == [
        "192.0.2.11 db1",
        "2001:db8::5 pacs.clinic.lan pacs",
        "192.0.2.50 printer printer.lan",
    ]
    assert render("base", "names", site(base_hosts_manage=False), "db1")["files"]["/etc/vannah/hosts"].strip() == ""


@pytest.mark.parametrize(
    ("host", "variables", "name"),
    [("db1", {}, "db1\n"), ("pacs.clinic.lan", {}, "pacs\n"), ("192.0.2.30", {}, None), ("db1", {"base_hostname": ""}, None)],
)
def test_hostname(render: Callable[..., Any], host: str, variables: dict[str, Any], name: str | None) -> None:
    """A host that the inventory names by its address keeps its own name."""
    assert render("base", "names", site(**variables), host)["files"].get("/etc/vannah/hostname") == name


def test_clock_of_a_container_is_left_alone(render: Callable[..., Any]) -> None:
    """The clock belongs to the machine."""
    facts = {"vannah": {"container": True}}
    assert render("base", "time", site(), "db1", facts)["definition"]["state"] == "absent"
    assert "files" not in render("base", "time", site(), "db1")["definition"] or not render("base", "time", site(), "db1")["files"]
    assert (
        "server 192.0.2.1 iburst"
        in render("base", "time", site(site_time_servers=["192.0.2.1"]), "db1")["files"]["/etc/chrony/chrony.conf"]
    )


def test_sysctls_can_be_changed_and_taken_away(render: Callable[..., Any]) -> None:
    """Null takes one of the role's own away."""
    given = {"net.ipv4.tcp_syncookies": None, "kernel.kptr_restrict": "1"}
    found = {item["name"]: item["value"] for item in render("base", "kernel", site(base_sysctls=given), "db1")["definition"]["sysctls"]}
    assert "net.ipv4.tcp_syncookies" not in found
    assert found["kernel.kptr_restrict"] == "1"


def test_the_data_tier_is_never_updated_by_itself(render: Callable[..., Any]) -> None:
    """Excluded also where nobody has turned updates on: the distribution's own may be."""
    files = render("base", "updates-exclude", site(base_updates=False, base_updates_exclude=["nginx"]), "db1")["files"]
    for name in ("postgresql", "patroni", "etcd", "haproxy", "docker", "nginx"):
        assert f'    "{name}";' in files["/etc/apt/apt.conf.d/52unattended-upgrades-vannah"]
    for name in ("postgresql", "patroni", "etcd", "nginx"):
        assert f"qr(^{name})}} = 0;" in files["/etc/needrestart/conf.d/60-vannah.conf"]
    assert render("base", "updates", site(base_updates=False), "db1")["definition"]["state"] == "absent"


def test_update_settings(render: Callable[..., Any]) -> None:
    """Lists replace the distribution's, booleans are written as apt reads them."""
    text = render("base", "updates", site(base_updates_settings={"Mail": "ops@clinic.lan", "MinimalSteps": True}), "db1")["files"][
        "/etc/apt/apt.conf.d/53unattended-upgrades-vannah"
    ]
    assert "#clear Unattended-Upgrade::Origins-Pattern;" in text
    assert 'Unattended-Upgrade::Mail "ops@clinic.lan";' in text
    assert 'Unattended-Upgrade::MinimalSteps "true";' in text
    assert "${distro_codename}-security" in text


# --- sshd-check ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def check(program: Callable[[str, str], ModuleType]) -> ModuleType:
    """The program as a module."""
    return program("base", "sshd-check")


@pytest.mark.parametrize(
    ("shadow", "shell", "counts"),
    [("$y$j9T$abc", "/bin/bash", True), ("!$y$j9T$abc", "/bin/bash", False), ("*", "/bin/bash", False), ("", "/bin/bash", False),
     ("$y$j9T$abc", "/usr/sbin/nologin", False), ("$y$j9T$abc", "", True)],
)  # fmt: skip
def test_who_has_a_password(check: ModuleType, shadow: str, shell: str, counts: bool) -> None:
    """shadow(5): a locked or starred field is no password, and nologin lets nobody in."""
    found = check.password_accounts(f"alice:{shadow}:19000:0:99999:7:::\n", [("alice", "/home/alice", shell)], {"/bin/bash", "/bin/sh"})
    assert found == ([("alice", "/home/alice")] if counts else [])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ssh-ed25519 AAAAC3Nz alice\n", True),
        ('from="192.0.2.1",no-pty ssh-rsa AAAAB3Nz alice\n', True),
        ("sk-ssh-ed25519@openssh.com AAAAGnNr\n", True),
        ("# ssh-ed25519 AAAAC3Nz alice\n", False),
        ("\n", False),
    ],
)
def test_who_has_a_key(check: ModuleType, tmp_path: Path, text: str, key: bool) -> None:
    """authorized_keys(5), in the file that AuthorizedKeysFile names."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "authorized_keys").write_text(text, encoding="utf-8")
    assert check.has_key("alice", str(tmp_path), "%h/.ssh/nothing .ssh/authorized_keys") is key


def test_the_first_value_counts(check: ModuleType) -> None:
    """sshd_config(5)."""
    lines = ["PasswordAuthentication no", "passwordauthentication yes", 'PermitRootLogin="yes"']
    assert check.value_of(lines, "passwordauthentication", "yes") == "no"
    assert check.value_of(lines, "permitrootlogin", "x") == "yes"
    assert check.value_of(lines, "kbdinteractiveauthentication", "yes") == "yes"
