# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of the site is found anywhere but in the private files that are meant to hold it.

The values are random, so each is its own marker. Runs that change something, and that fail where a secret is at hand, are made with
``--diff -vvv``, plainly and by ansible-runner, and everything they print and leave is searched. Values that were put there on purpose
(canaries) prove that each search can find something.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import leaks
import pytest
import yaml
from site_under_test import REPOSITORY, Site

PROGRAM = Path(leaks.__file__)
#: Where secrets belong on a host: path (or folder, with its slash) and the modes it may have.
MEANT = {
    "/etc/patroni/config.yml": {"0600"},
    "/var/lib/postgresql/.vannah_pgpass": {"0600"},
}


def vault(site: Site, *argv: str, stdin: str | None = None) -> str:
    """Run ansible-vault with the site's password."""
    command = [str(Path(sys.executable).with_name("ansible-vault")), *argv[:1], *site.arguments, *argv[1:]]
    return subprocess.run(command, cwd=REPOSITORY, input=stdin, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def needles(site: Site) -> dict[str, str]:
    """The site's secrets by name, and the passwords of two roles that the test declares."""
    stored = yaml.safe_load(
        vault(site, "view", str(site.inventory.parent / "secrets.yml" if site.inventory.is_file() else site.inventory / "secrets.yml"))
    )
    found = {name: str(value) for name, value in stored.items()}
    assert {"postgresql_superuser", "postgresql_replication", "postgresql_rewind"} <= set(found)
    return {**found, "role_password_vaulted": secrets.token_hex(16), "role_password_in_vaulted_file": secrets.token_hex(16)}


@pytest.fixture
def declared(site: Site, needles: dict[str, str], tmp_path: Path) -> Iterator[dict[str, list[str]]]:
    """Arguments that declare roles with passwords, one vaulted by itself and one in a vaulted file; the roles are gone afterwards."""
    single = vault(site, "encrypt_string", "--stdin-name", "leak_password", stdin=needles["role_password_vaulted"])
    whole = vault(site, "encrypt", "--output", "-", "-", stdin=json.dumps({"leak_file_password": needles["role_password_in_vaulted_file"]}))

    def arguments(name: str, more: dict[str, Any], **values: Any) -> list[str]:
        roles = [
            {"name": "leak_probe", "password": "{{ leak_password }}", **more},
            {"name": "leak_probe_of_file", "password": "{{ leak_file_password }}", **more},
        ]
        (tmp_path / f"{name}.yml").write_text(single + yaml.safe_dump({"postgresql_roles": roles, **values}), encoding="utf-8")
        (tmp_path / "whole.yml").write_text(whole, encoding="utf-8")
        return ["-e", f"@{tmp_path / 'whole.yml'}", "-e", f"@{tmp_path / name}.yml"]

    yield {
        "changed": arguments("changed", {}, postgresql_settings={"log_lock_waits": "off"}),
        "changed again": arguments(
            "again", {"settings": {"work_mem": "5MB"}}, postgresql_settings={"log_lock_waits": "off", "log_checkpoints": "off"}
        ),
        # The component that holds the passwords fails; the statement that holds a verifier fails.
        "failed component": arguments("component", {}, postgresql_settings={"log_lock_waits": "off", "log_hostname": "on"}),
        "failed statement": arguments("statement", {"settings": {"no_such_setting": "1"}}),
    }
    gone = [{"name": "leak_probe", "state": "absent"}, {"name": "leak_probe_of_file", "state": "absent"}]
    site.converge("-e", json.dumps({"postgresql_roles": gone}))


@contextlib.contextmanager
def failing_reload(site: Site, host: str) -> Iterator[None]:
    """Patroni on a host does not take over a new configuration."""
    folder = "/run/systemd/system/patroni.service.d"
    site.run(host, "mkdir", "-p", folder)
    site.run(host, "dd", f"of={folder}/fault.conf", stdin="[Service]\nExecReload=\nExecReload=/bin/false\n")
    site.run(host, "systemctl", "daemon-reload")
    try:
        yield
    finally:
        site.run(host, "rm", "-r", folder)
        site.run(host, "systemctl", "daemon-reload")


@contextlib.contextmanager
def watching(order: dict[str, Any], result: dict[str, Any]) -> Iterator[None]:
    """Sample processes and temporary folders meanwhile. Containers' processes are processes of this machine."""
    argv = [sys.executable, str(PROGRAM)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps({"do": "watch", **order}) + "\n")
        process.stdin.flush()
        try:
            yield
        finally:
            process.stdin.close()
            result.update(json.loads(process.stdout.read()))


def by_runner(site: Site, folder: Path, arguments: list[str]) -> int:
    """Run the site's playbook by ansible-runner, which keeps output, events and facts; its exit status."""
    program = "import json,sys,ansible_runner\nr=ansible_runner.run(**json.load(sys.stdin))\nraise SystemExit(r.rc)\n"
    order = {
        "private_data_dir": str(folder),
        "project_dir": str(REPOSITORY),
        "playbook": f"playbooks/{site.main_playbook}",
        "inventory": str(site.inventory),
        "cmdline": " ".join(
            [*(str(Path(REPOSITORY, a)) if Path(REPOSITORY, a).is_file() else a for a in site.arguments), *arguments, "--diff", "-vvv"]
        ),
        "quiet": True,
    }
    env = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(order), text=True, env=env, cwd=REPOSITORY, capture_output=True, check=False
    )
    (folder / "printed").write_text(done.stdout + done.stderr, encoding="utf-8")
    return done.returncode


