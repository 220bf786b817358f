# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store in lines, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...agent.lib.plural import counted

#: Of servers that do not have the root credentials of the site's secrets yet.
BEFORE = (
    "the servers run with the previous root credentials: their rotation was interrupted, or waits for minio/update.yml;"
    " minio/rotate_credentials.yml continues it"
)


def picture(seen: Mapping[str, Any]) -> list[str]:
    """What the module ``minio_info`` says; no line where no server answers."""
    servers = seen.get("servers") or ()
    ran = [server.get("version") for server in servers]
    lines = [f"version {version} on {counted(ran.count(version), 'server')}" for version in seen.get("versions") or ()]
    lines += [
        f"pool {one['pool'] + 1} set {one['set'] + 1}: {one['online']} of {counted(one['drives'], 'drive')},"
        f" {one['write_quorum']} needed to write"
        for one in seen.get("sets") or ()
    ]
    lines += [
        f"{drive['endpoint']}: {'is being healed' if drive.get('healing') else drive['state']}"
        for drive in seen.get("drives") or ()
        if drive["state"] != "ok" or drive.get("healing")
    ]
    usage = seen.get("usage")
    if usage is not None:
        lines.append(f"{counted(usage['objects'], 'object')} in {counted(usage['buckets'], 'bucket')} when last counted")
    if seen.get("before"):
        lines.append(BEFORE)
    return lines + [f"unhealthy: {problem}" for problem in seen.get("problems") or ()]
