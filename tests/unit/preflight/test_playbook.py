# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook itself, as people run it: every error at once, and no connection."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib

from tests.unit.lib.sites import PASSWORD, REPOSITORY, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"
BAD = """
site_domain: https://clinic.example.org
clinic_password: changeme
site_name: Our Clinic
base_updates: 'yes'
[etcd]
etcd_client_prot: 2379
etcd_election_timeout: 200
[postgresql]
postgresql_version: 15.10
postgresql_primary: true
postgresql_ttl: 10
postgresql_data_directory: /home
postgresql_port: 2379
postgresql_rest_port: '8008'
[@db3]
ansible_host: 10.1.0.1
"""
EXPECTED = """
database-data-directory database-timing database-ttl-too-small domain-invalid etcd-timing group-misspelt host-address-twice
host-port-twice secret-in-plain secret-known-default variable-malformed variable-misspelt variable-port-invalid variable-removed
variable-version-unquoted variable-wrong-type
""".split()


class Run:
    """Runs ansible-playbook in a home of its own, with an ssh that leaves a trace and fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = folder / "ssh-was-started"
        ssh = folder / "ssh"
        ssh.write_text(f'#!/bin/sh\necho "$@" >> {self.trace}\nexit 255\n')
        ssh.chmod(0o755)
        (folder / ".ssh").mkdir()
        (folder / ".ssh" / "id_ed25519").write_text("")
        self.playbook = folder / "site.yml"
        self.playbook.write_text(
            f"- ansible.builtin.import_playbook: {REPOSITORY}/playbooks/preflight.yml\n"
            "- hosts: all\n  gather_facts: false\n  tasks: [{ansible.builtin.raw: 'true'}]\n"
        )
        self.collections = REPOSITORY / "collections"
        self.inventory = folder / "inventory"
        self.inventory.mkdir()

    def __call__(self, *arguments: str, callback: str = "default") -> subprocess.CompletedProcess[str]:
        environment = {
            "ANSIBLE_STDOUT_CALLBACK": callback,
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_SSH_EXECUTABLE": str(self.folder / "ssh"),
            "ANSIBLE_SSH_RETRIES": "0",
            "ANSIBLE_FORCE_COLOR": "0",
            "COLUMNS": "500",
            "LC_ALL": "C.UTF-8",
        }
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(self.inventory), str(self.playbook), *arguments]
        if "--vault-password-file" not in arguments:
            command += ["--vault-password-file", self.password(PASSWORD.bytes.decode())]
        return subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60)

    def write(self, name: str, text: str) -> None:
        """A file of the inventory."""
        path = self.inventory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def password(self, text: str = "another") -> str:
        """A file with a vault password."""
        path = self.folder / "password"
        path.write_text(text)
        return str(path)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """See :class:`Run`."""
    return Run(tmp_path)


def said(done: subprocess.CompletedProcess[str]) -> set[str]:
    """First words of the lines: codes are among them."""
    return {line.split()[0] for line in (done.stdout + done.stderr).splitlines() if line.strip()}


def test_every_error_at_once_and_no_connection(run: Run) -> None:
    """Sixteen kinds of error in one inventory."""
    run.write("hosts.yml", site(f"{THREE}\npostgresl: app2", BAD))
    done = run()
    assert done.returncode != 0
    assert set(EXPECTED) <= said(done), done.stdout + done.stderr
    assert "changeme" not in done.stdout + done.stderr
    assert not run.trace.exists()


def test_a_good_inventory_continues_to_its_hosts(run: Run) -> None:
    """The trap for ssh works: without errors the next play opens connections."""
    run.write("hosts.yml", site(THREE))
    done = run()
    assert "failed=0" in done.stdout, done.stdout + done.stderr
    assert run.trace.exists()


def test_limit_does_not_leave_preflight_out(run: Run) -> None:
    """What is wrong with the others is seen under --limit too."""
    run.write("hosts.yml", site(THREE, "[@db3]\nansible_host: 10.1.0.1"))
    done = run("--limit", "app1")
    assert done.returncode != 0
    assert "host-address-twice" in said(done)
    assert not run.trace.exists()


def test_limit_to_a_member_is_a_warning(run: Run) -> None:
    """It is shown, and the run continues."""
    run.write("hosts.yml", site(THREE))
    done = run("--limit", "db1")
    assert "safety-limit-part-of-cluster" in done.stderr
    assert run.trace.exists()


def test_wrong_vault_password(run: Run) -> None:
    """The site's secrets do not open."""
    run.write("hosts.yml", site(THREE))
    run.write("secrets.yml", VaultLib().encrypt("a: Aq7rT0zPq9LmX2cVbN4e\n", secret=PASSWORD).decode())
    done = run("--vault-password-file", run.password())
    assert done.returncode != 0
    assert "secret-file-closed" in said(done)
    assert not run.trace.exists()
    run.trace.unlink(missing_ok=True)
    run("--vault-password-file", run.password(PASSWORD.bytes.decode()))
    assert run.trace.exists()


