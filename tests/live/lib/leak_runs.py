# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the leak tests share: runs that are watched, and the places that are searched afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from tests.live.lib import leaks
from tests.live.lib.site import REPOSITORY, Site

PROGRAM = Path(leaks.__file__)
#: The name of a value that is put where secrets must not be, so that each search has something to find.
CANARY = "canary"
#: Path -> the modes that a file there may have, for files that are meant to hold secrets.
Meant = Mapping[str, set[str]]


def vault(site: Site, *argv: str, stdin: str | None = None) -> str:
    """Run ansible-vault with the site's password."""
    command = [str(Path(sys.executable).with_name("ansible-vault")), *argv[:1], *site.arguments, *argv[1:]]
    return subprocess.run(command, cwd=REPOSITORY, input=stdin, capture_output=True, text=True, check=True).stdout


def stored(site: Site) -> dict[str, str]:
    """The site's secrets by name."""
    folder = site.inventory.parent if site.inventory.is_file() else site.inventory
    return {name: str(value) for name, value in yaml.safe_load(vault(site, "view", str(folder / "secrets.yml"))).items()}


def temporary_folders(site: Site, hosts: Sequence[str]) -> list[str]:
    """Where Ansible, here and on the hosts, may leave a file for a moment."""
    pids = [site.docker("inspect", "-f", "{{.State.Pid}}", site.container(host)).strip() for host in hosts]
    return [
        str(Path.home() / ".ansible" / "tmp"),
        *(f"/proc/{pid}/root{path}" for pid in pids for path in ("/tmp", "/var/tmp", "/root/.ansible")),
    ]


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


def show_canary(site: Site, hosts: Sequence[str], canary: str) -> None:
    """Put a value into an environment, a command line and the hosts' journals."""
    subprocess.run(["sleep", "0.5"], env={"CANARY": canary}, check=True)
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", canary], check=True)
    for host in hosts:
        site.run(host, "systemd-cat", "-t", "canary", "cat", stdin=canary)


def by_runner(site: Site, folder: Path, arguments: list[str], playbook: str = "") -> int:
    """Run a playbook, the site's unless another is named, by ansible-runner, which keeps output, events and facts; its exit status."""
    program = "import json,sys,ansible_runner\nr=ansible_runner.run(**json.load(sys.stdin))\nraise SystemExit(r.rc)\n"
    order = {
        "private_data_dir": str(folder),
        "project_dir": str(REPOSITORY),
        "playbook": f"playbooks/{playbook or site.main_playbook}",
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


def in_outputs(needles: dict[str, str], printed: Mapping[str, str], folder: Path, artifacts: Sequence[str]) -> dict[str, list[str]]:
    """Where the runs' output, what ansible-runner kept below a folder, and Ansible's own files here hold a secret; place -> names."""
    find = leaks.finder(needles)
    found = {f"output of the run that {name}": find(text.encode()) for name, text in printed.items()}
    found |= {f"artifact {Path(path).relative_to(folder)}": find(leaks.read(path)) for path in artifacts}
    return found | {f"file {path} ({mode})": names for path, mode, names in leaks.search_files(find, [str(Path.home() / ".ansible")])}


def in_processes(watched: Mapping[str, Any]) -> dict[str, list[str]]:
    """Where what :func:`watching` saw held a secret. It saw the canary in a command line and in an environment, or it saw nothing."""
    assert {kind for kind, _where, name in watched["hits"] if name == CANARY} == {"cmdline", "environ"}
    assert watched["sweeps"] > 20
    return {f"{kind} {where}": [name] for kind, where, name in watched["hits"] if name != CANARY}


def on_hosts(
    site: Site, hosts: Sequence[str], needles: dict[str, str], canary: str, meant: Meant, **where: list[str]
) -> tuple[dict[str, list[str]], dict[str, set[str]]]:
    """Where the hosts hold a secret that should not; and what of the files that are meant to.

    :param where: ``roots`` that are searched, ``skipped`` folders below them
    """
    found: dict[str, list[str]] = {}
    private: dict[str, set[str]] = {}
    order = {"do": "host", "needles": {**needles, CANARY: canary}, **where}

    def search(host: str) -> Any:
        site.docker("cp", str(PROGRAM), f"{site.container(host)}:/var/tmp/leaks.py")
        said = site.run(host, "python3", "-I", "/var/tmp/leaks.py", stdin=json.dumps(order) + "\n", timeout=300).stdout
        site.run(host, "rm", "/var/tmp/leaks.py")
        return json.loads(said)

    with ThreadPoolExecutor(4) as pool:
        answers = dict(zip(hosts, pool.map(search, hosts), strict=True))
    for host, said in answers.items():
        found[f"{host}: docker inspect"] = leaks.finder(needles)(site.docker("inspect", site.container(host)).encode())
        assert CANARY in said["journal"], f"{host}: the search of the journal finds nothing"
        found[f"{host}: journal"] = [name for name in said["journal"] if name != CANARY]
        for path, mode, names in said["files"]:
            if mode in meant.get(path, ()):
                private.setdefault(path, set()).update(names)
            else:
                found[f"{host}: {path} ({mode})"] = names
    return found, private


def nothing_found(found: Mapping[str, list[str]]) -> None:
    """:raises AssertionError: a secret was found, with the places and the secrets' names"""
    hits = {where: names for where, names in found.items() if names}
    assert not hits, "secrets were found:\n" + "\n".join(f"{where}: {', '.join(names)}" for where, names in sorted(hits.items()))


def tails(folder: Path) -> str:
    """How the runs below a folder ended."""
    return "\n".join(
        Path(path).read_text(errors="replace")[-3000:] for path in leaks.files(str(folder)) if path.endswith(("stdout", "printed"))
    )
