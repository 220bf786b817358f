# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role base: sshd's options, names, updates, and the program that refuses to lock a person out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError

REPOSITORY = Path(__file__).resolve().parents[4]
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
    """A port in base_ssh_settings would lock out those who come over the old one."""
    with pytest.raises(AnsibleError, match=f"base_ssh_settings may not hold {name}"):
        render("base", "ssh", site(base_ssh_settings={name: "2222"}), "db1")


def test_validation_asks_about_keys_only_where_passwords_end(render: Callable[..., Any]) -> None:
    """The program is told who may keep using a password."""
    program = ["/usr/local/lib/vannah/sshd-check", SSHD]
    assert render("base", "ssh", site(base_ssh_password_users=["bob"]), "db1")["definition"]["validate"] == [
        [*program, "--key-only", "bob"]
    ]
    assert render("base", "ssh", site(base_ssh_key_only=False), "db1")["definition"]["validate"] == [program]
    asked = {"base_ssh_settings": {"PermitRootLogin": "no", "AllowUsers": ["a", "b"]}, "base_ssh_password_users": ["bob"]}
    assert render("base", "ssh", site(**asked), "db1")["definition"]["validate"] == [
        [*program, "--asked", "AllowUsers", "PermitRootLogin", "--key-only", "bob"]
    ]


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


def test_a_first_part_that_two_hosts_share_names_neither(render: Callable[..., Any]) -> None:
    """A client that asks for db1 would get one of the two."""
    hosts = {"db1.klinik.de": {"ansible_host": "192.0.2.1"}, "DB1.praxis.de": {"ansible_host": "192.0.2.2"}}
    files = render("base", "names", {"all": {"hosts": hosts}}, "db1.klinik.de")["files"]
    assert sorted(files["/etc/vannah/hosts"].splitlines()) == ["192.0.2.1 db1.klinik.de", "192.0.2.2 DB1.praxis.de"]


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


def in_groups(*groups: str, **variables: Any) -> dict[str, Any]:
    """The site, with db1 in groups."""
    return {"all": {**site(**variables)["all"], "children": {group: {"hosts": {"db1": None}} for group in groups}}}


def test_the_data_tier_is_never_updated_by_itself(render: Callable[..., Any]) -> None:
    """What the host's roles say is excluded also where no one has turned updates on: the distribution's own may be."""
    given = in_groups("etcd", "postgresql", "postgresql_client", base_updates=False, base_updates_exclude=["nginx"])
    files = render("base", "updates-exclude", given, "db1")["files"]
    for name in ("postgresql", "patroni", "etcd", "haproxy", "nginx"):
        assert f'    "{name}";' in files["/etc/apt/apt.conf.d/52unattended-upgrades-vannah"]
    for name in ("postgresql", "patroni", "etcd", "docker", "nginx"):
        assert f"qr'^{name}'}} = 0;" in files["/etc/needrestart/conf.d/60-vannah.conf"]
    assert render("base", "updates", site(base_updates=False), "db1")["definition"]["state"] == "absent"


def test_what_no_verb_updates_gets_its_security_updates(render: Callable[..., Any]) -> None:
    """Each pattern is a verb's; Docker and the brokers are no role's, and no one else would update them."""
    for path in sorted((REPOSITORY / "roles").glob("*/meta/exports.yml")):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))["update_exclude"]
        role = path.parent.parent.name
        assert not said or (REPOSITORY / "playbooks" / role / "update.yml").is_file(), role
    made = render("base", "updates-exclude", in_groups("etcd"), "db1")["files"]["/etc/apt/apt.conf.d/52unattended-upgrades-vannah"]
    assert re.findall(r'^ +"(.+)";$', made, re.MULTILINE) == ["etcd"]


def test_update_settings(render: Callable[..., Any]) -> None:
    """Lists replace the distribution's, booleans are written as apt reads them."""
    text = render("base", "updates-exclude", site(base_updates_settings={"Mail": "ops@clinic.lan", "MinimalSteps": True}), "db1")["files"][
        "/etc/apt/apt.conf.d/53unattended-upgrades-vannah"
    ]
    assert "#clear Unattended-Upgrade::Origins-Pattern;" in text
    assert 'Unattended-Upgrade::Mail "ops@clinic.lan";' in text
    assert 'Unattended-Upgrade::MinimalSteps "true";' in text
    assert "${distro_codename}-security" in text


