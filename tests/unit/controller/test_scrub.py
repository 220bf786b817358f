# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is left in what is shown, however it was written."""

from __future__ import annotations

import base64
import html
import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ansible import context
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import report, scrub
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

SECRET = "p/ss \"w\\rd'+ü"
#: With every sign that a format doubles or writes otherwise.
ODD = "p%a\"s'<w>&r\\d$x"


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        quote(SECRET),
        quote(SECRET, safe=""),
        json.dumps(SECRET),
        SECRET.replace("'", "''"),
    ],
)
def test_forms(shown: str) -> None:
    text = scrub.Scrubber([SECRET]).text(f"before {shown} after")
    assert scrub.MASK in text and text.startswith("before ") and text.endswith(" after")
    assert shown not in text


@pytest.mark.parametrize(
    "shown",
    [
        shlex.quote(ODD),
        "'" + ODD.replace("'", "'\\''") + "'",
        html.escape(ODD),
        str(escape(ODD)),
        ODD.replace("%", "%%"),
        ODD.replace("$", "$$"),
        ODD.replace("\\", "\\\\"),
    ],
)
def test_forms_of_other_formats(shown: str) -> None:
    """Shells, HTML, unit files, compose files: the text between its quotes is masked whole."""
    assert scrub.Scrubber([ODD]).text(shown).strip("'") == scrub.MASK


@settings(deadline=None)
@given(st.binary(max_size=7), st.text(st.characters(min_codepoint=33, max_codepoint=0x17F), min_size=8), st.binary(max_size=7))
def test_base64_of_a_longer_text(before: bytes, secret: str, after: bytes) -> None:
    """``Authorization: Basic`` has user:password. What is left of the secret's own signs is less than a byte at each end."""
    data = secret.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + data + after).decode()
        first, last = len(before) * 8 // 6 + (len(before) % 3 > 0), (len(before) + len(data)) * 8 // 6
        shown = scrub.Scrubber([secret]).text(text)
        assert scrub.MASK in shown and text[first:last] not in shown


def test_longest_first() -> None:
    assert scrub.Scrubber(["secret", "secret-and-more"]).text("secret-and-more secret") == f"{scrub.MASK} {scrub.MASK}"


def test_short_values_stay() -> None:
    assert scrub.Scrubber(["5432", ""]).text("port 5432") == "port 5432"


def test_lines_of_a_key() -> None:
    key = "-----BEGIN KEY-----\nabcdefghijkl\nmnopqrstuvwx\n-----END KEY-----\n"
    assert scrub.Scrubber([key]).text("+ mnopqrstuvwx\n-----BEGIN KEY-----") == f"+ {scrub.MASK}\n-----BEGIN KEY-----"


def test_structures() -> None:
    data = {"steps": [{"a secretive b": ("secretive", 1, None, True)}]}
    assert scrub.Scrubber(["secretive"])(data) == {"steps": [{f"a {scrub.MASK} b": [scrub.MASK, 1, None, True]}]}


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(min_size=scrub.SHORTEST), st.text(), st.text())
def test_never_shown(secret: str, before: str, after: str) -> None:
    if len(secret.strip()) >= scrub.SHORTEST and secret not in scrub.MASK:
        shown = scrub.Scrubber([secret]).text(before + secret + after)
        assert secret not in shown.replace(scrub.MASK, "\0")


def test_site_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = VaultLib([("default", VaultSecret(b"word"))])
    loader = DataLoader()
    loader.set_vault_secrets(vault.secrets)
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext(vault.secrets))
    (tmp_path / "group_vars/all").mkdir(parents=True)
    (tmp_path / "group_vars/all/vault.yml").write_bytes(vault.encrypt("{whole: {deep: whole-secret}, number: 12345678}"))
    (tmp_path / "group_vars/all/plain.yml").write_text("plain: not-a-secret\n", encoding="utf-8")
    text = vault.encrypt("inline-secret").decode().replace("\n", "\n  ")
    (tmp_path / "vars.yml").write_text(f"inline: !vault |\n  {text}\nnested: [{{ansible_user: root}}]\n", encoding="utf-8")
    variables: dict[str, Any] = dict(loader.load_from_file(str(tmp_path / "vars.yml")))
    variables["ansible_become_password"] = "become-secret"
    (tmp_path / "extra.yml").write_bytes(vault.encrypt("{given: extra-secret}"))
    given = (f"@{tmp_path / 'extra.yml'}", f"@{tmp_path / 'vars.yml'}", "a=b")
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": given})
    assert "extra-secret" in scrub.site_values(loader, {}, None)
    values = scrub.site_values(loader, variables, str(tmp_path))
    assert {"whole-secret", "inline-secret", "12345678", "become-secret"} <= values
    assert "not-a-secret" not in values and "root" not in values


def test_values_of_other_encrypted_files(tmp_path: Path) -> None:
    """What ``vars_files`` and ``include_vars`` have read is told by the values themselves."""
    vault = VaultLib([("default", VaultSecret(b"word"))])
    loader = DataLoader()
    loader.set_vault_secrets(vault.secrets)
    (tmp_path / "whole.yml").write_bytes(vault.encrypt("{deep: {list: [file-secret]}, number: 87654321, on: true}"))
    (tmp_path / "plain.yml").write_text("plain: not-a-secret\n", encoding="utf-8")
    variables = {name: loader.load_from_file(str(tmp_path / f"{name}.yml"), unsafe=True) for name in ("whole", "plain")}
    assert scrub.site_values(loader, variables, None) == {"file-secret", "87654321"}
    (tmp_path / "whole.yml").unlink()  # nothing can be told of it any more, and nothing fails
    assert scrub.site_values(loader, variables, None) == set()


def test_quiet_results_are_not_looked_through() -> None:
    quiet = report.components({"components": [{"name": "x", "changed": False, "steps": []}], "facts": {"cores": 2}}, True)
    assert not report.worth_scrubbing(quiet)
    loud = report.components({"components": [{"name": "x", "changed": False, "warnings": ["y"]}]}, True)
    assert report.worth_scrubbing(loud)
    assert report.worth_scrubbing({"changed": False, "answer": "of a domain"})


def test_an_ansible_that_hides_where_values_come_from_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its internals have moved: what stands in an encrypted vars_file would be shown."""
    scrub.require_origins()
    monkeypatch.setattr(scrub, "Origin", None)
    with pytest.raises(AnsibleError, match=r"ansible-core \d.* does not tell from which file a value comes"):
        scrub.require_origins()
