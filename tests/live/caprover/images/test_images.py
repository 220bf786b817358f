# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before the first run: files with the images that the site's registry loads, and CapRover's own images where there are any.

VANNAH_CAPROVER_IMAGES names a folder of the checkout (.cache/caprover-images) with files of ``docker save``, with the images below. Without
it they are taken from this machine's engine where that has all of them. Otherwise what stands in for CapRover speaks the recorded API and
makes real services of the Swarm.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.live.caprover.captain import Captain
from tests.live.lib.site import Site

IMAGES = (
    "caprover/caprover:1.15.3",
    "nginx:1.31",
    "caprover/certbot-sleeping:v2.11.0",
    "caprover/caprover-placeholder-app:latest",
)


def saved(folder: Path) -> Path | None:
    """A folder with files of CapRover's own images; None where there are none."""
    named = os.environ.get("VANNAH_CAPROVER_IMAGES")
    if named:
        return Path(named)
    if subprocess.run(["docker", "image", "inspect", *IMAGES], capture_output=True, check=False).returncode:
        return None
    for number, image in enumerate(IMAGES):
        subprocess.run(["docker", "save", "--output", str(folder / f"{number}.tar"), image], check=True)
    return folder


def test_images_are_made(site: Site, tmp_path: Path) -> None:
    """Those of the apps always."""
    captain = Captain(site)
    captain.make_images()
    folder = saved(tmp_path)
    if folder is not None:
        assert sorted(folder.glob("*.tar")), f"{folder} has no files of docker save"
        captain.bring(folder)
