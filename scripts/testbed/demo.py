# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a demo leaves on this machine. It is removed from whatever is there, also after a demo that broke off."""

from __future__ import annotations

import shutil
from pathlib import Path

from .shell import ROOT, run

NETWORK = "vannah-demo"
#: What a run of the demo makes in the checkout.
FILES = (".demo", "inventories/demo/secrets.yml", "inventories/demo/pki", "inventories/demo/.vault_password")


def remove_servers() -> None:
    """Remove every container of the demo with its anonymous volumes, then the network."""
    names = run(["docker", "ps", "--all", "--quiet", "--filter", f"name=^{NETWORK}-"]).split()
    if names:
        run(["docker", "rm", "--force", "--volumes", *names])
    if run(["docker", "network", "ls", "--quiet", "--filter", f"name=^{NETWORK}$"]).split():
        run(["docker", "network", "rm", NETWORK])


def remove_files(root: Path = ROOT) -> None:
    """Remove keys, secrets, authority and vault password of the demo."""
    for name in FILES:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
