# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before the first run: files with the images that the site's registry loads."""

from __future__ import annotations

from tests.live.caprover.captain import Captain
from tests.live.lib.site import Site


def test_images_are_made(site: Site) -> None:
    """CapRover's own image is not available here; what stands in for it speaks the recorded API and makes real services of the Swarm."""
    Captain(site).make_images()
