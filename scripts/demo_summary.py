# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what runs where in the demo, how to reach it and where its secrets are. Reads the inventory; asks no host.

PYTHONPATH=collections .venv/bin/python -m scripts.demo_summary
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.live.lib.values import Values

ROOT = Path(__file__).resolve().parent.parent
SITE = "inventories/demo"
SSH = "ssh -i .demo/ssh_key -o UserKnownHostsFile=.demo/known_hosts -o IdentitiesOnly=yes root@"


def lines(values: Values) -> list[str]:
    """The text, line by line: what the roles of each host say of themselves (``summary`` of their exports)."""
    text = ["", "The demo runs:", ""]
    told: dict[str, list[str]] = {}
    for host in values.hosts():
        address = values.get(host, "ansible_host")
        said = values.exported(host, "summary")
        text.append(f"  {host:<6} {address:<14} {'; '.join(str(item['runs']) for item in said)}")
        for item in said:
            if item.get("title"):
                what = f"{SSH}{address} {item['command']}" if item.get("command") else str(item["text"])
                told.setdefault(str(item["title"]), [f"{item['title']}:", f"  {what}"])
    text += ["", "Reach a server:", f"  {SSH}{values.get(values.hosts()[0], 'ansible_host')}"]
    text += [line for lines_of in told.values() for line in lines_of]
    text += [
        "Read a secret:",
        f"  .venv/bin/ansible-vault view --vault-password-file {SITE}/.vault_password {SITE}/secrets.yml",
        "",
        f"Secrets: {SITE}/secrets.yml (encrypted), their password: {SITE}/.vault_password, certificates' authority: {SITE}/pki/.",
        "Again: make demo re-converges. Remove everything: make demo-down.",
    ]
    return text


def main() -> int:
    """Print the text."""
    print("\n".join(lines(Values(ROOT / SITE))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
