# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled templates: they give what templates give, are made once, and hold no secret where they are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible._internal._templating import _engine
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect, compiled, templating


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> compiled.Store:
    """An empty store, and Ansible's engine as it is before a run's first action."""
    made = compiled.Store(tmp_path / "templates")
    monkeypatch.setattr(compiled, "STORE", made)
    monkeypatch.setattr(_engine, "AnsibleEnvironment", compiled.AnsibleEnvironment)
    return made


@pytest.fixture
def compiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The sources of everything that is really compiled."""
    found: list[str] = []
    original = compiled.AnsibleEnvironment._compile
    monkeypatch.setattr(compiled.AnsibleEnvironment, "_compile", lambda self, *words: found.append(words[0]) or original(self, *words))
    yield found


def templates(**variables: Any) -> templating.Templates:
    return templating.Templates(Templar(loader=DataLoader()), variables, [])


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{{ a }}", {"a": [1, 2]}, [1, 2]),
        ("{{ a + 1 }}", {"a": 1}, 2),
        ("{{ a.b | default('none') }}", {"a": {}}, "none"),
        ("{% for i in a %}{{ i }};\n{% endfor %}", {"a": "xy"}, "x;\ny;\n"),
        ("{{ a | regex_replace('^(.)', '\\1\\1') }}", {"a": "xy"}, "xxy"),
        ("{{ a | vannah_no_such_filter }}", {"a": 1}, AnsibleError),
        ("{{ a.b }}", {"a": {}}, AnsibleError),
        ("{{ a", {"a": 1}, AnsibleError),
        ("{{ a.__class__.__mro__ }}", {"a": 1}, AnsibleError),
    ],
)
def test_the_result_is_that_of_the_engine(store: compiled.Store, text: str, variables: dict[str, Any], expected: Any) -> None:
    """The first time, and from the code that was kept; errors too."""
    raw = trust_as_template(text)
    for _time in range(2):
        if expected is AnsibleError:
            with pytest.raises(AnsibleError) as kept:
                templates(**variables).value(raw, "here")
            with pytest.raises(AnsibleError) as plain:
                Templar(loader=DataLoader(), variables=variables).template(raw)
            assert str(plain.value.message).split("\n")[0] in str(kept.value)
        else:
            assert templates(**variables).value(raw, "here") == Templar(loader=DataLoader(), variables=variables).template(raw) == expected


def test_what_is_rendered_belongs_to_the_variables_of_now(store: compiled.Store, compiles: list[str]) -> None:
    """Variables that are templates themselves are compiled once, too."""
    raw = trust_as_template("{{ outer }}")
    assert templates(outer=trust_as_template("{{ inner }}!"), inner=1).value(raw, "here") == "1!"
    before = len(compiles)
    assert before == 2
    assert templates(outer=trust_as_template("{{ inner }}!"), inner="two").value(raw, "here") == "two!"
    with pytest.raises(AnsibleError, match="inner"):
        templates(outer=trust_as_template("{{ inner }}!")).value(raw, "here")
    assert len(compiles) == before


def test_conditions(store: compiled.Store, compiles: list[str]) -> None:
    raw = trust_as_template("a | length > 1 and not b")
    for a, b, expected in (([1, 2], False, True), ([1], False, False), ([1, 2], True, False)):
        assert templates(a=a, b=b).condition(raw, "here") is expected
    with pytest.raises(AnsibleError):
        templates(b=1).condition(raw, "here")
    assert len(compiles) == 1


def test_one_text_as_a_template_and_as_a_condition_and_with_another_syntax(store: compiled.Store, tmp_path: Path) -> None:
    text = "{% if a %}\n  x\n{% endif %}"
    file = tmp_path / "x.j2"
    file.write_text(f"#jinja2: trim_blocks:False\n{text}", encoding="utf-8")
    assert templates(a=True).value(trust_as_template(text), "here") == "  x\n"
    assert templates(a=True).file(str(file), DataLoader(), "here") == "\n  x\n"


@pytest.fixture
def role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> collect.Role:
    """A role that counts as one of the collection."""
    folder = tmp_path / "roles" / "demo"
    (folder / "vars").mkdir(parents=True)
    (folder / "vars" / "main.yml").write_text("__demo: '{{ [site, 1] | first }}'\n", encoding="utf-8")
    monkeypatch.setattr(compiled, "_ROLES", (f"{tmp_path}/roles/",))
    return collect.Role("demo", str(folder), DataLoader())


def test_what_roles_say_is_kept_for_the_next_run_and_nothing_else(
    store: compiled.Store, compiles: list[str], role: collect.Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = trust_as_template("{{ __demo }}")
    store.lasts("{{ __demo }}")

    def render() -> Any:
        known = {**role.vars, "site": trust_as_template("{{ 'secret-of-an-inventory' }}")}
        return templates(**known).value(raw, "here")

    assert render() == "secret-of-an-inventory" and len(compiles) == 3
    store.write()
    (file,) = (tmp_path / "templates").iterdir()
    assert b"secret-of-an-inventory" not in file.read_bytes() and b"site" in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700

    monkeypatch.setattr(compiled, "STORE", compiled.Store(tmp_path / "templates"))
    assert render() == "secret-of-an-inventory"
    assert len(compiles) == 4  # the inventory's own


def kept(folder: Path, *plugins: Path) -> compiled.Store:
    made = compiled.Store(folder, plugins)
    made.lasts("text")
    made.put(("text", "template"), compile("1", "x", "eval"))
    made.write()
    return compiled.Store(folder, plugins)


def test_a_file_that_another_user_could_have_written_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    assert kept(folder).get(("text", "template")) is not None
    (file,) = folder.iterdir()
    for path, mode in ((file, 0o620), (file, 0o602), (folder, 0o770), (folder, 0o707)):
        before = path.stat().st_mode
        os.chmod(path, mode)
        assert compiled.Store(folder).get(("text", "template")) is None
        os.chmod(path, before)
    assert compiled.Store(folder).get(("text", "template")) is not None


@pytest.mark.parametrize("data", [b"", b"\0", b"no code", b"\xdb\0\0\0\0"])
def test_a_broken_file_is_as_if_it_were_not_there(tmp_path: Path, data: bytes) -> None:
    folder = tmp_path / "templates"
    kept(folder)
    (file,) = folder.iterdir()
    file.write_bytes(data)
    assert compiled.Store(folder).get(("text", "template")) is None
    assert kept(folder).get(("text", "template")) is not None


def test_other_plugins_are_another_file(tmp_path: Path) -> None:
    """A filter that wants the context is called otherwise."""
    plugin = tmp_path / "filter" / "x.py"
    plugin.parent.mkdir()
    plugin.write_text("one", encoding="utf-8")
    folder = tmp_path / "templates"
    assert kept(folder, plugin.parent).get(("text", "template")) is not None
    plugin.write_text("another", encoding="utf-8")
    assert compiled.Store(folder, [plugin.parent]).get(("text", "template")) is None
    kept(folder, plugin.parent)
    assert len(list(folder.iterdir())) == 1


def test_what_is_no_longer_used_is_forgotten_once_it_is_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MOST", 2)
    for name in "abc":
        store = compiled.Store(tmp_path / "templates")
        store.lasts(name)
        store.put((name,), compile("1", "x", "eval"))
        store.write()
    assert set(compiled.Store(tmp_path / "templates").load()) == {("c",)}


def test_two_that_write(tmp_path: Path) -> None:
    first, second = (compiled.Store(tmp_path / "templates") for _number in range(2))
    for name, store in (("a", first), ("b", second)):
        store.lasts(name)
        store.put((name,), compile("1", "x", "eval"))
        store.write()
    assert set(compiled.Store(tmp_path / "templates").load()) == {("a",), ("b",)}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("", encoding="utf-8")
    assert kept(tmp_path / "in the way").get(("text", "template")) is None


@pytest.mark.parametrize("missing", ["AnsibleEnvironment", "_engine"])
def test_another_ansible_compiles_each_time(store: compiled.Store, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    if missing == "_engine":
        compiled.use(object())
    else:
        # A test in the same process may have let Ansible's engine use it.
        monkeypatch.setattr("ansible._internal._templating._engine.AnsibleEnvironment", compiled.AnsibleEnvironment)
        monkeypatch.setattr(compiled, "Environment", None)
    assert templates(a=1).value(trust_as_template("{{ a }}"), "here") == 1
    assert bool(store.load()) == (missing == "_engine")


def test_templates_of_plays_are_compiled_once(store: compiled.Store, compiles: list[str]) -> None:
    compiled.use_everywhere()
    for value in (1, 2):
        templar = Templar(loader=DataLoader(), variables={"a": value})
        assert templar.template(trust_as_template("{{ a + 1 }}")) == value + 1
    assert len(compiles) == 1 and store.load()


def test_an_engine_that_is_not_known_is_left_alone(store: compiled.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "AnsibleEnvironment", object)
    compiled.use_everywhere()
    assert _engine.AnsibleEnvironment is object and not store.load()


def test_roles_that_are_read_before_a_fork_are_those_that_are_read_later() -> None:
    collect._roles.clear()
    collect.preload(["etcd", "no_such_role"])
    first = collect.load(DataLoader(), "etcd", "/anywhere")
    assert first is collect.load(DataLoader(), "etcd", "/elsewhere") and list(collect._roles) == [("etcd", "")]
    assert first.defaults and first.components and first.exports
