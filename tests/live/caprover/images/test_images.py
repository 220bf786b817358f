# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before the first run: files with the images that the site's registry loads, and CapRover's own images where there are any.

VANNAH_CAPROVER_IMAGES names a folder of the checkout (.cache/caprover-images) with files of ``docker save`` of them (captain.py). Without
it they are taken from this machine's engine where that has all of them. Otherwise what stands in for CapRover speaks the recorded API and
makes real services of the Swarm.
"""

from __future__ import annotations

from pathlib import Path

from tests.live.caprover.captain import Captain, own_images
from tests.live.lib.site import Site


def test_images_are_made(site: Site, tmp_path: Path) -> None:
    """Those of the apps always."""
    captain = Captain(site)
    captain.make_images()
    folder = own_images(tmp_path)
    if folder is not None:
        captain.bring(folder)