def test_files_of_apt_come_before_the_first_package() -> None:
    """apt does nothing while one of them is broken: a run with a corrected value has to get that far."""
    components = yaml.safe_load((REPOSITORY / "roles/base/meta/components.yml").read_text(encoding="utf-8"))
    apt = [at for at, item in enumerate(components) if any("/etc/apt/" in file["path"] for file in item.get("files", ()))]
    first = min(at for at, item in enumerate(components) if item.get("packages"))
    assert apt and max(apt) < first
    assert all(["/usr/bin/apt-config", "dump"] in components[at]["validate"] for at in apt)


@pytest.mark.skipif(not all(map(shutil.which, ("apt-config", "perl"))), reason="Debian's own programs")
def test_apt_and_perl_read_what_preflight_lets_through(render: Callable[..., Any], tmp_path: Path) -> None:
    """Signs that mean something in a file of apt or in Perl: slashes of a comment, %41, brackets, variables."""
    patterns = [r"libstdc\+\+6$", "a[)]b", "%41+//x;", "$HOME@INC"]
    settings = {"Mail": "IT 'Praxis' <it@praxis.de>; // { %41", "Origins-Pattern": ["a=%41 // 50%", True], "MinimalSteps": False}
    made = render("base", "updates-exclude", site(base_updates_exclude=patterns, base_updates_settings=settings), "db1")["files"]
    for name, text in made.items():
        (tmp_path / Path(name).name).write_text(text, encoding="utf-8")
    said = {}
    for name in ("52unattended-upgrades-vannah", "53unattended-upgrades-vannah"):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "APT_CONFIG": str(tmp_path / name)}
        done = subprocess.run(["apt-config", "dump", "--format", "%f=%v%n"], env=environment, capture_output=True, text=True, check=True)
        said[name] = done.stdout.splitlines()
    assert [line for line in said["52unattended-upgrades-vannah"] if "Blacklist::" in line][-4:] == [
        f"Unattended-Upgrade::Package-Blacklist::={pattern}" for pattern in patterns
    ]
    for line in ("Mail=" + settings["Mail"], "Origins-Pattern::=a=%41 // 50%", "Origins-Pattern::=true", "MinimalSteps=false"):
        assert f"Unattended-Upgrade::{line}" in said["53unattended-upgrades-vannah"]
    show = "print join(qq{\\n}, sort keys %{$nrconf{override_rc}})"
    program = f"our %nrconf; do './60-vannah.conf' or die $@; {show}"
    found = subprocess.run(["perl", "-e", program], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {f"(?^:^{pattern})" for pattern in patterns} <= set(found)


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
    """shadow(5): a locked or starred field is no password, and nologin lets no user in."""
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
    assert check.value_of(["PermitRootLogin no # theirs"], "permitrootlogin", "x") == "no"
    assert check.value_of(["ChallengeResponseAuthentication yes"], "kbdinteractiveauthentication", "no") == "yes"


Verdict = Callable[..., str]


@pytest.fixture
def verdict(check: ModuleType, render: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    """``verdict(theirs, exempt, **variables)``: what the program says to the role's drop-in beside the owner's lines."""

    def _verdict(theirs: str, exempt: tuple[str, ...] = (), **variables: Any) -> str:
        dropins, config = tmp_path / "sshd_config.d", tmp_path / "sshd_config"
        dropins.mkdir()
        own = dropins / "01-vannah.conf"
        own.write_text(render("base", "ssh", site(**variables), "db1")["files"][SSHD], encoding="utf-8")
        (dropins / "99-theirs.conf").write_text(theirs, encoding="utf-8")
        config.write_text(f"Include {dropins}/*.conf\nUsePAM yes\nX11Forwarding yes\n", encoding="utf-8")
        monkeypatch.setattr(check, "CONFIG", str(config))
        asked = {name.lower() for name in variables.get("base_ssh_settings", {})}
        said: str = check.refused(str(own), asked, False, set(exempt))
        return said

    return _verdict


@pytest.mark.parametrize(
    ("theirs", "settings", "words"),
    [
        ("", {}, None),
        ("PermitRootLogin yes\nLoginGraceTime 2m\nClientAliveInterval 120\nPasswordAuthentication yes\n", {}, None),
        ("PermitRootLogin no\n", {}, 'base_ssh_settings: {PermitRootLogin: "no"}'),
        ("PermitRootLogin forced-commands-only\n", {}, 'PermitRootLogin: "forced-commands-only"'),
        ("PermitRootLogin no\n", {"PermitRootLogin": "no"}, None),
        ("PermitRootLogin no\n", {"permitrootlogin": "prohibit-password"}, None),  # it was asked for
        ("PermitRootLogin no\n", {"PermitRootLogin": None}, None),
        ("PermitRootLogin no\nLoginGraceTime 20s\n", {}, '{PermitRootLogin: "no", LoginGraceTime: "20s"}'),
        ("LoginGraceTime 0\nClientAliveInterval 0\n", {}, None),
        ("ClientAliveInterval 15\n", {}, '{ClientAliveInterval: "15", ClientAliveCountMax: "3"}'),
        ("ClientAliveInterval 300\nClientAliveCountMax 0\n", {}, None),
        ("ClientAliveInterval 1m\nClientAliveCountMax 2\n", {}, '{ClientAliveInterval: "1m", ClientAliveCountMax: "2"}'),
        ("Match User root\n  PermitRootLogin no\n", {}, None),  # stays in force: a Match comes after
    ],
)
def test_what_is_stricter_is_not_loosened(verdict: Verdict, theirs: str, settings: dict[str, Any], words: str | None) -> None:
    """The drop-in is read first, and would override it without a message."""
    said = verdict(theirs, base_ssh_settings=settings)
    assert (words in said) if words else said == "", said


SECOND_FACTOR = "Match Group humans\n  AuthenticationMethods publickey,keyboard-interactive:pam\n"


@pytest.mark.parametrize(
    ("theirs", "variables", "words"),
    [
        (SECOND_FACTOR, {}, ["Match Group humans in ", "99-theirs.conf", "'KbdInteractiveAuthentication yes' into that Match"]),
        (SECOND_FACTOR + "  KbdInteractiveAuthentication yes\n", {}, []),
        (SECOND_FACTOR, {"base_ssh_settings": {"KbdInteractiveAuthentication": True}}, []),
        (SECOND_FACTOR, {"base_ssh_key_only": False}, []),
        ("KbdInteractiveAuthentication no\n" + SECOND_FACTOR, {}, []),  # no one came in that way before either
        ("AuthenticationMethods publickey,password\n", {}, ["for all users", 'base_ssh_settings: {PasswordAuthentication: "yes"}']),
        ("AuthenticationMethods publickey publickey,password\n", {}, []),  # a way is left
        ('AuthenticationMethods "publickey,password" "publickey,keyboard-interactive"\n', {}, ["PasswordAuthentication"]),
        ("AuthenticationMethods any\n", {}, []),
        (
            "KbdInteractiveAuthentication no\n",
            {"base_ssh_settings": {"AuthenticationMethods": "publickey,keyboard-interactive"}},
            ["for all users", "KbdInteractiveAuthentication"],
        ),
    ],
)
def test_a_method_that_is_demanded_is_not_turned_off(verdict: Verdict, theirs: str, variables: dict[str, Any], words: list[str]) -> None:
    """A second factor: those people could not log in any more, and ``sshd -t`` says nothing of it."""
    said = verdict(theirs, **variables)
    assert all(word in said for word in words) if words else said == "", said


def test_accounts_that_keep_their_password_keep_their_methods(verdict: Verdict) -> None:
    """The drop-in turns them on for these."""
    theirs = "Match User bob\n  AuthenticationMethods publickey,password\n"
    assert verdict(theirs, ("bob",), base_ssh_password_users=["bob"]) == ""


@pytest.mark.parametrize("words", [[], ["--asked", "PermitRootLogin"], ["--asked", "PermitRootLogin", "--key-only", "bob"], ["--key-only"]])
def test_arguments(check: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """As the component's validator gives them."""
    config, given = tmp_path / "sshd_config", []
    config.write_text("", encoding="utf-8")
    monkeypatch.setattr(check, "CONFIG", str(config))
    monkeypatch.setattr(check.os, "makedirs", lambda *_words, **_options: None)
    monkeypatch.setattr(check.subprocess, "run", lambda *_words, **_options: subprocess.CompletedProcess([], 0, "", ""))
    monkeypatch.setattr(check, "refused", lambda *arguments: given.append(arguments) or "")
    assert check.main([str(tmp_path / "none"), *words]) == 0
    assert given[0][1:] == ({"permitrootlogin"} if "--asked" in words else set(), "--key-only" in words, {"bob"} & set(words))
