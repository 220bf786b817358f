# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of a converged site: each of its hosts serves what its configuration says, with certificates that last."""

from __future__ import annotations

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site

SERVER = "/usr/local/lib/vannah/edge-server"
#: The engine's own word on what it runs.
RUNS = (
    f"if systemctl -q is-active traefik; then {SERVER} runs traefik /etc/traefik/vannah.yml $(sed -n 's/.*127.0.0.1:\\([0-9]*\\)$/\\1/p' "
    f"/etc/traefik/traefik.yml | head -n 1); else {SERVER} runs nginx /etc/nginx/vannah.conf; fi"
)
#: Each certificate that is served ends in more than a week.
LASTS = (
    "found=0; for file in /var/lib/vannah-edge/*/fullchain.pem; do test -e $file || continue; found=$((found + 1)); "
    "openssl x509 -in $file -noout -checkend 604800 >/dev/null || { echo $file ends within a week; exit 1; }; done; "
    "echo $found certificates"
)


@pytest.fixture
def hosts(reached: Site) -> list[str]:
    """The hosts of the group, of which there is at least one."""
    return required(reached, "edge", "hosts of the edge")


def test_it_runs_its_configuration(hosts: list[str], servers: dict[str, Server]) -> None:
    """After a failed reload an engine is active with an older one."""
    for name in hosts:
        answer = servers[name].shell(RUNS)
        assert answer.status == 0, f"{name}: {answer.text}"


def test_certificates_last(hosts: list[str], servers: dict[str, Server]) -> None:
    """Renewal is a month before the end."""
    for name in hosts:
        answer = servers[name].shell(LASTS)
        assert answer.status == 0, f"{name}: {answer.text}"
