# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package cache of the test servers: Debian's apt-cacher-ng in a container of our own base image.

It listens on the address of the engine's default bridge, which servers on every network of the engine reach through their gateway
and no other machine does.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

from . import images, machine
from .shell import STATE, SetupError, is_json, read, run, said, say, succeeds, wait_for

CONTAINER = "vannah-test-cache"
VOLUME = "vannah-test-cache"
PORT = 3142


#: The container's label that says where it listens; tests/servers reads it.
LABEL = "vannah.address"


def address() -> str:
    """The gateway of the engine's default bridge, an address of this machine.

    :raises SetupError: the engine has no default bridge.
    """
    bridge = json.loads(read(["docker", "network", "inspect", "bridge"], is_json))[0]
    return gateway(bridge, _interface_address)


def gateway(bridge: dict[str, Any], address_of: Callable[[str], str | None]) -> str:
    """The gateway as the engine tells it, else the address of the bridge's interface: a new engine tells only the subnet.

    :param bridge: one network as `docker network inspect` prints it.
    :raises SetupError: it has neither.
    """
    for config in bridge["IPAM"]["Config"] or []:
        if config.get("Gateway") and ":" not in config["Gateway"]:
            return str(config["Gateway"])
    name = (bridge.get("Options") or {}).get("com.docker.network.bridge.name", "docker0")
    found = address_of(name)
    if found is None:
        raise SetupError(f"the engine's default bridge {name} has no address")
    return found


def _interface_address(name: str) -> str | None:
    """IPv4 address of an interface (netdevice(7), SIOCGIFADDR), None where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            answer = fcntl.ioctl(asking.fileno(), 0x8915, struct.pack("256s", name.encode()[:15]))
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])


def configuration(bind: str, mirrors: dict[str, str], proxy: str | None) -> str:
    """The text of acng.conf.

    :param mirrors: ``debian`` and ``debian-security``, the addresses from which this machine has Debian's packages. Servers always ask
        for deb.debian.org, as real ones do; where this machine has another mirror, the cache asks that one in its place.
    """
    lines = [
        "CacheDir: /var/cache/apt-cacher-ng",
        "LogDir: /var/log/apt-cacher-ng",
        f"BindAddress: {bind}",
        f"Port: {PORT}",
        "ForeGround: 1",
        "ExThreshold: 30",
        # A mirror that stalls is asked again; a test must not hang on it.
        "NetworkTimeout: 30",
        "DlMaxRetries: 5",
    ]
    for archive, mirror in sorted(mirrors.items()):
        public = machine.PUBLIC_MIRRORS[archive]
        if mirror != public:
            lines.append(f"Remap-{archive.replace('-', '')}: {public} ; {mirror}")
    if proxy:
        lines.append(f"Proxy: {proxy}")
    return "\n".join(lines) + "\n"


def status() -> str:
    """The state of the container (running, exited, ...); empty where there is none, or the engine did not say.

    Not `docker top`: it needs the program ps on this machine, which a minimal Debian does not have.
    """
    return said(["docker", "container", "inspect", "--format", "{{.State.Status}}", CONTAINER]) or ""


def is_running() -> bool:
    """Whether the package cache runs."""
    return status() == "running"


def _said_address() -> str:
    """What the running container's label says."""
    argv = ["docker", "container", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', CONTAINER]
    return read(argv, lambda text: bool(text.strip())).strip()


def ensure() -> None:
    """Start the cache where it does not run.

    :raises SetupError: it does not come up.
    """
    bind = address()
    if is_running() and images.is_current(images.IMAGES["cache"]) and _said_address() == f"{bind}:{PORT}":
        return
    images.ensure(("cache",))
    say("Starting the package cache of the test servers")
    folder = STATE / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    text = configuration(bind, machine.package_mirrors(), os.environ.get("http_proxy"))
    (folder / "acng.conf").write_text(text, encoding="utf-8")
    remove(volume=False)
    volume = f"{VOLUME}:/var/cache/apt-cacher-ng"
    argv = ["docker", "create", "--name", CONTAINER, "--label", f"{LABEL}={bind}:{PORT}", "--network", "host", "--volume", volume]
    run([*argv, images.IMAGES["cache"].name])
    # Copied in, not mounted: the engine may see another file system than we do.
    run(["docker", "cp", str(folder), f"{CONTAINER}:/etc/vannah-cache"])
    run(["docker", "start", CONTAINER])
    wait_for("the package cache answers", lambda: _listens(bind), seconds=30, give_up=_ended)


def _listens(bind: str) -> bool:
    try:
        with socket.create_connection((bind, PORT), timeout=2):
            return True
    except OSError:
        return False


def _ended() -> str | None:
    return None if status() not in ("exited", "dead") else f"its container ended; see `docker logs {CONTAINER}`"


def remove(*, volume: bool) -> None:
    """Remove the container, and with ``volume`` the packages that it keeps."""
    if succeeds(["docker", "container", "inspect", CONTAINER]):
        run(["docker", "rm", "--force", "--volumes", CONTAINER])
    if volume and succeeds(["docker", "volume", "inspect", VOLUME]):
        run(["docker", "volume", "rm", VOLUME])
    if volume:
        (STATE / "cache" / "acng.conf").unlink(missing_ok=True)
