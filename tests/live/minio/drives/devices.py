# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose drives are devices, and what lies on them."""

from __future__ import annotations

import json
import subprocess

from tests.live.lib.site import Site

BY_ID = "/dev/disk/by-id/test-"


class Devices:
    """The server and what lies on its devices, asked past Ansible."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.host = site.hosts("object_store")[0]

    def run(self, *argv: str, check: bool = True) -> str:
        """Output of a command on the server."""
        return self.site.run(self.host, *argv, check=check).stdout.strip()

    def digest(self, name: str) -> str:
        """The sha256 of every byte of a device."""
        return self.run("sha256sum", BY_ID + name).split()[0]

    def never_written(self, name: str) -> bool:
        """Whether the file behind a device has no block at all."""
        return self.run("sh", "-c", f"stat --format=%b /var/lib/test-drives/*/{name}") == "0"

    def uuid(self, name: str) -> str:
        """The UUID of a device's file system; empty where it has none."""
        return self.run("blkid", "--probe", "--match-tag", "UUID", "--output", "value", BY_ID + name, check=False)

    def mounts(self) -> dict[str, tuple[str, str]]:
        """Mount points below /srv/minio -> device, kind of file system."""
        found = (line.split() for line in self.run("findmnt", "--list", "--noheadings", "--output", "TARGET,SOURCE,FSTYPE").splitlines())
        return {target: (source, kind) for target, source, kind in found if target.startswith("/srv/minio/")}

    def wipe(self, name: str) -> None:
        """Zeros only."""
        self.run("blkdiscard", "--force", BY_ID + name)

    def write(self, name: str, place: int, data: bytes) -> None:
        """Write bytes to a device."""
        program = "import sys; f = open(sys.argv[1], 'r+b'); f.seek(int(sys.argv[2])); f.write(bytes.fromhex(sys.argv[3]))"
        self.run("python3", "-I", "-c", program, BY_ID + name, str(place), data.hex())

    def random(self, name: str, place: int, count: int) -> None:
        """Write random bytes to a device; both in MiB."""
        self.run("dd", "if=/dev/urandom", f"of={BY_ID}{name}", "bs=1M", f"seek={place}", f"count={count}", "conv=notrunc", "status=none")

    def make(self, device: str, path: str, *arguments: str, ask: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the role's task with one drive."""
        given = {"minio_drives": [{"path": path, "device": device}], "minio_format_drives": ask}
        return self.site.playbook("../tests/live/minio/drives/drives.yml", "-e", json.dumps(given), *arguments)
