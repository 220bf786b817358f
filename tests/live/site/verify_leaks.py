# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of the site is where it does not belong: command lines, environments, journals, temporary folders, the checkout's logs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.live.lib.hidden import hide
from tests.live.lib.server import Server
from tests.live.lib.site import Site

PLACES = ("processes", "environments", "journal", "temporary")


class Secrets(dict[str, str]):
    """Values by name that no traceback shows."""

    def __repr__(self) -> str:
        return f"<{len(self)} secrets>"

    def named_in(self, text: str) -> list[str]:
        """Names of the secrets whose values are in a text."""
        return sorted(name for name, value in self.items() if value in text)


@pytest.fixture(scope="module")
def secrets_of_site(reached: Site) -> Secrets:
    """The site's secrets by name, where their password is available."""
    given = os.environ.get("ANSIBLE_VAULT_PASSWORD_FILE") or reached.inventory / ".vault_password"
    store = reached.inventory / "secrets.yml"
    if not Path(given).is_file() or os.access(given, os.X_OK) or not store.is_file():
        pytest.skip("the vault password is not at hand in a file")
    from ansible.parsing.vault import VaultLib, VaultSecret

    password = VaultSecret(Path(given).read_bytes().strip())
    found = yaml.safe_load(VaultLib([("default", password)]).decrypt(store.read_bytes()))
    return Secrets({name: hide(str(value)) for name, value in found.items()})


def test_secrets_are_encrypted_in_the_sites_folder(reached: Site, secrets_of_site: Secrets) -> None:
    """The folder can be committed: nothing in it is readable without the password. A site whose roles have no secrets has none."""
    assert bool(secrets_of_site) == any(reached.values.exported(host, "secrets") for host in reached.hosts("all"))
    for file in reached.inventory.rglob("*"):
        if file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            assert secrets_of_site.named_in(text) == [], file.name


@pytest.mark.parametrize("place", PLACES)
def test_secrets_do_not_leak_on_servers(servers: dict[str, Server], secrets_of_site: Secrets, place: str) -> None:
    """No value of a secret in what others can read; only names are printed."""
    for host, server in servers.items():
        leaked = secrets_of_site.named_in(server.seen(place))
        assert not leaked, f"{host}: {', '.join(leaked)} in {place}"
