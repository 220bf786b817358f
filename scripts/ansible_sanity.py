# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own checks of a collection (``ansible-test sanity``), on what a release would be.

The collection is built and unpacked in a temporary folder: ``ansible-test`` wants it below ``ansible_collections``, and so the checks see
what ``build_ignore`` of galaxy.yml leaves. Checks that download a virtual environment of their own are left out; of these,
``validate-modules`` runs here as the program that it is, with locked libraries, and our own linters stand in for the others
(pep8, pylint, shellcheck, yamllint). Exceptions with their reasons: tests/sanity/ignore.txt; those for
the programs of roles follow from their first line.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ansible_test
from ansible.release import __version__ as ansible_version

ROOT = Path(__file__).resolve().parent.parent
IGNORED = ROOT / "tests" / "sanity" / "ignore.txt"
CHECKS = """
    action-plugin-docs compile empty-init ignores line-endings no-assert no-get-exception no-illegal-filenames no-smart-quotes
    replace-urlopen shebang symlinks use-argspec-type-path use-compat-six
""".split()
VALIDATE = Path(ansible_test.__path__[0], "_util", "controller", "sanity", "validate-modules", "validate.py")
#: Kinds of plugins whose documentation validate-modules reads.
DOCUMENTED = ("callback", "lookup", "modules")


def unpacked(folder: Path) -> Path:
    """Build the collection and unpack it below ``folder``; its place."""
    environ = {**os.environ, "ANSIBLE_LOCAL_TEMP": str(folder / "tmp")}
    build = ["ansible-galaxy", "collection", "build", "--output-path", str(folder), str(ROOT)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=environ)
    (archive,) = folder.glob("*.tar.gz")
    place = folder / "ansible_collections" / "vannah" / "healthcloud"
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")
    return place


def exceptions(text: str) -> Iterator[str]:
    """The lines of an ignore file as ansible-test reads them; a reason stands behind each."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            if not re.fullmatch(r"\S+ \S+ # \S.*", line):
                raise ValueError(f"{IGNORED}: the line has no reason: {line}")
            yield line.partition(" # ")[0]


def programs(place: Path) -> Iterator[str]:
    """The lines for the programs that roles install on hosts, which run with Debian's own Python or as scripts of nft."""
    for path in sorted([*place.glob("roles/*/files/*"), *place.glob("roles/*/templates/*")]):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            if file.read(64).startswith((b"#!/usr/bin/python3 -I\n", b"#!/usr/sbin/nft")):
                yield f"{path.relative_to(place)} shebang"


def sanity(place: Path, home: Path) -> int:
    """Run the checks of ansible-test that need no network; the exit status."""
    ignore = place / "tests" / "sanity" / f"ignore-{'.'.join(ansible_version.split('.')[:2])}.txt"
    ignore.parent.mkdir(parents=True)
    lines = [*exceptions(IGNORED.read_text(encoding="utf-8")), *programs(place)]
    ignore.write_text("\n".join(lines) + "\n", encoding="utf-8")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    argv = ["ansible-test", "sanity", "--color", "no", "--python", python, *(word for check in CHECKS for word in ("--test", check))]
    done = subprocess.run(argv, cwd=place, env=_environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        print(done.stdout)
    return done.returncode


def validate(place: Path, home: Path) -> int:
    """Compare documentation, argument specifications and metadata of modules and plugins; the exit status."""
    environ = {**_environment(home), "ANSIBLE_COLLECTIONS_PATH": str(place.parents[2]), "PYTHONPATH": str(place.parents[2])}
    status = 0
    for kind in DOCUMENTED:
        files = sorted(str(path.relative_to(place)) for path in (place / "plugins" / kind).glob("*.py"))
        argv = [sys.executable, str(VALIDATE), "--arg-spec", "--collection", str(place.relative_to(place.parents[2]))]
        argv += [] if kind == "modules" else ["--plugin-type", kind]
        done = subprocess.run([*argv, *files], cwd=place, env=environ, capture_output=True, text=True, check=False)
        if done.returncode or done.stderr:
            print(done.stdout + done.stderr)
            status = 1
    return status


def _environment(home: Path) -> dict[str, str]:
    """Without the checkout's configuration; ansible-test keeps its files in ``home``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {**kept, "HOME": str(home)}


def main() -> int:
    """Build, check, validate."""
    with tempfile.TemporaryDirectory(prefix="vannah-sanity-") as folder:
        place = unpacked(Path(folder))
        return max(sanity(place, Path(folder)), validate(place, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
