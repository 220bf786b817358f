# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: its stages, and what it leaves on this machine, which is removed also after a demo that broke off."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from . import cache, checkout, engine, images, venv
from .shell import ROOT, SetupError, run
from .stages import CONSOLE, Background, Stage, StageError, program
from .stages import run as run_stages

SITE = "inventories/demo"
#: Says the network, with whose name those of the containers begin. A copy of this checkout may have another (tests/live/newcomer).
CONNECTION = f"{SITE}/group_vars/all/connection.yml"
NETWORK = re.findall(r"(?m)^server_network: (\S+)$", (ROOT / CONNECTION).read_text(encoding="utf-8"))[0]
PASSWORD = f"{SITE}/.vault_password"
#: The folder of its SSH key.
KEYS = ".demo"
#: What a service needs on the demo's servers before it is converged: modules of these names.
BEFORE = "tests/live/*/demo.py"
#: Says what runs where.
SUMMARY = ["python", "-m", "scripts.demo_summary"]
#: What runs leave for the expected times of the next one: all ended well, or the servers that need no built programs are converged.
COMPLETE, PARTLY = ".demo/complete", ".demo/partly"
#: Passwords of other sites that the caller has set for Ansible: the demo needs none of them, and a file may be missing.
OTHER_PASSWORDS = re.compile(r"ANSIBLE_(VAULT|BECOME_PASSWORD|CONNECTION_PASSWORD)_")
#: What a run of the demo makes in the checkout.
FILES = (
    *(".demo", "inventories/demo/secrets.yml", "inventories/demo/pki", "inventories/demo/.vault_password"),
    "inventories/demo/host_vars/app1/real_caprover.yml",  # where it has CapRover's own images (tests/live/caprover/captain.py)
)


def _without_programs() -> str:
    """The servers that need nothing of what is built: they are converged while it is built. Read as text: there may be no YAML yet."""
    entries = re.findall(r"role: (\w+),.* groups: \[(.*)\]", (ROOT / "playbooks/vars/site_map.yml").read_text(encoding="utf-8"))
    groups = [group for role, listed in entries if _is_built(ROOT / f"roles/{role}/meta/artifacts.yml") for group in listed.split(", ")]
    # Ansible warns of a group that the inventory does not have.
    there = re.findall(r"^ +(\w+):$", (ROOT / SITE / "hosts.yml").read_text(encoding="utf-8"), re.MULTILINE)
    return ":!".join(["all", *(group for group in groups if group in there)])


def _is_built(artifacts: Path) -> bool:
    """Whether a role's programs are built, which takes minutes; files that it may fetch are fetched first."""
    return artifacts.is_file() and "\n  go:" in artifacts.read_text(encoding="utf-8")


WITHOUT_PROGRAMS = _without_programs()
#: Apps need the object store, which comes later.
WITHOUT_APPS = ("-e", '{"apps": []}')


def up(set_up: Callable[[], None]) -> None:
    """Make the demo's servers, converge and verify them. What is there already takes seconds.

    The programs that Debian does not carry are built from the first moment on, beside the images and the other servers' packages.

    :param set_up: engine, images and package cache
    :raises StageError: a stage failed, and has said so.
    """
    for name in [name for name in os.environ if OTHER_PASSWORDS.match(name)]:
        del os.environ[name]
    beside: list[Background] = []

    def tools() -> None:
        venv.ensure()
        _require_output()
        run([str(ROOT / "scripts" / "demo_password.py")])
        argv = ["ansible-playbook", "-i", SITE, "--vault-password-file", PASSWORD, "playbooks/artifacts.yml"]
        beside.append(Background("artifacts", argv, {"ANSIBLE_STDOUT_CALLBACK": CONSOLE}))

    def servers() -> None:
        playbook("tests/servers/create.yml")

    def before() -> None:
        for path in sorted(ROOT.glob(BEFORE)):
            program(["python", "-m", f"tests.live.{path.parent.name}.demo"], extra={"PYTHONPATH": "collections"})

    def first_servers() -> None:
        if beside[0].runs():
            playbook("playbooks/site.yml", "--limit", WITHOUT_PROGRAMS, *WITHOUT_APPS)
            _note(PARTLY)

    def join() -> None:
        beside[0].join()

    def word() -> str:
        return beside[0].word()

    def built() -> bool:
        return not beside[0].runs()

    stages = [
        Stage("Tools in .venv", lambda: 2 if _has_tools() else 60, tools),
        Stage("Docker Engine, images of servers, package cache", lambda: 3 if _is_set_up() else 90, set_up),
        Stage("Servers", lambda: 20 if _has_servers() else 30, servers, speaks=True),
        Stage("What services need on servers", 5, before, speaks=True),
        Stage(
            "Databases and CapRover, while the object store's programs are built",
            lambda: 1 if built() else 20 if _noted(PARTLY) else 210,
            first_servers,
            speaks=True,
        ),
        Stage("Programs of the object store", lambda: 1 if built() else 60, join, word=word),
        # Where nothing was to be built this is the first stage that converges anything.
        Stage("Converge the site", lambda: 25 if _noted(COMPLETE) else 130 if _noted(PARTLY) else 290, converge, speaks=True),
        Stage("Verify the site", 75, verify, speaks=True),
    ]
    try:
        run_stages(stages, "demo")
        _note(COMPLETE)
    finally:
        for other_program in beside:
            other_program.stop()
    program(SUMMARY, extra={"PYTHONPATH": "collections"})


