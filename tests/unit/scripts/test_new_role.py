# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new role, written into a copy of the checkout: it touches nothing of others, and all that is asked of roles holds for it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import new_role
import pytest
import yaml

from tests.unit.lib.instructions import is_instruction

REPOSITORY = Path(__file__).resolve().parents[3]
NAME = "my_exporter"
#: What is not of the checkout, and what a site has made in its inventory.
OTHERS, MADE = shutil.ignore_patterns(".git", ".venv*", ".cache", ".demo", ".test", "__pycache__", ".*_cache"), {"secrets.yml", "pki"}
#: The folders that a service has.
OWN = ("roles", "playbooks", "molecule", "tests/unit/services", "tests/live")
#: Another one, whose name comes first, for hosts that have roles already.
BESIDE, SERVED = "a_exporter", "postgresql"
#: What is asked of every role, and what the roles that there are could break: tables of them, and sites that get one more.
ASKED = (
    "tests/unit/roles",
    *(f"tests/unit/preflight/test_{name}.py" for name in ("hosts", "good", "catalogue", "safety")),
    "tests/unit/playbooks/test_each_verb.py",
    "tests/unit/test_shared_code.py",
    *(f"tests/unit/controller/test_{name}.py" for name in ("site_map", "waves", "documentation")),
    *(f"tests/unit/scripts/test_{name}.py" for name in ("only_service", "verify_values", "document_roles", "scenario_artifacts")),
    *(f"tests/unit/services/{name}" for name in (NAME, BESIDE)),
)


def ignored(folder: str, names: list[str]) -> set[str]:
    """What of a folder is not copied."""
    return OTHERS(folder, names) | (MADE.intersection(names) if Path(folder).parent.name in ("inventories", "molecule") else set())


def contents(root: Path) -> dict[str, str]:
    """Path -> text or link of every file."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in [*names, *(name for name in folders if Path(folder, name).is_symlink())]:
            path = Path(folder, name)
            found[str(path.relative_to(root))] = (
                os.readlink(path) if path.is_symlink() else path.read_text(encoding="utf-8", errors="replace")
            )
    return found


@pytest.fixture(scope="module")
def both(written: tuple[Path, dict[str, str]]) -> Path:
    """The copy with a second role, for hosts of a group that has roles already."""
    root, _before = written
    new_role.create(root, new_role.words_of(root, BESIDE, port=9346, group=SERVED))
    return root


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A copy with the role, and what was in it before."""
    root = tmp_path_factory.mktemp("new") / "copy"
    shutil.copytree(REPOSITORY, root, symlinks=True, ignore=ignored)
    before = contents(root)
    new_role.create(root, new_role.words_of(root, NAME, package="prometheus-my-exporter", port=9345, group="watched"))
    return root, before


def run(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """A program of the virtual environment, in the copy."""
    folder = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(root.parent),
        "ANSIBLE_HOME": str(root.parent / "home"),
    }
    return subprocess.run(
        [str(folder / argv[0]), *argv[1:]], cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


def judged(root: Path, inventory: Path, *options: str) -> str:
    """What preflight says of an inventory."""
    playbook = root / "playbooks" / "judge.yml"
    playbook.write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - vannah.healthcloud.preflight:\n"
        "      register: judged\n      failed_when: false\n    - debug: {msg: '{{ judged.msg }}'}\n",
        encoding="utf-8",
    )
    done = run(root, "ansible-playbook", "-i", str(inventory), str(playbook), *options)
    playbook.unlink()
    return done.stdout + done.stderr


def test_it_touches_its_own_folders_the_site_map_and_the_changelog(written: tuple[Path, dict[str, str]]) -> None:
    """Nothing else: a service is in no table of others."""
    root, before = written
    after = contents(root)
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    shared = {path for path in changed if not path.startswith(tuple(f"{folder}/{NAME}/" for folder in OWN))}
    assert shared == {new_role.SITE_MAP, new_role.CHANGELOG}
    for path in shared:
        assert len(after[path].splitlines()) == len(before[path].splitlines()) + 1
    assert {folder for folder in OWN if (root / folder / NAME).is_dir()} == set(OWN)
    assert [path for path, text in after.items() if path in changed and new_role._MARK.search(text)] == [], "a mark of the skeleton is left"