def test_vaulted_group_vars_with_a_wrong_password(run: Run) -> None:
    """Ansible itself stops there."""
    run.write("hosts.yml", site(THREE))
    run.write("group_vars/all/vault.yml", VaultLib().encrypt("a: b\n", secret=PASSWORD).decode())
    done = run("--vault-password-file", run.password())
    assert done.returncode != 0
    assert not run.trace.exists()


def test_a_broken_file_of_a_group(run: Run) -> None:
    """It is named with its line, once, and not in the name of a group that came upon it."""
    run.write("hosts.yml", site(THREE))
    run.write("group_vars/postgresql.yml", "# words\npostgresql_ttl: [\n")
    done = run()
    assert done.returncode != 0
    lines = {line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip().startswith("inventory-unreadable")}
    assert len(lines) == 1, done.stdout + done.stderr
    assert lines.pop().startswith("inventory-unreadable postgresql -: ") and "[group_vars/postgresql.yml:3]" in done.stdout + done.stderr
    assert not run.trace.exists()


@pytest.mark.parametrize("name", ["ansible_become_password", "ansible_password", "ansible_ssh_pass"])
def test_a_password_of_all_hosts_under_another_vault_password(run: Run, name: str) -> None:
    """Ansible evaluates it for its own machine, too, before anything is judged."""
    run.write("hosts.yml", site(THREE))
    made = VaultLib().encrypt("geheim", secret=PASSWORD).decode()
    run.write("group_vars/all/login.yml", f"{name}: !vault |\n" + "".join(f"  {line}\n" for line in made.splitlines()))
    done = run("--vault-password-file", run.password())
    text = done.stdout + done.stderr
    assert f"secret-file-closed all {name}: " in text and "[group_vars/all/login.yml:1]" in text
    assert "Error processing keyword" not in text
    assert done.returncode != 0 and not run.trace.exists()


def test_an_address_of_all_hosts_that_is_not_defined(run: Run) -> None:
    """The same of a template."""
    run.write(
        "hosts.yml", "all:\n  vars: {site_name: clinic, site_domain: clinic.health, ansible_host: '{{ nowhere }}'}\n  hosts: {db1: }\n"
    )
    done = run()
    assert "variable-undefined all ansible_host: the template uses nowhere" in done.stdout + done.stderr
    assert done.returncode != 0 and not run.trace.exists()


@pytest.mark.parametrize("text", ["all: [\n", "all:\n  hosts: {}\n", "nonsense: {{{\n"])
def test_no_inventory(run: Run, text: str) -> None:
    """It does not parse, or holds nothing."""
    run.write("hosts.yml", text)
    assert run().returncode != 0
    assert not run.trace.exists()


def test_missing_inventory(run: Run) -> None:
    """A path that is not there."""
    run.inventory = run.folder / "nowhere"
    assert run().returncode != 0
    assert not run.trace.exists()


def test_answers_of_hosts_are_judged_together(run: Run) -> None:
    """The action of playbooks/host_checks.yml, with answers that the inventory makes up."""
    good = "{ansible_facts: {vannah: {system: debian, version: '13', memory_mb: 2048}}, clock_offset: 0.1}"
    late = good.replace("clock_offset: 0.1", "clock_offset: -60.0, survey: {memory_mb: 700}").replace("2048", "300")
    refused = "{failed: true, msg: 'Missing sudo password'}"
    broken = "{failed: true, msg: 'sudo: Ein Passwort ist notwendig'}"
    away = "{unreachable: true, msg: 'No route to host'}"
    hosts = {"db1": good, "db2": late, "db3": refused, "app1": broken, "app2": away}
    run.write("hosts.yml", site(f"{THREE} app2", "\n".join(f"[@{host}]\nanswer: {said}" for host, said in hosts.items())))
    run.playbook.write_text(
        "- hosts: all\n  gather_facts: false\n  tasks: [{vannah.healthcloud.host_checks: {answers: answer}, run_once: true}]\n"
    )
    done = run()
    assert done.returncode != 0
    lines = {tuple(line.split()[:2]) for line in (done.stdout + done.stderr).splitlines() if line.startswith("contact-")}
    assert lines == {("contact-clock", "db2"), ("contact-memory", "db2"), ("contact-sudo", "db3"), ("contact-failed", "app1")}
    assert not run.trace.exists()


@pytest.mark.parametrize(("offset", "lines"), [("-60.0", {"contact-clock"}), ("0.5", set())])
def test_a_verb_judges_the_clocks_alone(run: Run, offset: str, lines: set[str]) -> None:
    """Of what the lease told; a host that did not answer has no clock."""
    hosts = {"db1": "{clock_offset: 0.1}", "db2": f"{{clock_offset: {offset}}}", "db3": "{failed: true, msg: 'held by another run'}"}
    run.write("hosts.yml", site(THREE, "\n".join(f"[@{host}]\nanswer: {said}" for host, said in hosts.items())))
    run.playbook.write_text(
        "- hosts: db1:db2:db3\n  gather_facts: false\n"
        "  tasks: [{vannah.healthcloud.host_checks: {answers: answer, only_clocks: true}, run_once: true}]\n"
    )
    done = run()
    assert (done.returncode != 0) == bool(lines)
    assert {line.split()[0] for line in (done.stdout + done.stderr).splitlines() if line.startswith("contact-")} == lines


