# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the backups, changed on the running site and back."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable

import pytest

from tests.live.lib.settings_tried import refused, stated, taken_over, tried_on
from tests.live.postgresql.cluster import Cluster

from .conftest import Backups

TRIED = tried_on("backup")


def test_a_setting_that_is_refused(site: Cluster) -> None:
    """Another repository would be empty: refused before anything is changed, with what to do."""
    values = refused(TRIED)
    done = site.playbook("site.yml", "-e", json.dumps(values))
    assert values and done.returncode != 0, done.stdout[-3000:]
    for name in values:
        judged = stated()[name].judged_with or name
        assert re.search(rf"^\s*contact-setting-\w+ [\w, ]+ {judged}: ", done.stdout, re.MULTILINE), f"{name}: {done.stdout[-3000:]}"


@pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes two minutes: `make soak` runs it")
def test_all_others_at_once(site: Cluster, backups: Backups, switched: Callable[[], str]) -> None:
    """They are taken over, a second run changes nothing, WAL arrives and a backup is made and read with them; and back."""
    values = taken_over(TRIED)
    try:
        site.converge("-e", json.dumps(values))
        site.converge_unchanged("-e", json.dumps(values))
        assert switched()
        assert backups.cron("incremental") == (0, "")
        assert backups.cron("verify") == (0, "")
    finally:
        site.converge()
    assert switched()
    site.converge_unchanged()
