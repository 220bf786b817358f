# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CapRover of a site of test servers, or what stands in for it: its images, its API as a person uses it, and the services that it makes."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import yaml

from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

HERE = Path(__file__).resolve().parent
STAND_IN = HERE.parents[1] / "standins" / "caprover"
#: Where the registry's host finds images (group_vars/registry.yml of the scenario).
FOLDER = "/srv/images"
#: Where a node finds CapRover's own images, and the port of what gives them (hub.py).
HUB, HUB_PORT = "/srv/hub", 5999
#: There where the kernel balances for the Swarm.
IPVS = Path("/proc/net/ip_vs")
#: Variables of nodes with CapRover's own image. No name of the root domain leads to it here, and it asks nothing outside.
REAL = {
    "caprover_image": "caprover/caprover",
    "caprover_settings": {"skipVerifyingDomains": True, "analyticsDomain": "http://127.0.0.1:9", "proApiDomains": ["http://127.0.0.1:9"]},
    "docker_registry_mirrors": [f"http://127.0.0.1:{HUB_PORT}"],
    "docker_insecure_registries": [f"127.0.0.1:{HUB_PORT}"],
}
#: CapRover's own images.
IMAGES = (
    "caprover/caprover:1.15.3",
    "nginx:1.31",
    "caprover/certbot-sleeping:v2.11.0",
    "caprover/caprover-placeholder-app:latest",
)
#: A call of the API on CapRover's own host.
CALL = """
import json, sys, urllib.request
def ask(method, path, body=None, token=""):
    headers = {"content-type": "application/json", "x-namespace": "captain", **({"x-captain-auth": token} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request("http://127.0.0.1:3000/api/v2" + path, method=method, data=data, headers=headers)
    return json.load(urllib.request.urlopen(request, timeout=60))
given = json.load(sys.stdin)
token = ask("POST", "/login", {"password": given["password"]})["data"]["token"]
print(json.dumps(ask(given["method"], given["path"], given["body"], token)))
"""


