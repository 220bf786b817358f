# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person is told to run is a command that works as it stands: with the site, and the vault password's way."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import commands

VERB = "Fix: run playbooks/change_ports.yml, which changes it"
PROGRAM = ".venv/bin/ansible-playbook"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, VERB),
        ({"inventory": ("/w/inventories/mine",)}, f"Fix: run {PROGRAM} -i inventories/mine playbooks/change_ports.yml, which changes it"),
        (
            {"inventory": ("/w/inventories/demo",), "vault_password_files": ["/w/inventories/demo/.vault_password"]},
            f"Fix: run {PROGRAM} -i inventories/demo --vault-password-file inventories/demo/.vault_password"
            " playbooks/change_ports.yml, which changes it",
        ),
        (
            {"inventory": ("/a b/site",), "vault_ids": ("x@/w/own", "y@prompt"), "ask_vault_pass": True, "become_ask_pass": True},
            f"Fix: run {PROGRAM} -i '/a b/site' --vault-id x@own --vault-id y@prompt --ask-vault-pass --ask-become-pass"
            " playbooks/change_ports.yml, which changes it",
        ),
        (
            {"inventory": ("inventories/mine", "/w/more")},
            f"Fix: run {PROGRAM} -i inventories/mine -i more playbooks/change_ports.yml, which changes it",
        ),
    ],
)
def test_a_playbook(options: dict[str, Any], said: str) -> None:
    assert commands.whole(VERB, options, "/w") == said


@pytest.mark.parametrize(
    ("site", "text", "said"),
    [
        ("mine", "and run `make converge` once", "and run `make converge SITE=mine` once"),
        ("demo", "and run `make converge` once", "and run `make converge` once"),
        ("mine", "run `make demo`", "run `make demo`"),
        ("mine", "as playbooks/vars/artifacts.yml has it", "as playbooks/vars/artifacts.yml has it"),
        ("mine", "playbooks/<service>/converge.yml", "playbooks/<service>/converge.yml"),
        ("mine", "(playbooks/minio/heal.yml)", f"({PROGRAM} -i inventories/mine playbooks/minio/heal.yml)"),
        ("mine", "ansible-playbook -i x playbooks/site.yml", "ansible-playbook -i x playbooks/site.yml"),
        ("mine", "/srv/playbooks/site.yml", "/srv/playbooks/site.yml"),
    ],
)
def test_a_text(site: str, text: str, said: str) -> None:
    assert commands.whole(text, {"inventory": (f"/w/inventories/{site}",)}, "/w") == said


def test_a_site_elsewhere_has_no_target() -> None:
    assert commands.whole("`make plan`", {"inventory": ("/srv/sites/mine",)}, "/w") == "`make plan`"


def test_messages_and_warnings_of_a_result() -> None:
    result = {"msg": "playbooks/site.yml", "warnings": ["playbooks/site.yml", 1], "other": "playbooks/site.yml"}
    commands.complete(result, {"inventory": ("/w/a",)}, "/w")
    whole = f"{PROGRAM} -i a playbooks/site.yml"
    assert result == {"msg": whole, "warnings": [whole, 1], "other": "playbooks/site.yml"}


def test_a_result_without_words() -> None:
    result: dict[str, Any] = {"changed": False}
    commands.complete(result, {}, "/w")
    assert result == {"changed": False}
