# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that keep a package's default instance away, on a host of an older release: another component had them."""

from __future__ import annotations

from pathlib import Path

from .fake_host import FakeHost, component

MAIN = "/etc/postgresql-common/createcluster.d/vannah.conf"


def test_a_host_of_an_older_release_keeps_the_file(tmp_path: Path) -> None:
    """The component postgresql had the file; nothing removes it in between, and nothing changes."""
    host = FakeHost(tmp_path)
    item = {"path": MAIN, "content": "create_main_cluster = false\n", "before": "packages", "on_change": "none"}
    host.call(component("postgresql", files=[item]))
    defaults = component("postgresql-package-defaults", files=[item])
    for call in ([defaults], [defaults, component("postgresql")]):
        answer = host.call(*call)
        assert answer["error"] is None and not any(found["steps"] or found["error"] for found in answer["components"])
        assert host.file(MAIN).is_file()
