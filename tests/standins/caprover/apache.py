# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form in which CapRover keeps passwords of basic authentication, by the program that knows it."""

from __future__ import annotations

import subprocess


def apache_hash(password: str, salt: str) -> str:
    """``$apr1$salt$hash``: openssl makes it, so that what is tested is not tested with itself."""
    argv = ["openssl", "passwd", "-apr1", "-salt", salt, "-stdin"]
    done = subprocess.run(argv, input=password, capture_output=True, text=True, check=True)
    return done.stdout.strip()
