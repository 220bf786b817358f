# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations with the real authority, the real agent and a real openssl: two hosts, and what they answer between the steps."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import proc
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import identity, supply
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import authority as pki
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import succession, trust
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.rotation import older

from .fake_host import FakeHost, Killed, component, service

KEY, CERT, CA = (f"/etc/vannah/pki/web/{name}.pem" for name in ("key", "cert", "ca"))
TRUSTED = "/etc/vannah/pki/ca.crt"


class Host(FakeHost):
    """A host with openssl."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.write("/usr/bin/openssl", "")

    def run(self, argv: Any, input: Any = None, **more: Any) -> Any:
        if argv[0] == "openssl":
            return proc.run(list(argv), input=input)
        return super().run(argv, input=input, **more)


class Site:
    """A site of two hosts, converged as the controller does it."""

    def __init__(self, folder: Path, on_change: str) -> None:
        self.loader = DataLoader()
        self.loader.set_vault_secrets([("default", VaultSecret(b"the right password"))])
        self.folder = str(folder / "site")
        os.mkdir(self.folder)
        pki.ensure_authority(self.loader, self.folder, "clinic")
        self.hosts = {name: Host(folder / name) for name in ("web1", "web2")}
        self.on_change = on_change

    def components(self, name: str) -> list[dict[str, Any]]:
        """The authority, and a service with a certificate: what roles and ``ComponentAction.add_authority`` make of them."""
        signing, known = pki.certificate_text(self.folder), trust.bundle(self.folder)
        item = {"name": "web", "key": KEY, "cert": CERT, "ca": CA, "common_name": name, "names": [name], "on_change": self.on_change}
        unit = service("web.service", reads=(CERT, CA, KEY), on_change=self.on_change)
        web = component("web", certificates=[item], units=[unit])
        web["certificates"][0]["ca_pem"] = signing
        if known != signing:
            web["certificates"][0]["trust_pem"] = known
        return [component("authority", files=[{"path": TRUSTED, "content": known}]), web]

    def payload(self, name: str, policy: dict[str, Any]) -> dict[str, Any]:
        own = {**identity.of(self.folder, "clinic"), "host": name, "takeover": False}
        return {"site": own, "policy": {"container_host": False, "retry": False, **policy}}

    def converge(self, name: str, **policy: Any) -> list[str]:
        """Both calls of a host; its steps."""
        host, components, steps = self.hosts[name], self.components(name), []
        for _call in range(2):
            answer = host.call(*components, **self.payload(name, policy))
            assert answer["error"] is None, answer["error"]
            for found in answer["components"]:
                assert found["error"] is None, found["error"]
                steps += [f"{step['action']} {step['target']}" for step in found["steps"]]
            if not any(found["csrs"] for found in answer["components"]):
                break
            supply.issue(pki.load_authority(self.loader, self.folder), components, answer["components"])  # type: ignore[arg-type]
        return steps

    def restart(self, name: str) -> None:
        """What the rolling engine does with a unit that waits."""
        asked = {"component": "web", "unit": "web.service", "previous": None, "reason": None}
        answer = self.hosts[name].call(self.components(name)[1], op="restart", restart=asked, **self.payload(name, {}))
        assert answer["error"] is None and answer["components"][0]["error"] is None, answer

    def answers(self) -> dict[str, Any]:
        """What the hosts say of their certificates."""
        found = {}
        for name, host in self.hosts.items():
            answer = host.call(op="domain", domain="pki", call="certificates", params={"also": []}, **self.payload(name, {}))
            found[name] = answer["domain"]["result"]
        return found

    def left(self, signs: bool = False) -> list[str]:
        known = trust.known(self.folder)
        prints = [one["fingerprint"] for one in identity.of(self.folder)["authorities"]]
        return succession.unfinished(self.answers(), prints, known[0].identifier if signs else "")

    def accepts(self, name: str, other: str) -> bool:
        """Whether a host accepts the certificate that another one shows, with the authorities that it has on disk."""
        chain, trusted = (str(self.hosts[host].file(path)) for host, path in ((other, CERT), (name, CA)))
        argv = ["openssl", "verify", "-CAfile", trusted, "-untrusted", chain, chain]
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0

    def both_accept(self) -> bool:
        return self.accepts("web1", "web2") and self.accepts("web2", "web1")

    def pair_fits(self, name: str) -> bool:
        host = self.hosts[name]
        key = subprocess.run(["openssl", "pkey", "-pubout", "-in", host.file(KEY)], capture_output=True, check=True).stdout
        return (
            key == subprocess.run(["openssl", "x509", "-pubkey", "-noout", "-in", host.file(CERT)], capture_output=True, check=True).stdout
        )


Make = Callable[[str], Site]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """``make(on_change)``: a converged site."""

    def made(on_change: str) -> Site:
        site = Site(tmp_path, on_change)
        for name in site.hosts:
            site.converge(name)
            assert site.converge(name) == []
        assert site.left(signs=True) == [] and site.both_accept()
        return site

    return made


@pytest.mark.parametrize("on_change", ["reload", "defer"])
def test_ca_is_rotated_and_all_accept_each_other_at_each_moment(make: Make, on_change: str) -> None:
    """Host after host in each step; a service that reads its files at its start holds the next step until it was restarted."""
    site = make(on_change)

    def step(signs: bool) -> None:
        for name in site.hosts:
            assert site.left(signs), "the next step has to wait"
            site.converge(name)
            assert site.both_accept(), f"after {name}"
        if on_change == "defer":
            assert site.left(signs) == ["web1: web.service runs with previous files", "web2: web.service runs with previous files"]
            for name in site.hosts:
                site.restart(name)
        assert site.left(signs) == []
        for name in site.hosts:
            assert site.converge(name) == []

    before = site.answers()["web1"]["certificates"][0]
    succession.begin(site.loader, site.folder, "clinic")
    step(signs=False)
    assert site.answers()["web1"]["certificates"][0]["serial"] == before["serial"], "the old one signs"
    succession.promote(site.loader, site.folder)
    step(signs=True)
    succession.drop(site.loader, site.folder)
    step(signs=True)
    after = site.answers()["web1"]
    assert [one["called"] for one in after["trusted"]] == ["clinic internal CA 2"]
    assert after["certificates"][0]["issuer"] == "clinic internal CA 2"


def test_a_host_that_missed_a_step_is_found(make: Make) -> None:
    site = make("reload")
    succession.begin(site.loader, site.folder, "clinic")
    site.converge("web1")
    assert site.left() == ["web2 does not trust these authorities", "web2: web does not trust these authorities"]


def test_new_keys_come_with_their_certificates(make: Make) -> None:
    site = make("reload")
    before = site.answers()["web1"]["certificates"][0]
    cut = max(answer["certificates"][0]["not_before"] for answer in site.answers().values()) + 301
    assert [host for host, _item in older(site.answers(), cut)] == ["web1", "web2"]
    steps = site.converge("web1", reissue=cut)
    assert "request web" in steps and "update web" in steps and "reload web.service" in steps, steps
    after = site.answers()["web1"]["certificates"][0]
    assert after["serial"] != before["serial"] and after["key_fits"] and site.pair_fits("web1")
    assert [host for host, _item in older(site.answers(), cut)] in (["web2"], ["web1", "web2"])


def test_killed_anywhere_a_rotation_of_keys_heals(make: Make) -> None:
    """The next call undoes or ends it; no host keeps a certificate of another key."""
    site = make("reload")
    host = site.hosts["web1"]
    reached = 0
    for count in range(0, 200, 3):
        serial = site.answers()["web1"]["certificates"][0]["serial"]
        cut = site.answers()["web1"]["certificates"][0]["not_before"] + 301
        host.cut = count
        try:
            with host.every_change_counts():
                site.converge("web1", reissue=cut)
            ended = True
        except Killed:
            ended = False
        host.cut = None
        site.converge("web1")
        assert site.pair_fits("web1") and site.both_accept(), count
        assert site.left(signs=True) == [], count
        assert not host.file("/etc/vannah/pki/web/.key.pem.next").exists(), count
        assert site.converge("web1") == [], count
        reached += serial != site.answers()["web1"]["certificates"][0]["serial"]
        if ended:
            break
    assert count > 20 and reached
