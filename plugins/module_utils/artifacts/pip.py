# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pip's environment: the way to packages as a person's environment and pip.conf say, and nothing else of them.

``target``, ``user``, ``require-hashes`` and the like in a pip.conf would change what is installed where.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Mapping, Sequence

#: Settings that are about reaching packages, as the end of a variable's name. All others are left out.
SETTINGS = frozenset(
    """
    INDEX_URL EXTRA_INDEX_URL NO_INDEX FIND_LINKS TRUSTED_HOST CERT CLIENT_CERT PROXY TIMEOUT DEFAULT_TIMEOUT RETRIES CACHE_DIR
    NO_CACHE_DIR KEYRING_PROVIDER DISABLE_PIP_VERSION_CHECK
    """.split()
)


def settings(listed: str) -> dict[str, str]:
    """What `pip config list` prints of :data:`SETTINGS`, as variables. The command's own section (``install.``) wins over ``global.``."""
    found: dict[str, str] = {}
    for section in ("global", "install"):
        for key, value in re.findall(rf"(?m)^{section}\.([a-z_-]+)=(.+)$", listed):
            name = key.replace("-", "_").upper()
            if name in SETTINGS:
                found[f"PIP_{name}"] = " ".join(str(ast.literal_eval(value)).split())
    return found


def environment(pip: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """The environment for an installation by pip.

    :param pip: what starts pip. A pip.conf that cannot be read is left out.
    :param given: the environment of this process
    """
    kept = {name: value for name, value in given.items() if not name.startswith("PIP_") or name.removeprefix("PIP_") in SETTINGS}
    # `user = true` in a pip.conf would be taken as `pip config --user`, which reads one file only.
    asked = {**kept, "PIP_USER": "0", "PIP_GLOBAL": "0", "PIP_SITE": "0"}
    if "PIP_CONFIG_FILE" in given:
        asked["PIP_CONFIG_FILE"] = given["PIP_CONFIG_FILE"]
    done = subprocess.run(
        [*pip, "config", "list"], env=asked, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, errors="replace"
    )
    found = {**(settings(done.stdout) if done.returncode == 0 else {}), **kept, "PIP_CONFIG_FILE": os.devnull}
    if not found.get("PIP_FIND_LINKS"):
        found.pop("PIP_NO_INDEX", None)  # without either, nothing could be installed
    return found
