# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the demo's registry the images that it loads: its apps, and what stands in for CapRover; CapRover's own images where there are any.

PYTHONPATH=collections .venv/bin/python -m tests.live.apps.demo

They are made of Debian packages in a container, and again only where something that they consist of has changed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.live.caprover.captain import FOLDER, Captain, image_program, own_images
from tests.live.lib.site import Site

ROOT = Path(__file__).resolve().parents[3]
SITE = ROOT / "inventories" / "demo"
#: Has what they are made of: tests/images/apps.Dockerfile.
MAKER = "vannah-test:apps"
MADE = ROOT / ".demo" / "images"
SERVER = ROOT / "tests" / "live" / "apps" / "node" / "server.js"


def say(text: str) -> None:
    """A line for the stage's log."""
    print(text, flush=True)


def make(program: str) -> str:
    """Make them where those that are there are others.

    :param program: what makes them
    :return: what they were made of
    """
    argv = ["docker", "image", "inspect", "--format", "{{.Id}}", MAKER]
    maker = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    mark = hashlib.sha256(f"{maker}{program}".encode()).hexdigest()
    file = MADE / "made-of"
    if not (file.is_file() and file.read_text(encoding="utf-8") == mark):
        say("Making the images of the apps")
        shutil.rmtree(MADE, ignore_errors=True)
        MADE.mkdir(parents=True)
        argv = ["docker", "run", "--rm", "--interactive", "--network", "none", "--volume", f"{MADE}:{FOLDER}", "--entrypoint", "", MAKER]
        subprocess.run([*argv, "python3", "-"], input=program, text=True, stderr=subprocess.DEVNULL, check=True)
        file.write_text(mark, encoding="utf-8")
    return mark


def main() -> int:
    """All of it; nothing on a site without a registry."""
    site = Site(SITE)
    hosts = site.hosts("registry")
    if not hosts:
        return 0
    mark = make(image_program("make_demo", FOLDER, SERVER.read_text(encoding="utf-8")))
    for host in hosts:
        there = site.run(host, "cat", f"{FOLDER}/made-of", check=False).stdout
        if there != mark:
            say(f"Copying them to {host}")
            site.run(host, "mkdir", "-p", FOLDER)
            site.docker("cp", f"{MADE}/.", f"{site.container(host)}:{FOLDER}")
    folder = own_images(ROOT / ".demo" / "caprover")
    if folder is not None:
        say("Copying CapRover's own images")
        Captain(site).bring(folder.resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
