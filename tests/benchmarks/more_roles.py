# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of this checkout whose site has more roles: what a layer costs a run that changes nothing."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

#: Exporters of Debian, each with a port of its own: (package, port).
PACKAGES = (("prometheus-node-exporter", 9100), ("prometheus-process-exporter", 9256), ("prometheus-apache-exporter", 9117))
GROUP = "benched"


@contextlib.contextmanager
def with_exporters(repository: Path, site: str) -> Iterator[Path]:
    """The copy, with a role of ``make new-role`` for each package, on every host of the site.

    :param site: the folder of its inventory, below the repository
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(repository, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", ".venv*", ".test", ".cache", "__pycache__"))
        (copy / ".cache").symlink_to(repository / ".cache")  # with the artifacts, which take minutes to build
        for package, port in PACKAGES:
            name = package.removeprefix("prometheus-").replace("-", "_")
            argv = [sys.executable, "scripts/new_role.py", name, "--package", package, "--port", str(port), "--group", GROUP]
            subprocess.run(argv, cwd=copy, check=True, stdout=subprocess.DEVNULL)
        hosts = copy / site / "hosts.yml"
        inventory = yaml.safe_load(hosts.read_text(encoding="utf-8"))
        groups = inventory["all"]["children"]
        groups[GROUP] = {"hosts": dict.fromkeys(sorted({name for group in groups.values() for name in group.get("hosts") or {}}))}
        hosts.write_text(yaml.safe_dump(inventory), encoding="utf-8")
        yield copy
