# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another controller, with Debian 13's Python and the newest locked ansible-core, finds nothing to change on the converged site."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.lib.site import REPOSITORY, Site
from tests.live.lib.waiting import FaultError

IMAGE = "vannah-test:trixie"
NAME = "vannah-test-controller"
PROJECT = "/project"
#: What a controller is made of: ansible-core and what our plugins import. The other locked packages are tools of tests and lint.
PACKAGES = ("ansible-core", "cryptography")
#: What tells this machine's pip where packages are and whom to trust; the second controller is told the same.
PASSED_ON = re.compile(r"(PIP_(?!CERT|REQUIRE|CONFIG|FIND_LINKS).*|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)$")
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
#: Not copied: what no controller needs.
LEFT_OUT = (".git", ".venv*", ".cache", ".demo", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ansible", ".test/reports")


def docker(*argv: str, stdin: bytes | None = None, timeout: float = 600) -> str:
    """Run the engine's client; its output, or an error with the end of it."""
    done = subprocess.run(["docker", *argv], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=timeout)
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise FaultError(f"docker {' '.join(argv[:6])} exited {done.returncode}:\n{text[-4000:]}")
    return text


def index_settings() -> list[str]:
    """The index of pip as environment variables, from this machine's pip configuration."""
    pairs = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
    listed = subprocess.run(["pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    for key, value in re.findall(r"^global\.(index-url|extra-index-url|trusted-host)='(.*)'$", listed, re.MULTILINE):
        pairs.setdefault(f"PIP_{key.upper().replace('-', '_')}", value)
    return [part for name, value in pairs.items() for part in ("-e", f"{name}={value}")]


@pytest.fixture
def controller() -> Iterator[str]:
    """A container on this machine's network with a copy of the checkout and a virtual environment by the lock."""
    subprocess.run(["docker", "rm", "--force", "--volumes", NAME], capture_output=True, check=False)
    docker("run", "--detach", "--name", NAME, "--network", "host", *index_settings(), IMAGE, "sleep", "infinity")
    try:
        if TRUSTED.exists():
            docker("cp", "--follow-link", str(TRUSTED), f"{NAME}:{TRUSTED}")
        excluded = [f"--exclude=./{name}" for name in LEFT_OUT]
        tree = subprocess.run(["tar", "-C", str(REPOSITORY), *excluded, "-c", "."], capture_output=True, check=True).stdout
        docker("exec", NAME, "mkdir", PROJECT)
        docker("exec", "-i", NAME, "tar", "-C", PROJECT, "--no-same-owner", "-x", stdin=tree)
        cache = subprocess.run(
            ["docker", "inspect", "--format", '{{index .Config.Labels "vannah.address"}}', "vannah-test-cache"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        proxy = ["-o", f"Acquire::http::Proxy=http://{cache}"] if cache else []
        docker("exec", NAME, "apt-get", "-qq", *proxy, "update")
        install = ["apt-get", "-qq", *proxy, "install", "--yes", "--no-install-recommends", "python3-venv", "openssh-client"]
        docker("exec", "-e", "DEBIAN_FRONTEND=noninteractive", NAME, *install)
        docker("exec", NAME, "python3", "-m", "venv", "/venv")
        docker("exec", NAME, "/venv/bin/pip", "install", "--quiet", "--constraint", f"{PROJECT}/requirements/python.txt", *PACKAGES)
        yield NAME
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", NAME], capture_output=True, check=False)


def test_second_controller_changes_nothing(site: Site, controller: str) -> None:
    """Its run with nothing to do ends well, changes nothing and starts nothing anew."""
    version = docker("exec", controller, "/venv/bin/ansible-playbook", "--version").splitlines()[0]
    number = tuple(map(int, re.findall(r"\d+", version)[:2]))
    assert number >= (2, 20), f"{version} is not the newer ansible-core of the lock"
    inside = str(site.inventory).replace(str(REPOSITORY), PROJECT)
    arguments = [argument.replace(str(REPOSITORY), PROJECT) for argument in site.arguments]
    before = site.invocations()
    playbook = ["/venv/bin/ansible-playbook", "-i", inside, *arguments, f"playbooks/{site.main_playbook}"]
    printed = docker("exec", "-w", PROJECT, "-e", "LC_ALL=C.UTF-8", controller, *playbook)
    recap = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", printed, re.MULTILINE)
    assert recap, printed[-4000:]
    assert all(changed == "0" for _, changed in recap), printed[-6000:]
    assert site.invocations() == before
