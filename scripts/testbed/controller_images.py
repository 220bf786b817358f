# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of controllers: made by the steps in :func:`_make`, and again when these or the lock change."""

from __future__ import annotations

import hashlib
import inspect
import os
from pathlib import Path

from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import pip as of_pip

from . import images, machine, venv
from .controller import NETWORK, VENV, Kind, running
from .shell import run, said, say

#: The authorities that programs of this machine trust; a mirror of packages may need it.
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")


def recipe(kind: Kind, lock: str) -> str:
    """A hash of what the image is made from."""
    parts = (images.recipe(images.IMAGES[kind.image]), *kind.debian, "", *kind.python, lock, inspect.getsource(_make))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def ensure(kind: Kind) -> None:
    """Make the image where it is missing, or was made from another recipe. It takes one to two minutes.

    :raises SetupError: packages could not be installed.
    """
    wanted = recipe(kind, venv.LOCK.read_text(encoding="utf-8"))
    label = said(["docker", "image", "inspect", "--format", f'{{{{index .Config.Labels "{images.LABEL}"}}}}', kind.name]) or ""
    if label.strip() == wanted:
        return
    images.ensure((kind.image,))
    say(f"Making the image {kind.name} with the locked Python tools (one to two minutes)")
    _make(kind, wanted)


def _make(kind: Kind, wanted: str) -> None:
    release = images.IMAGES[kind.image].release
    pip = [f"{VENV}/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-input", "--no-cache-dir"]
    what = ["--constraint", "/tmp/python.txt", *kind.python] if kind.python else ["--requirement", "/tmp/python.txt"]
    with running(kind.name.replace(":", "-") + "-made", images.IMAGES[kind.image].name, environment=_of_pip()) as made:
        sources = f"deb {machine.package_mirrors()['debian']} {release} main\n"
        run(["docker", "exec", "-i", made, "sh", "-c", "cat > /tmp/build.list"], stdin=sources)
        apt = ["apt-get", "-qq", "-o", "Dir::Etc::sourcelist=/tmp/build.list", "-o", "Dir::Etc::sourceparts=-"]
        in_it = ["docker", "exec", "-e", "DEBIAN_FRONTEND=noninteractive", made]
        run([*in_it, *apt, "update"])
        run([*in_it, *apt, "install", "--yes", "--no-install-recommends", *kind.debian])
        if TRUSTED.exists():
            run(["docker", "cp", "--follow-link", str(TRUSTED), f"{made}:{TRUSTED}"])
        run(["docker", "cp", str(venv.LOCK), f"{made}:/tmp/python.txt"])
        run([*in_it, "python3", "-m", "venv", VENV])
        run([*in_it, *pip, *what])
        run([*in_it, "sh", "-c", "rm -rf /tmp/build.list /tmp/python.txt /var/lib/apt/lists/* /var/cache/apt/archives/*.deb"])
        run(["docker", "commit", "--change", f"LABEL {images.LABEL}={wanted}", made, kind.name])


def _of_pip() -> dict[str, str]:
    """The settings of pip on this machine, whatever file they stand in. Files and folders of this machine are not in the container."""
    python = str(venv.VENV / "bin" / "python")
    found = of_pip.environment([python, "-m", "pip"], os.environ)
    names = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_PROXY", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES")
    return {name: value for name, value in found.items() if name in names or name in NETWORK}