def test_three_hundred_hosts(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed, not asserted: times of a loaded machine prove nothing."""
    run.playbook = REPOSITORY / "playbooks" / "preflight.yml"
    clients = " ".join(f"app{number}" for number in range(200))
    run.write("hosts.yml", site(f"etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: {clients}"))
    few = time.monotonic()
    done = run("--limit", "app1")  # makes the secrets and the authority too
    assert done.returncode == 0, done.stdout + done.stderr
    few, start = time.monotonic() - few, time.monotonic()
    done = run()
    with capsys.disabled():
        print(f"[preflight of 203 hosts: {time.monotonic() - start:.2f} s, with --limit {few:.2f} s] ", end="")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_has_a_backup_is_shown(run: Run) -> None:
    """All of it, where something has none."""
    run.write("hosts.yml", site(f"{THREE}\nregistry: app1\nbackup: b1", "restic_files_schedule: ''"))
    done = run()
    assert done.returncode != 0 and "backup-uncovered" in said(done), done.stdout + done.stderr
    assert "postgresql, databases (db1, db2, db3): job of pgbackrest" in done.stdout + done.stderr
    assert "registry, images (app1): no backup" in done.stdout + done.stderr


def test_the_console_shows_every_error_beside_those_of_backups(run: Run) -> None:
    """Every finding first, then what has a backup."""
    wrong = "site_name: Our Clinic\nrestic_files_schedule: ''\n[@db3]\nansible_host: 10.1.0.1"
    run.write("hosts.yml", site(f"{THREE}\nregistry: app1\nbackup: b1", wrong))
    done = run(callback="vannah.healthcloud.console")
    lines = [line.strip() for line in done.stdout.splitlines()]
    at = [next(n for n, line in enumerate(lines) if line.startswith(word)) for word in ("backup-uncovered", "host-address-twice")]
    assert lines.index("registry, images (app1): no backup") > lines.index("Backups:") > max(at), done.stdout
    errors = next(line for line in lines if line.startswith("FAILED  preflight: ")).split()[2]
    assert lines.index("Backups:") - max(n for n, line in enumerate(lines) if line.startswith("FAILED")) == int(errors) + 1, done.stdout


@pytest.mark.parametrize("callback", ["default", "vannah.healthcloud.console"])
def test_a_wrong_site_map_is_one_error(run: Run, callback: str) -> None:
    """Wherever the map is read: one sentence, and no error of Python."""
    tree = run.folder / "tree"
    shutil.copytree(REPOSITORY / "plugins", tree / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("playbooks", "meta"):
        shutil.copytree(REPOSITORY / name, tree / name, symlinks=True)
    for name in ("roles", "galaxy.yml", "scripts"):
        (tree / name).symlink_to(REPOSITORY / name)
    (tree / "collections" / "ansible_collections" / "vannah").mkdir(parents=True)
    (tree / "collections" / "ansible_collections" / "vannah" / "healthcloud").symlink_to(tree)
    path = tree / "playbooks" / "vars" / "site_map.yml"
    path.write_text(path.read_text().replace("wave: store", "wave: storage"))
    run.playbook = tree / "playbooks" / "preflight.yml"
    run.collections = tree / "collections"
    run.write("hosts.yml", site(THREE))
    done = run(callback=callback)
    said_all = done.stdout + done.stderr
    assert "site-map-invalid" in said(done)
    assert " (minio).wave: there is no wave 'storage' in waves. Fix: use" in said_all
    assert "Traceback" not in said_all and done.returncode == 2, said_all


@pytest.mark.parametrize(("name", "refused"), [("unknown", True), ("postgresql_superuser", False), ("made_for_it", False)])
def test_an_unknown_secret_is_refused_before_any_is_made(run: Run, name: str, refused: bool) -> None:
    """The names of those that the run will make are known."""
    app = f"{{name: web, image: 'r:5000/a@sha256:{'5b' * 32}', port: 80, environment: {{A: '${{secret.{name}}}'}}}}"
    groups = f"{THREE}\ndocker: app1\ncaprover: app1"
    variables = "caprover_accept_terms: true\ncaprover_root_domain: apps.clinic.health\ncaprover_root_tls: true\n"
    variables += "caprover_email: ops@clinic.health\n"
    run.write("hosts.yml", site(groups, f"{variables}apps_secrets: [made_for_it]\napps: [{app}]"))
    done = run("--check")
    assert ("apps-reference" in said(done)) is refused, done.stdout + done.stderr
    assert ("secrets that would be created" in done.stdout) is not refused, done.stdout + done.stderr
