# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locales of the databases on their members: generated before PostgreSQL needs them, beside what the owner has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

SUPPORTED = "aa_DJ.UTF-8 UTF-8\nam_ET UTF-8\nde_DE.UTF-8 UTF-8\nde_DE ISO-8859-1\nde_DE@euro ISO-8859-15\nsr_RS@latin UTF-8\n"


@pytest.fixture
def locales(program: Callable[[str, str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program on a host in a folder; ``made`` are the locales that programs get there, ``runs`` what was started."""
    module = program("postgresql", "postgresql-locales")
    made: set[str] = {"C.UTF-8"}
    runs: list[list[str]] = []
    places = {"SUPPORTED": "SUPPORTED", "GENERATED": "locale.gen", "ALL": "locales-all.list", "SOURCES": "sources", "FOLDER": "lib"}
    for name, path in places.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    module.SUPPORTED.write_text(SUPPORTED, encoding="utf-8")

    def run(argv: list[str], **_options: Any) -> Any:
        runs.append(argv)
        if argv[0] == "localedef":
            if "sr_RS@latin" not in argv:  # it fails
                place = module.folder(f"{argv[-1]} {argv[argv.index('-f') + 1]}")
                place.mkdir(parents=True, exist_ok=True)
                for number in range(module.CATEGORIES):
                    (place / f"LC_{number}").touch()
                made.update(
                    name for name in ("de_DE.UTF-8", "de_DE.utf8", "am_ET.UTF-8") if module.parts(name)[0] == place.name.partition(".")[0]
                )
            return SimpleNamespace(returncode=1)  # as with warnings
        return SimpleNamespace(returncode=0 if argv[-1] in made else 1)

    monkeypatch.setattr(module.subprocess, "run", run)
    wanted = tmp_path / "wanted"

    def call(verb: str, *names: str) -> int:
        wanted.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        code: int = module.main([verb, str(wanted)])
        return code

    return SimpleNamespace(module=module, call=call, made=made, runs=runs)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("de_DE.UTF-8", "de_DE.UTF-8 UTF-8"),
        ("de_DE.utf8", "de_DE.UTF-8 UTF-8"),
        ("de_DE", "de_DE ISO-8859-1"),
        ("de_DE@euro", "de_DE@euro ISO-8859-15"),
        ("am_ET", "am_ET UTF-8"),
        ("am_ET.UTF-8", "am_ET UTF-8"),
        ("sr_RS.UTF-8@latin", "sr_RS@latin UTF-8"),
        ("aa_DJ", ""),
        ("xx_XX.UTF-8", ""),
    ],
)
def test_the_line_of_a_locale(locales: Any, name: str, line: str) -> None:
    assert locales.module.entry(name, SUPPORTED) == line


@pytest.mark.parametrize(
    "text", [None, "", "# comment\n# de_DE.UTF-8 UTF-8\nfr_FR.UTF-8 UTF-8\n", "fr_FR.UTF-8 UTF-8", "de_DE.UTF-8   UTF-8\n"]
)
def test_the_owners_lines_stay_and_a_second_run_does_nothing(locales: Any, text: str | None) -> None:
    path = locales.module.GENERATED
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert locales.call("apply", "de_DE.UTF-8") == 0
    after = path.read_text(encoding="utf-8")
    assert after.startswith(text or "") and "de_DE.UTF-8 UTF-8" in [" ".join(line.split()) for line in after.splitlines()]
    (argv,) = [argv for argv in locales.runs if argv[0] == "localedef"]
    assert argv[1:6] == ["--no-archive", "-i", "de_DE", "-c", "-f"] and argv[-1] == "de_DE.UTF-8"
    locales.runs.clear()
    assert locales.call("apply", "de_DE.UTF-8") == 0
    assert path.read_text(encoding="utf-8") == after and not [argv for argv in locales.runs if argv[0] == "localedef"]


def test_a_folder_that_a_killed_run_has_left_is_finished(locales: Any) -> None:
    place = locales.module.FOLDER / "de_DE.utf8"
    place.mkdir(parents=True)
    (place / "LC_TIME").touch()
    assert locales.call("apply", "de_DE.UTF-8") == 0 and len(list(place.iterdir())) >= locales.module.CATEGORIES


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("de_DE.UTF-8 UTF-8", "de_DE.utf8"),
        ("de_DE ISO-8859-1", "de_DE"),
        ("de_DE@euro ISO-8859-15", "de_DE@euro"),
        ("en_US.ISO-8859-15 ISO-8859-15", "en_US.iso885915"),
        ("sr_RS@latin UTF-8", "sr_RS@latin"),
    ],
)
def test_where_glibc_looks_for_it(locales: Any, line: str, name: str) -> None:
    assert locales.module.folder(line) == locales.module.FOLDER / name


def test_a_link_is_followed(locales: Any, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("fr_FR.UTF-8 UTF-8\n", encoding="utf-8")
    locales.module.GENERATED.symlink_to(tmp_path / "real")
    assert locales.call("apply", "de_DE.utf8") == 0
    assert locales.module.GENERATED.is_symlink() and (tmp_path / "real").read_text(encoding="utf-8").splitlines()[0] == "fr_FR.UTF-8 UTF-8"


def test_all_locales_in_a_package_need_no_line(locales: Any) -> None:
    locales.module.ALL.write_text("", encoding="utf-8")
    locales.made.add("de_DE.UTF-8")
    assert locales.call("apply", "de_DE.UTF-8") == 0
    assert not locales.module.GENERATED.exists()


def test_one_that_was_made_by_hand_gets_its_line(locales: Any) -> None:
    """An update of the package generates what is in the file, and nothing else."""
    locales.made.add("de_DE.UTF-8")
    assert locales.call("apply", "de_DE.UTF-8") == 0
    assert locales.module.GENERATED.read_text(encoding="utf-8") == "de_DE.UTF-8 UTF-8\n"


@pytest.mark.parametrize("verb", ["check", "apply"])
def test_an_unknown_name_changes_nothing(locales: Any, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert locales.call(verb, "de_DE.UTF-8", "xx_XX.UTF-8") == 1
    assert "cannot generate the locale xx_XX.UTF-8" in capsys.readouterr().err
    assert not locales.module.GENERATED.exists()


def test_one_that_cannot_be_made_is_said(locales: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert locales.call("apply", "sr_RS@latin") == 1
    assert "has not created sr_RS@latin" in capsys.readouterr().err


SITE = {"all": {"children": {"postgresql": {"hosts": {"db1": {"ansible_host": "192.0.2.11"}}}, "etcd": {"hosts": {"db1": None}}}}}


def made(render: Callable[..., Any], **variables: Any) -> Any:
    hosts = {"db1": {"ansible_host": "192.0.2.11", **variables}}
    groups = {"postgresql": {"hosts": hosts}, "etcd": {"hosts": {"db1": None}}}
    return render("postgresql", "postgresql-locales", {"all": {"children": groups}}, "db1")


def test_a_site_without_locales_has_no_such_component(render: Callable[..., Any]) -> None:
    assert made(render)["definition"]["state"] == "absent"


def test_the_component(render: Callable[..., Any]) -> None:
    """It names no unit of PostgreSQL: a locale that comes later restarts nothing."""
    found = made(render, postgresql_databases=[{"name": "a", "locale": "de_DE.UTF-8"}, {"name": "b", "locale": "fr_FR.UTF-8"}])
    assert found["files"]["/etc/vannah/postgresql-locales"] == "de_DE.UTF-8\nfr_FR.UTF-8\n"
    (unit,) = found["definition"]["units"]
    assert unit["name"] == "vannah-postgresql-locales.service" and "Before=patroni.service" in found["units"][unit["name"]]
    assert found["definition"]["packages"] == ["locales"]
