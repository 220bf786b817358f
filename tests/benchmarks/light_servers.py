# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare servers of the benchmark's own: a server is of one site and has one name, so the demo's cannot be twenty."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import executable, run_once

NETWORK, SUBNET = "vannah-bench", "172.30.250"
#: The first addresses of a network are the engine's.
FIRST_ADDRESS = 11


def inventory_of(folder: Path, count: int) -> None:
    """Write an inventory of so many servers, and what their containers are, into a folder."""
    common = "-o IdentitiesOnly=yes -o 'UserKnownHostsFile=\"{{ inventory_dir }}/keys/known_hosts\"'"
    variables = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(folder / "keys/ssh_key"),
        "ansible_ssh_common_args": common,
        "ansible_python_interpreter": "/usr/bin/python3",
        "server_network": NETWORK,
        "server_container": "{{ server_network }}-{{ inventory_hostname }}",
    }
    hosts = {f"light{number:03d}": {"ansible_host": f"{SUBNET}.{FIRST_ADDRESS + number}"} for number in range(count)}
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}), encoding="utf-8")
    (folder / "containers.yml").write_text(json.dumps({"subnet": f"{SUBNET}.0/24"}), encoding="utf-8")


@contextlib.contextmanager
def light_servers(count: int) -> Iterator[str]:
    """Have so many servers, each a container with systemd and sshd; they are removed at the end.

    :return: the path of their inventory
    :raises CommandFailed: they could not be made
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inventory_of(folder, count)
        inventory = str(folder / "hosts.json")

        def servers(playbook: str) -> None:
            run_once([executable("ansible-playbook"), "-i", inventory, f"tests/servers/{playbook}.yml"])

        try:
            servers("create")
            yield inventory
        finally:
            servers("destroy")


__all__ = ["inventory_of", "light_servers"]
