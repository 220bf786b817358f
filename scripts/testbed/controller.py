# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers of another Debian release than this machine's: containers with that release's Python and its set of the lock.

Tests run on the controller that is supported in full, Debian 13 with the current ansible-core, also where this machine has an older Python.
controller_images makes their images.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import images
from .shell import run

#: Where the virtual environment is in the image.
VENV = "/opt/vannah"
#: Passed on to what is installed: how this machine reaches packages.
NETWORK = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Kind:
    """A kind of controller.

    :param image: of :data:`images.IMAGES`, on which it stands
    :param debian: Debian packages
    :param python: Python packages in the versions of the lock; none: all of the lock
    """

    image: str
    debian: tuple[str, ...]
    python: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its image."""
        return f"{images.REPOSITORY}:controller-{self.image}"


#: Debian 13: runs the scenarios where this machine's Python has only the older set of the lock.
CURRENT = Kind("trixie", ("python3-venv", "openssh-client", "openssl", "docker-cli"))
#: Debian 12: ansible-core and what the plugins import. The other locked packages are tools of tests and lint.
OLDER = Kind("bookworm", ("python3-venv", "openssh-client"), ("ansible-core", "cryptography"))


@contextmanager
def running(
    name: str, image: str, *, mounts: Sequence[Path] = (), options: Sequence[str] = (), environment: Mapping[str, str]
) -> Iterator[str]:
    """A container on this machine's network that waits for `docker exec`; removed afterwards with all that runs in it.

    :param mounts: what it has of this machine, under the same paths
    """
    subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True, check=False)
    argv = ["docker", "run", "--detach", "--name", name, "--network", "host", "--entrypoint", "", *options]
    for path in mounts:
        argv += ["--volume", f"{path}:{path}"]
    for variable, value in environment.items():
        argv += ["--env", f"{variable}={value}"]
    try:
        run([*argv, image, "sleep", "infinity"])
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True, check=False)


#: What tests need of the machine: to see its processes, and to make network namespaces and links.
PRIVILEGES = [
    *("--init", "--pid", "host", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    *("--cap-add", "NET_ADMIN", "--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE"),
]
#: Of the environment of a test run, what its programs are told in the container.
TOLD = re.compile(r"(MOLECULE|ANSIBLE|VANNAH|LC|PYTHON)_\w+|LANG|TERM|CI|NO_COLOR")


def is_needed(python: tuple[int, ...]) -> bool:
    """Whether this Python gets the older set of the lock (requirements/python.in), so that scenarios run elsewhere."""
    return python < (3, 12)


@contextmanager
def of_scenarios(root: Path, *, folders: Sequence[Path] = ()) -> Iterator[Controller]:
    """The controller that runs scenarios of the checkout ``root``, which it has under the same path.

    :param folders: further folders that it has
    :raises SetupError: the container does not start: the set-up makes its image.
    """
    mounts = [root, *(folder for folder in folders if folder.exists()), Path("/var/run/docker.sock")]
    told = {name: value for name, value in os.environ.items() if name in NETWORK}
    told["PATH"] = f"{VENV}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    with running(f"vannah-test-controller-{os.getpid()}", CURRENT.name, mounts=mounts, options=PRIVILEGES, environment=told) as name:
        yield Controller(name, root)


@dataclass(frozen=True)
class Controller:
    """A container that runs programs of a checkout."""

    name: str
    root: Path

    def argv(self, command: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        """The command line that runs a command there, with what it is told of the environment ``environ``."""
        told = [part for variable, value in environ.items() if TOLD.fullmatch(variable) for part in ("--env", f"{variable}={value}")]
        return ["docker", "exec", "--workdir", str(self.root), *told, self.name, *command]
