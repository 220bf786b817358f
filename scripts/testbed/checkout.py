# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose servers this machine runs. Demo and scenarios have the same names in every checkout, and their keys and secrets lie in one of them.

A label on containers and networks says which. tests/servers asks the same before it makes or removes anything:

    python -m testbed.checkout <network> <folder of the SSH key> [container]...
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import cache
from .shell import ROOT, SetupError, read, run, said

#: The label of containers and networks with the checkout's folder; tests/servers sets it.
LABEL = "vannah.checkout"
#: The network of the demo, unless its inventory says another.
DEMO = "vannah-demo"
#: A busy engine may lose the output of a program: a network without containers is believed after so many attempts.
ATTEMPTS = 3

Labels = Mapping[str, str]


def other(labels: Labels, here: str, opens: Callable[[str], bool], is_checkout: Callable[[str], bool]) -> str | None:
    """The checkout of the first server that does not belong to ``here``, empty where that is unknown; None where all of them do.

    A server without a label was made by an older release, and one of a folder that is gone by a checkout that was moved: both belong to the
    checkout whose key they have.

    :param labels: container -> folder, empty where it has no label
    :param opens: whether the key of this checkout is in a container
    :param is_checkout: whether a folder is there and is a checkout
    """
    for name, folder in sorted(labels.items()):
        if folder == here or (not (folder and is_checkout(folder)) and opens(name)):
            continue
        return folder
    return None


def refusal(network: str, folder: str, is_checkout: Callable[[str], bool]) -> str:
    """Why nothing is done, and what to do."""
    demo = network == DEMO
    servers = "The demo" if demo else f"Test servers ({network})"
    whose = f"of the checkout {folder}" if folder else "of another checkout, whose folder is not recorded,"
    containers = f"$(docker ps --all --quiet --filter name=^{network}-)"
    by_hand = f"docker rm --force --volumes {containers}; docker network rm {network} (this deletes their data)"
    away = "run `make demo-down` there" if demo else "wait until its tests end"
    if is_checkout(folder):
        fix = f"use that checkout, or {away} first." if demo else f"{away}; if they do not run any more: {by_hand}."
    elif folder:
        fix = f"check that the folder was removed, then run {by_hand}."
    else:
        fix = f"{away}{' first' if demo else ''}; if that checkout was removed: {by_hand}."
    return f"{servers} {whose} {'runs' if demo else 'are'} on this machine. Nothing was changed. Fix: {fix}"


def refuse_other(network: str, keys: Path, names: Sequence[str] = ()) -> bool:
    """Look at what the engine has; True where it has servers, and all of them belong to this checkout.

    :param keys: the folder of the checkout's SSH key for these servers
    :param names: containers; none: all whose names begin with that of the network
    :raises SetupError: they belong to another checkout.
    """
    networks = _labels(read(["docker", "network", "ls", "--format", _format("Name")], lambda text: "none" in _labels(text)))
    containers = _containers(network, ATTEMPTS if network in networks else 1)
    if names:
        containers = {name: folder for name, folder in containers.items() if name in names}
    public = _public_key(keys)
    found = other(containers, str(ROOT), lambda name: bool(public) and public in _keys_in(name), is_checkout)
    maker = networks.get(network, "")
    if found is None and not containers and maker != str(ROOT) and is_checkout(maker):
        found = maker  # its first server is about to be started
    if found is not None:
        raise SetupError(refusal(network, found, is_checkout))
    return bool(containers)


def all_servers() -> list[str]:
    """All test servers of this machine, also stopped ones and those of other checkouts: they use the images and the package cache."""
    names = run(["docker", "ps", "--all", "--format", "{{.Names}}", "--filter", "name=^vannah-"]).split()
    return sorted(set(names) - {cache.CONTAINER})


def is_checkout(folder: str) -> bool:
    """Whether a folder is there and has these files."""
    return bool(folder) and (Path(folder) / "scripts" / "testbed").is_dir()


def _format(name: str) -> str:
    return f'{{{{.{name}}}}}\t{{{{.Label "{LABEL}"}}}}'


def _labels(text: str) -> dict[str, str]:
    return {name: folder for name, _tab, folder in (line.partition("\t") for line in text.splitlines()) if name}


def _containers(network: str, attempts: int) -> dict[str, str]:
    argv = ["docker", "ps", "--all", "--filter", f"name=^{network}-", "--format", _format("Names")]
    for _ in range(attempts):
        found = _labels(run(argv))
        if found:
            return found
    return {}


def _public_key(keys: Path) -> str:
    """The checkout's key as sshd has it; empty where it has none."""
    try:
        return " ".join((keys / "ssh_key.pub").read_text(encoding="utf-8").split()[:2]) if (keys / "ssh_key").is_file() else ""
    except OSError:
        return ""


def _keys_in(container: str) -> set[str]:
    """The keys that a container lets in. Copied: it may be stopped."""
    with tempfile.TemporaryDirectory(prefix="vannah-keys-") as folder:
        copy = Path(folder) / "keys"
        if said(["docker", "cp", f"{container}:/root/.ssh/authorized_keys", str(copy)]) is None or not copy.is_file():
            return set()
        return {" ".join(line.split()[:2]) for line in copy.read_text(encoding="utf-8", errors="replace").splitlines()}


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0, or 2 where the servers belong to another checkout, with the reason."""
    try:
        refuse_other(arguments[0], Path(arguments[1]), arguments[2:])
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
