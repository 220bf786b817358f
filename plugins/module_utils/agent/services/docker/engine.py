# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of this host's engine, for what its client cannot do or should not be started for (docs.docker.com, "Docker Engine API").

No version of the API is named: the engine then answers in its own one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context

#: Where the engine listens on its host.
SOCKET = "/run/docker.sock"


def ask(ctx: Context, method: str, path: str, body: Any = None, timeout: float = 60) -> tuple[int, str]:
    """A request, and its HTTP status with the text of the answer.

    :param body: sent as JSON; None: nothing is sent
    :param timeout: seconds until the engine has to answer
    :raises OSError: nothing answers at the socket, or not in time, or what answers does not speak HTTP
    """
    import json
    import socket
    from http.client import HTTPConnection, HTTPException

    link = HTTPConnection("docker", timeout=timeout)
    try:
        link.sock = socket.socket(socket.AF_UNIX)
        link.sock.settimeout(timeout)
        link.sock.connect(ctx.path(SOCKET))
        data, headers = (None, {}) if body is None else (json.dumps(body), {"content-type": "application/json"})
        link.request(method, path, body=data, headers=headers)
        answer = link.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except HTTPException as error:
        raise OSError(str(error) or type(error).__name__) from error
    finally:
        link.close()