def image_program(call: str, folder: str, *more: str) -> str:
    """The program of make_images.py that writes files with images.

    :param call: its function
    :param folder: where they are written
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(STAND_IN.glob("*.py")):
            archive.add(path, path.name, filter=lambda member: member.replace(mtime=0))
    program = (HERE / "make_images.py").read_text(encoding="utf-8")
    given = [repr(folder), f"base64.b64decode({base64.b64encode(packed.getvalue()).decode()!r})", *map(repr, more)]
    return f"{program}\nimport base64\n{call}({', '.join(given)})\n"


def own_images(folder: Path) -> Path | None:
    """A folder with files of CapRover's own images; None where there are none.

    :param folder: where they are written, if this machine's engine has all of them and VANNAH_CAPROVER_IMAGES names no folder
    """
    named = os.environ.get("VANNAH_CAPROVER_IMAGES")
    if named:
        assert sorted(Path(named).glob("*.tar")), f"VANNAH_CAPROVER_IMAGES: {named} has no files of docker save"
        return Path(named)
    if subprocess.run(["docker", "image", "inspect", *IMAGES], capture_output=True, check=False).returncode:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(IMAGES):
        subprocess.run(["docker", "save", "--output", str(folder / f"{number}.tar"), image], check=True)
    return folder


@dataclass(frozen=True)
class Captain:
    """CapRover on the first host of its group."""

    site: Site

    @property
    def host(self) -> str:
        """CapRover's own host."""
        return self.site.values.in_order("caprover")[0]

    @property
    def others(self) -> list[str]:
        """The other nodes of the Swarm."""
        return [name for name in self.site.values.in_order("caprover") if name != self.host]

    @property
    def catalogue(self) -> list[dict[str, Any]]:
        """The apps, as the inventory has them."""
        return [dict(entry) for entry in self.site.values.get(self.host, "apps")]

    @property
    def real(self) -> bool:
        """Whether the site has CapRover itself, not what stands in for it."""
        return str(self.site.values.get(self.host, "caprover_image", "")).startswith("caprover/")

    @property
    def late(self) -> bool:
        """Whether requests go to a container for a moment after it has ended: this kernel has no IPVS, and balance.py stands in for it.

        Docker takes a container out of IPVS before it stops it; what stands in for CapRover passes requests on without IPVS.
        """
        return self.real and not IPVS.exists()

    def bring(self, folder: Path) -> None:
        """Have all nodes use CapRover's own images, of files of ``docker save``; this kernel may have no IPVS."""
        for host in (self.host, *self.others):
            self.site.run(host, "mkdir", "-p", HUB)
            for path in (*sorted(folder.glob("*.tar")), HERE / "hub.py", HERE / "balance.py"):
                self.site.docker("cp", str(path), f"{self.site.container(host)}:{HUB}/{path.name}")
            units = {"vannah-test-hub": ["python3", f"{HUB}/hub.py", HUB, str(HUB_PORT)]}
            if not IPVS.exists():
                units["vannah-test-balance"] = ["python3", f"{HUB}/balance.py"]
            for unit, argv in units.items():
                text = (
                    f"[Service]\nExecStart=/usr/bin/{' '.join(argv)}\nRestart=always\nRestartSec=2\n[Install]\nWantedBy=multi-user.target\n"
                )
                self.site.run(host, "tee", f"/etc/systemd/system/{unit}.service", stdin=text)
                self.site.run(host, "systemctl", "enable", "--now", f"{unit}.service")
            own = self.site.inventory / "host_vars" / host
            own.mkdir(parents=True, exist_ok=True)
            (own / "real_caprover.yml").write_text(json.dumps(REAL, indent=2) + "\n", encoding="utf-8")

    def make_images(self) -> None:
        """Write the files with images on the registry's host."""
        program = image_program("make", FOLDER)
        for host in self.site.hosts("registry"):
            self.site.run(host, "python3", "-", stdin=program, timeout=300)

    @cached_property
    def password(self) -> str:
        """CapRover's password, from the site's secrets."""
        program = str(Path(sys.executable).with_name("ansible-vault"))
        argv = [program, "view", *self.site.arguments, str(self.site.inventory / "secrets.yml")]
        said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        return str(yaml.safe_load(said)["caprover_password"])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers to a person with the password."""
        given = json.dumps({"password": self.password, "method": method, "path": path, "body": body})
        return json.loads(self.site.run(self.host, "python3", "-c", CALL, stdin=given).stdout)

    def updating(self) -> list[str]:
        """Services whose containers are being replaced."""
        listed = self.site.read(self.host, "docker", "service", "ls", "--format", "{{.Name}}").split()
        said = self.site.read(self.host, "docker", "service", "inspect", "--format", "{{.Spec.Name}} {{json .UpdateStatus}}", *listed)
        return [line.split()[0] for line in said.splitlines() if '"State":"updating"' in line or '"State":"rollback_started"' in line]

    def indices(self) -> dict[str, int]:
        """Service -> the Swarm's version of it, once it stays the same: the progress of an update is counted, too.

        A moment passes between the change of a service and the state "updating" (swarmkit, manager/orchestrator/update/updater.go), so
        "no update runs" is not enough on a busy machine: two readings have to be equal.
        """
        seen: list[dict[str, int]] = [{}]

        def still() -> bool:
            seen.append({} if self.updating() else self._indices())
            return bool(seen[-1]) and seen[-1] == seen[-2]

        wait_until(still, "all services are updated", ceiling(90), 2)
        return seen[-1]

    def _indices(self) -> dict[str, int]:
        listed = self.site.read(self.host, "docker", "service", "ls", "--format", "{{.Name}}").split()
        said = self.site.read(self.host, "docker", "service", "inspect", "--format", "{{.Spec.Name}} {{.Version.Index}}", *listed)
        return {name: int(index) for name, index in (line.split() for line in said.splitlines() if line.strip())}

    def definition(self, name: str) -> dict[str, Any]:
        """An app as the API lists it."""
        found = self.call("GET", "/user/apps/appDefinitions")["data"]["appDefinitions"]
        return next(dict(app) for app in found if app["appName"] == name)

    def image(self, name: str) -> str:
        """The image that an app's service has."""
        return self.site.read(
            self.host, "docker", "service", "inspect", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}}", name
        ).strip()

    def ask(self, domain: str) -> str:
        """What an app answers under its domain, asked from here; "" where it does not."""
        link = HTTPConnection(self.site.address(self.host), 80, timeout=10)
        try:
            link.request("GET", "/", headers={"host": domain})
            answer = link.getresponse()
            text = answer.read().decode()
            return text if answer.status == 200 else ""
        except (OSError, HTTPException):
            return ""
        finally:
            link.close()

    def wait_answer(self, domain: str, word: str, seconds: float = 60) -> None:
        """Wait until an app answers with a word at its beginning, several times in a row."""
        wait_until(lambda: all(self.ask(domain).startswith(f"{word} ") for _turn in range(4)), f"{domain} answers {word}", ceiling(seconds))