def test_the_linters_accept_it(written: tuple[Path, dict[str, str]]) -> None:
    """As `make lint` would, of what was written."""
    root, _before = written
    python = [f"tests/unit/services/{NAME}", f"tests/live/{NAME}"]
    data = [f"roles/{NAME}", f"playbooks/{NAME}"]
    for argv in (
        ["ruff", "check", *python],
        ["ruff", "format", "--check", *python],
        ["yamllint", "--strict", *data, f"molecule/{NAME}", f"tests/live/{NAME}", new_role.SITE_MAP],
        ["ansible-lint", "--offline", "-q", "--nocolor", *data],
    ):
        done = run(root, *argv)
        assert done.returncode == 0, f"{argv[0]}: {done.stdout}{done.stderr}"


def test_what_is_asked_of_every_role_holds(both: Path) -> None:
    """The tests of all roles, and their own, in the copy."""
    done = run(both, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *ASKED)
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.mark.parametrize("name", [NAME, BESIDE])
def test_its_scenario_is_a_site(both: Path, name: str) -> None:
    """Preflight accepts the inventory of its scenario, also where hosts of its group need more than this role."""
    said = judged(both, both / "molecule" / name / "inventory", "-e", '{"base_ssh_key_only": false}')  # who runs it has a key
    assert "0 errors" in said, said


def test_hosts_of_a_group_that_has_roles(both: Path) -> None:
    """The role is theirs, and that of hosts in a group of its own."""
    served = yaml.safe_load((both / new_role.SITE_MAP).read_text(encoding="utf-8"))["roles"]
    assert {"role": BESIDE, "wave": "base", "groups": [BESIDE, SERVED]} in served
    assert f"of the groups `{BESIDE}` and `{SERVED}`" in (both / "roles" / BESIDE / "README.md").read_text(encoding="utf-8")
    plays = yaml.safe_load((both / "playbooks" / BESIDE / "converge.yml").read_text(encoding="utf-8"))
    assert plays[0]["vars"]["verb_group"] == f"{BESIDE}:{SERVED}"
    assert (
        plays[2]["vars"]["host_checks_hosts"] == plays[3]["hosts"] == f"{{{{ ['{BESIDE}', '{SERVED}'] | intersect(groups) | join(':') }}}}"
    )


