# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for IPVS on the nodes of a Swarm whose kernel has none: virtual IPs of services would lead nowhere.

Docker asks IPVS, in a network namespace of each overlay network, to spread the virtual IP of a service over its tasks. This loop reads what
Docker knows (``docker network inspect --verbose``) and writes the same as rules of netfilter there. It follows a change within two seconds.
Docker's own objects stay as they are.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Any

SPACES = "/var/run/docker/netns/"
HEAD = "*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n"
TAIL = "-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n"


def run(*argv: str, text: str = "") -> str:
    """What a program printed; "" where it failed."""
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # Docker is still to come
        return ""
    return done.stdout if done.returncode == 0 else ""


def spread(address: str, tasks: list[str]) -> list[str]:
    """Rules that send what goes to an address to one task after the other."""
    rules = []
    for number, task in enumerate(tasks):
        left = len(tasks) - number
        every = f" -m statistic --mode nth --every {left} --packet 0" if left > 1 else ""
        rules += [f"-A {chain} -d {address}/32{every} -j DNAT --to-destination {task}" for chain in ("PREROUTING", "OUTPUT")]
    return rules


def services(network: dict[str, Any]) -> dict[str, list[str]]:
    """Virtual IP -> addresses of its tasks."""
    found = {}
    for service in (network.get("Services") or {}).values():
        tasks = sorted({task["EndpointIP"] for task in service.get("Tasks") or () if task.get("EndpointIP")})
        if service.get("VIP") not in ("", None, "<nil>") and tasks:
            found[service["VIP"]] = tasks
    return found


def balance(known: dict[str, str]) -> None:
    """Write the rules of each overlay network where they have changed.

    :param known: namespace -> what was written there
    """
    for identity in run("docker", "network", "ls", "--no-trunc", "--quiet", "--filter", "driver=overlay").split():
        network: dict[str, Any] = next(iter(json.loads(run("docker", "network", "inspect", "--verbose", identity) or "[]")), {})
        space = f"{SPACES}lb_{identity[:9]}"
        if not network or network.get("Ingress") or not os.path.exists(space):
            continue
        found = services(network)
        text = HEAD + "".join(f"{rule}\n" for address, tasks in sorted(found.items()) for rule in spread(address, tasks)) + TAIL
        inside = ("nsenter", f"--net={space}")
        if known.get(space) == f"{os.stat(space).st_ino} {text}":
            continue
        run(*inside, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        there = {line.split()[3] for line in run(*inside, "ip", "-4", "-o", "addr", "show", "dev", "eth0").splitlines()}
        for address in found:
            if f"{address}/32" not in there:
                run(*inside, "ip", "addr", "add", f"{address}/32", "dev", "eth0")
        for address in there:
            if address.endswith("/32") and address[:-3] not in found:
                run(*inside, "ip", "addr", "del", address, "dev", "eth0")
        run(*inside, "iptables-restore", text=text)
        known[space] = f"{os.stat(space).st_ino} {text}"


if __name__ == "__main__":
    written: dict[str, str] = {}
    while True:
        balance(written)
        time.sleep(1)