def _note(name: str) -> None:
    (ROOT / name).parent.mkdir(mode=0o700, exist_ok=True)
    (ROOT / name).touch()


def _noted(name: str) -> bool:
    return (ROOT / name).is_file()


def _has_tools() -> bool:
    return venv.is_current(venv.VENV, venv.LOCK.read_text(encoding="utf-8"))


def _is_set_up() -> bool:
    try:
        return engine.answers() and images.are_current(images.DEMO) and cache.is_running()
    except SetupError:
        return False


def _has_servers() -> bool:
    try:
        return refuse_other()
    except SetupError:
        return False  # the stage says why


def refuse_other() -> bool:
    """Whether this machine has servers of this checkout's demo. The engine answers.

    :raises SetupError: it has the demo of another checkout.
    """
    return checkout.refuse_other(NETWORK, ROOT / KEYS)


def _require_output() -> None:
    """:raises SetupError: the callback that the person wants for output does not load."""
    if os.environ.get("ANSIBLE_STDOUT_CALLBACK", CONSOLE) != CONSOLE:
        done = subprocess.run([str(ROOT / "scripts" / "callback_loads.py")], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SetupError(" ".join(done.stderr.split()).removeprefix("FAILED "))


def playbook(name: str, *arguments: str) -> None:
    """Run a playbook for the demo, with our own output unless the person has another."""
    extra = {"ANSIBLE_STDOUT_CALLBACK": os.environ.get("ANSIBLE_STDOUT_CALLBACK", CONSOLE)}
    program(["ansible-playbook", "-i", SITE, "--vault-password-file", PASSWORD, name, *arguments], extra=extra)


def converge() -> None:
    """The whole site."""
    playbook("playbooks/site.yml")


def verify() -> None:
    """The tests of the site's behaviour."""
    argv = ["scripts/site_passwords.py", "run", SITE, "--vault-password-file", PASSWORD, "--"]
    options = ["-q", "-p", "no:cacheprovider", "-o", "python_files=verify_*.py", "-o", "console_output_style=classic", "--progress"]
    try:
        program(
            [*argv, "pytest", *options, "tests/live"],
            extra={"VANNAH_SITE_INVENTORY": SITE, "PYTHONPATH": "collections"},
        )
    except StageError:
        raise SetupError(
            "a test of the site failed, see above. Fix: run `make demo` again, which converges the site and tests it."
        ) from None


def running() -> list[str]:
    """The containers of the demo that run."""
    return run(["docker", "ps", "--quiet", "--filter", f"name=^{NETWORK}-"]).split()


def has_files(root: Path = ROOT) -> bool:
    """Whether this checkout has made a demo, or has started an engine for one."""
    return engine.MARK.is_file() or any((root / name).exists() for name in FILES)


def remove_servers() -> None:
    """Remove every container of the demo with its anonymous volumes, then the network."""
    names = run(["docker", "ps", "--all", "--quiet", "--filter", f"name=^{NETWORK}-"]).split()
    if names:
        run(["docker", "rm", "--force", "--volumes", *names])
    if run(["docker", "network", "ls", "--quiet", "--filter", f"name=^{NETWORK}$"]).split():
        run(["docker", "network", "rm", NETWORK])


def remove_files(root: Path = ROOT) -> None:
    """Remove keys, secrets, authority and vault password of the demo."""
    for name in FILES:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
