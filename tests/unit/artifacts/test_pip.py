# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pip gets the way to packages from a person's settings, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import pip
from testbed import environment

LISTED = r"""
:env:.cert='/x'
global.index-url='https://one.example/simple'
global.target='/opt'
global.user='true'
global.trusted-host='a.example\nb.example'
install.index-url='https://two.example/simple'
install.require-hashes='true'
freeze.timeout='10'
"""


def test_settings() -> None:
    assert pip.settings(LISTED) == {"PIP_INDEX_URL": "https://two.example/simple", "PIP_TRUSTED_HOST": "a.example b.example"}


def test_environment(tmp_path: Path) -> None:
    """The real pip reads a real pip.conf."""
    conf = tmp_path / "pip.conf"
    conf.write_text(
        "[global]\ntarget = /none\nuser = true\nindex-url = https://one.example/simple\nproxy = http://p.example\n", encoding="utf-8"
    )
    given = {
        "PIP_CONFIG_FILE": str(conf),
        "PIP_TARGET": "/none",
        "PIP_PROXY": "http://q.example",
        "PIP_NO_INDEX": "1",
        "X": "y",
        "HOME": str(tmp_path),
    }
    found = pip.environment([sys.executable, "-m", "pip"], given)
    assert {name: value for name, value in found.items() if name not in ("HOME", "PIP_CERT")} == {
        **{"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "https://one.example/simple", "PIP_PROXY": "http://q.example", "X": "y"},
    }


def test_a_pip_conf_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text("no section\n", encoding="utf-8")
    found = pip.environment([sys.executable, "-m", "pip"], {"PIP_CONFIG_FILE": str(conf), "HOME": str(tmp_path)})
    assert "PIP_INDEX_URL" not in found


def test_the_same_settings_are_kept_everywhere() -> None:
    kept = {name.removeprefix("PIP_") for name in environment.KEPT if name.startswith("PIP_")}
    assert kept == pip.SETTINGS | {"CONFIG_FILE"}
