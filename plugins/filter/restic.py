# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the backups of files. Documentation: restic_htpasswd.yml."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any


def restic_htpasswd(logins: Mapping[str, str]) -> str:
    """The text of a file of htpasswd(1). The passwords are 256 random bits, so a fast hash without a salt is as good as a slow one."""
    lines = []
    for name, password in sorted(logins.items()):
        digest = hashlib.sha1(password.encode()).digest()  # the form that rclone knows beside bcrypt and apr1
        lines.append(f"{name}:{{SHA}}{base64.b64encode(digest).decode()}\n")
    return "".join(lines)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {"restic_htpasswd": restic_htpasswd}
