# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root's credentials that this host's own server was started with.

Between new credentials in the site's secrets and the restart of all servers the servers run with the previous ones. The host has these in
the server's own file or, once that is replaced, in the last good generation of the component, which stays until the restart. The server's
environment has a digest of each (the role's ``minio.env``), so that a pair is only taken where the server really runs with it.
"""

from __future__ import annotations

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.model import Context

UNIT = "minio.service"
#: The component of the role, and its file that the server reads its secrets from.
COMPONENT, SECRETS = "minio", "/etc/minio/secrets.env"
USER, PASSWORD = "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"


def settings(text: str) -> dict[str, str]:
    """An environment file as systemd reads it, for what the role writes."""
    pairs = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value.strip('"') for name, _sign, value in pairs}


def process(ctx: Context) -> str:
    """The folder in ``/proc`` of this host's server; empty where none runs."""
    pid = ctx.run(["systemctl", "show", "--property=MainPID", "--value", UNIT], check=False).out.strip()
    return "" if pid in ("", "0") else ctx.path(f"/proc/{pid}")


def environment(folder: str) -> dict[str, str]:
    """What of a process's environment is the role's: the server's settings, and digests of its secrets.

    :param folder: see :func:`process`
    """
    from ...lib import disk

    given = (disk.read(f"{folder}/environ") or b"").decode(errors="replace").split("\0")
    pairs = (item.partition("=") for item in given)
    return {name: value for name, _sign, value in pairs if name.startswith(("MINIO_", "VANNAH_"))}


def digest(name: str, value: str) -> str:
    """What the server's environment has of a secret."""
    return hashlib.sha256(f"{name}={value}".encode()).hexdigest()


def chosen(running: Mapping[str, str], files: list[str]) -> tuple[str, str] | None:
    """User and password of the first file that the server runs with; None where none of them matches.

    :param running: see :func:`environment`
    :param files: texts of the server's file of secrets, as they are and were
    """
    for text in files:
        found = settings(text)
        if all(name in found and running.get(f"VANNAH_{name}") == digest(name, found[name]) for name in (USER, PASSWORD)):
            return found[USER], found[PASSWORD]
    return None


def credentials(ctx: Context) -> tuple[str, str] | None:
    """What this host's server runs with; None where no server runs, or the host no longer has them."""
    from ...core import generations
    from ...lib import disk

    folder = process(ctx)
    if not folder:
        return None
    before = generations.load(ctx, COMPONENT) or {}
    blobs = [saved["blob"] for saved in before.get("files") or () if saved["path"] == SECRETS and saved["kind"] == "file"]
    paths = [SECRETS, *(f"{generations.folder(COMPONENT)}/{blob}" for blob in blobs)]
    return chosen(environment(folder), [(disk.read(ctx.path(path)) or b"").decode(errors="replace") for path in paths])