def test_no_secret_is_found(site: Site, needles: dict[str, str], declared: dict[str, list[str]], tmp_path: Path) -> None:
    """See the module's text."""
    site.wait_whole()
    find = leaks.finder(needles)
    canary = secrets.token_hex(16)
    home = Path.home() / ".ansible"
    pids = {host: site.docker("inspect", "-f", "{{.State.Pid}}", site.container(host)).strip() for host in site.hosts("all")}
    temporary = [
        str(home / "tmp"),
        *(f"/proc/{pid}/root{path}" for pid in pids.values() for path in ("/tmp", "/var/tmp", "/root/.ansible")),
    ]
    printed: dict[str, str] = {}
    ended: dict[str, int] = {}
    watched: dict[str, Any] = {}
    with watching({"needles": {**needles, "canary": canary}, "roots": temporary}, watched):
        for name in ("changed", "failed component"):
            with failing_reload(site, site.leader()) if name.startswith("failed") else contextlib.nullcontext():
                done = site.playbook(site.main_playbook, *declared[name], "--diff", "-vvv")
            printed[name], ended[name] = done.stdout, done.returncode
        for name in ("changed again", "failed statement"):
            (tmp_path / name).mkdir()
            ended[f"{name} by runner"] = by_runner(site, tmp_path / name, declared[name])
        subprocess.run(["sleep", "0.5"], env={"CANARY": canary}, check=True)
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", canary], check=True)
        for host in site.hosts("all"):
            site.run(host, "systemd-cat", "-t", "canary", "cat", stdin=canary)

    # The runs were what they are meant to be.
    failed = {name: status != 0 for name, status in ended.items()}
    wanted = {"changed": False, "failed component": True, "changed again by runner": False, "failed statement by runner": True}
    assert failed == wanted, "\n".join(t[-3000:] for t in printed.values()) + _tails(tmp_path)
    private_file = "/etc/patroni/config.yml"
    assert all(private_file in text for text in printed.values()), "the file that holds the passwords was not at stake"
    artifacts = [path for name in ("changed again", "failed statement") for path in leaks.files(tmp_path / name)]
    kept = [Path(path).read_text(errors="replace") for path in artifacts]
    assert any("no_such_setting" in text for text in kept) and any(private_file in text for text in kept)

    # What was printed and kept.
    found = {f"output of the run that {name}": find(text.encode()) for name, text in printed.items()}
    found |= {f"artifact {Path(path).relative_to(tmp_path)}": find(leaks.read(path)) for path in artifacts}
    found |= {f"file {path} ({mode})": names for path, mode, names in leaks.search_files(find, [str(home)])}
    found |= {f"docker inspect {host}": find(site.docker("inspect", site.container(host)).encode()) for host in site.hosts("all")}
    # What ran.
    found |= {f"{kind} {where}": [name] for kind, where, name in watched["hits"] if name != "canary"}
    # What lies on the hosts.
    private: dict[str, set[str]] = {}
    for host in site.hosts("all"):
        site.docker("cp", str(PROGRAM), f"{site.container(host)}:/var/tmp/leaks.py")
        order = {"do": "host", "needles": {**needles, "canary": canary}, "roots": ["/"]}
        said = json.loads(site.run(host, "python3", "-I", "/var/tmp/leaks.py", stdin=json.dumps(order) + "\n", timeout=300).stdout)
        site.run(host, "rm", "/var/tmp/leaks.py")
        assert "canary" in said["journal"], f"{host}: the search of the journal finds nothing"
        found[f"{host}: journal"] = [name for name in said["journal"] if name != "canary"]
        for path, mode, names in said["files"]:
            if mode in MEANT.get(path, ()):
                private.setdefault(path, set()).update(names)
            else:
                found[f"{host}: {path} ({mode})"] = names
    hits = {where: names for where, names in found.items() if names}
    assert not hits, "secrets were found:\n" + "\n".join(f"{where}: {', '.join(names)}" for where, names in sorted(hits.items()))

    # The searches can find something.
    assert find(f"password={needles['postgresql_superuser']}".encode()) == ["postgresql_superuser"]
    assert private["/etc/patroni/config.yml"] >= {"postgresql_superuser", "postgresql_replication", "postgresql_rewind"}
    assert {kind for kind, _where, name in watched["hits"] if name == "canary"} == {"cmdline", "environ"}
    assert watched["sweeps"] > 20


def _tails(folder: Path) -> str:
    return "\n".join(Path(path).read_text(errors="replace")[-3000:] for path in leaks.files(folder) if path.endswith(("stdout", "printed")))