def test_a_site_with_it_is_accepted(written: tuple[Path, dict[str, str]]) -> None:
    """Preflight knows its group and its variables, and one that is misspelt."""
    root, _before = written
    site = root / "inventories" / "new"
    (site / "group_vars").mkdir(parents=True)
    about = {"site_name": "new", "site_domain": "new.vannah.internal", "base_ssh_key_only": False}
    hosts = {"all": {"vars": about, "children": {"watched": {"hosts": {"one": {"ansible_host": "10.0.0.1"}}}}}}
    (site / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    for text, words in (
        (f"{NAME}_port: 9999\n{NAME}_arguments: ['--log.level=warn', \"--a='b'\"]\n", ("0 errors",)),
        # More arguments than it seems, and settings of systemd.
        (f"{NAME}_arguments: ['--a=b c', '--a=\"', \"--y\\nFOO=bar\", '']\n", ("4 errors", f"{NAME}_arguments[2]")),
        (f"{NAME}_port: 80\n{NAME}_alowed_from: []\n{NAME}_allowed_from: [nowhere]\n", ("3 errors", f"Did you mean {NAME}_allowed_from?")),
    ):
        (site / "group_vars" / "watched.yml").write_text(text, encoding="utf-8")
        said = judged(root, site)
        assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        *(({"name": name}, f"NAME={name} is not a text in YAML") for name in ("yes", "no", "on", "off", "true", "null")),
        *(({"name": NAME, "group": group}, f"GROUP={group} is not a text in YAML") for group in ("null", "on")),
        ({"name": NAME, "package": "123"}, "PACKAGE=123 is not a text in YAML but 123"),
        *(({"name": name}, f"NAME={name}: [a-z_/.]+ and perhaps others have this word") for name in ("inventory", "test", "core", "role")),
        ({"name": NAME, "group": "host_checks"}, r"GROUP=host_checks: .*have this word"),
        ({"name": "x"}, "NAME=x is not a role's name. Fix: use two or more small letters"),
        ({"name": "my_"}, "no underscore last"),
        ({"name": NAME, "package": "libc++6"}, r"UNIT=libc\+\+6.service is not a unit .*such as ssh.service"),
        ({"name": "My-Exporter"}, "small letters, digits and single underscores"),
        ({"name": "haproxy"}, "the name is taken"),
        ({"name": "etcd_exporter"}, "variables of the role etcd have the same prefix"),
        ({"name": "site"}, "the name is taken"),
        ({"name": "import"}, "NAME=import: it is a word of Python"),
        *(
            ({"name": name}, f"NAME={name}: there is [a-z_/]+/{name} already")
            for name in ("collections", "tasks", "vars", "lib", "patroni")
        ),
        ({"name": "verb"}, "NAME=verb: the name is taken"),
        ({"name": "engine"}, "there is [a-z/]+/engine already"),
        *(({"name": NAME, "unit": unit}, "UNIT=.*the full name of a unit") for unit in ("foo", "foo@.service", "a b.service", "foo.mount")),
        ({"name": NAME, "group": "all"}, "GROUP=all"),
        ({"name": NAME, "package": "a b"}, "PACKAGE=a b"),
        ({"name": NAME, "port": 80}, "PORT=80"),
    ],
)
def test_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(new_role.RefusedError, match=words) as refused:
        new_role.words_of(REPOSITORY, **given)
    assert is_instruction(str(refused.value).partition(" Fix: ")[2]), refused.value


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("PACKAGE=A b\"; echo x '", "PACKAGE=A b\"; echo x ' is not a package's name. Fix: "),
        ("PORT=abc", "PORT=abc is not a number. Fix: "),
        ("PORT=99999", "PORT=99999 is not possible"),
        ("UNIT=a b.service", "UNIT=a b.service is not a unit that can be started. Fix: "),
        ("GROUP=$(x) `y`", "GROUP=$(x) `y` is not a group's name. Fix: "),
        ("NAME=-x y", "NAME=-x y is not a role's name. Fix: "),
    ],
)
def test_what_make_gets_is_one_word(word: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever signs are in it: neither the shell nor argparse speaks."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    words = [word, *([] if word.startswith("NAME") else [f"NAME={NAME}"])]
    argv = ["make", "-n", "new-role", *words]
    done = subprocess.run(argv, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    command = done.stdout.replace("\\\n", " ").splitlines()[-1]
    given = shlex.split(command.strip().removeprefix("@"))
    assert given[0].endswith("new_role.py"), done.stdout + done.stderr
    monkeypatch.setattr(sys, "argv", given)
    assert new_role.main() == 2
    assert capsys.readouterr().err.startswith(said)


def test_units_and_ports_that_are_ones() -> None:
    assert new_role.words_of(REPOSITORY, NAME, unit="foo@main.service")["UNIT"] == "foo@main.service"
    assert new_role.words_of(REPOSITORY, NAME)["UNIT"] == "my-exporter.service"
    assert list(new_role.warnings_of(REPOSITORY, 9345)) == []
    (said,) = new_role.warnings_of(REPOSITORY, 5432)
    assert said.startswith("PORT=5432 is the default of postgresql_port")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "roles" / NAME).mkdir(parents=True)
    (tmp_path / "playbooks" / NAME).mkdir(parents=True)
    (tmp_path / "playbooks" / NAME / "converge.yml").write_text("mine\n")
    shutil.rmtree(tmp_path / "roles" / NAME)
    with pytest.raises(new_role.RefusedError, match=r"converge\.yml exist already\. Fix: move"):
        new_role.create(tmp_path, new_role.words_of(REPOSITORY, NAME))
    assert (tmp_path / "playbooks" / NAME / "converge.yml").read_text() == "mine\n"
