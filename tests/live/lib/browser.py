# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser, Debian's Chromium without a screen, on a test server: as a person has it who has imported the site's authority, or has not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: Where Chromium looks for authorities that a person has imported.
_TRUST = "/root/.pki/nssdb"
_SET_UP = f"""
export DEBIAN_FRONTEND=noninteractive
test -x /usr/bin/chromium || {{ apt-get -qq update; apt-get -qq install -y --no-install-recommends chromium libnss3-tools >/dev/null; }}
grep -qxF "$1" /etc/hosts || echo "$1" >> /etc/hosts
rm -rf {_TRUST}; mkdir -p {_TRUST}
certutil -N -d sql:{_TRUST} --empty-password
"""
_IMPORT = f"cat > /root/imported.crt && certutil -A -d sql:{_TRUST} -n site -t C,, -i /root/imported.crt"
#: It ends with an error where it does not trust the server.
_OPEN = """
rm -rf /tmp/browser
chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=/tmp/browser --timeout=20000 --dump-dom "$1" || true
"""


@dataclass(frozen=True)
class Browser:
    """On one server.

    :ivar run: runs a command there with a text for its standard input, and gives its standard output
    """

    run: Callable[[list[str], str], str]

    def set_up(self, line: str) -> None:
        """Install it, without authorities of its own.

        :param line: for /etc/hosts: an address and the names that lead to it
        """
        self.run(["bash", "-euc", _SET_UP, "-", line], "")

    def trust(self, authority: str) -> None:
        """Import an authority, PEM."""
        self.run(["sh", "-euc", _IMPORT], authority)

    def opened(self, url: str) -> str:
        """What it shows; where it does not trust the server, its own page or nothing."""
        return self.run(["sh", "-euc", _OPEN, "-", url], "")
