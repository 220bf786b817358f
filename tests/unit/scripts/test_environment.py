# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make, scripts and playbooks run the same in any environment: tables of variables, and real runs in hostile surroundings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from testbed import environment, venv

REPOSITORY = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
MADE = shutil.ignore_patterns(".git", ".venv*", ".cache", ".demo", ".test", ".ansible", ".*_cache", ".hypothesis", "__pycache__", "tests")
MADE_OF_A_SITE = shutil.ignore_patterns("secrets.yml", "pki", ".vault_password")


#: Judged: what cannot be used is dropped with a warning.
OUTPUT = ("ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_LOG_PATH")


def left_out(folder: str, names: list[str]) -> set[str]:
    return MADE(folder, names) | (MADE_OF_A_SITE(folder, names) if Path(folder).parent.name == "inventories" else set())


def clean(**given: str) -> dict[str, str]:
    return environment.clean(given, home=lambda said: said or "/root")


@pytest.mark.parametrize(
    "name",
    """
    ANSIBLE_COLLECTIONS_PATH ANSIBLE_COLLECTIONS_PATHS ANSIBLE_INVENTORY ANSIBLE_CHECK_MODE_MARKERS ANSIBLE_ROLES_PATH ANSIBLE_VERBOSITY
    ANSIBLE_ASK_VAULT_PASS ANSIBLE_DEBUG
    PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_HASHES PIP_CONSTRAINT PIP_NO_DEPS PIP_DRY_RUN PIP_PYTHON PIP_NO_INDEX
    PYTHONPATH PYTHONHOME PYTHONWARNINGS PYTHONUTF8 PYTHONIOENCODING PYTHONSTARTUP PYTHONSAFEPATH PYTHONOPTIMIZE VIRTUAL_ENV
    PYTEST_ADDOPTS PYTEST_PLUGINS MOLECULE_GLOB MOLECULE_FILE GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
    DOCKER_HOST DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION DOCKER_DEFAULT_PLATFORM BUILDKIT_PROGRESS
    LANG LANGUAGE LC_CTYPE LC_MESSAGES BASH_ENV ENV CDPATH SHELLOPTS BASHOPTS GLOBIGNORE BASH_FUNC_ls%% COLUMNS LINES FORCE_COLOR
    TMPDIR TMP TEMP TAR_OPTIONS GREP_OPTIONS POSIXLY_CORRECT APT_CONFIG DPKG_ROOT DEB_BUILD_OPTIONS RUFF_CONFIG MYPYPATH
    YAMLLINT_CONFIG_FILE
    """.split(),
)
def test_what_steers_a_tool_is_dropped(name: str) -> None:
    assert clean(**{name: "odd"}).get(name) in (None, "C.UTF-8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "x") for name in sorted(environment.KEPT - {"PIP_NO_INDEX", *OUTPUT})),
        *(
            (name, "x")
            for name in """
            SSH_AUTH_SOCK SSH_ASKPASS http_proxy https_proxy no_proxy HTTPS_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE
            CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS GOPROXY GOFLAGS GOSUMDB GOPRIVATE NO_COLOR TERM TZ VAULT_TOKEN BW_SESSION GNUPGHOME GPG_TTY
            AWS_PROFILE USER LOGNAME DBUS_SESSION_BUS_ADDRESS VANNAH_KILLS MAKEFLAGS MAKELEVEL XDG_CONFIG_HOME
            """.split()
        ),
    ],
)
def test_what_is_a_persons_own_stays(name: str, value: str) -> None:
    assert clean(**{name: value})[name] == value


@pytest.mark.parametrize(
    ("variable", "value", "stays", "said"),
    [
        ("ANSIBLE_STDOUT_CALLBACK", "default", "default", ""),
        ("ANSIBLE_STDOUT_CALLBACK", "ansible.builtin.minimal", "ansible.builtin.minimal", ""),
        ("ANSIBLE_STDOUT_CALLBACK", environment.CONSOLE, environment.CONSOLE, ""),
        ("ANSIBLE_STDOUT_CALLBACK", "own", "own", ""),
        ("ANSIBLE_STDOUT_CALLBACK", "some.where.there", "some.where.there", ""),
        ("ANSIBLE_STDOUT_CALLBACK", "there", "there", ""),
        ("ANSIBLE_STDOUT_CALLBACK", "yaml", environment.CONSOLE, "WARNING ANSIBLE_STDOUT_CALLBACK=yaml is ignored: no callback"),
        ("ANSIBLE_STDOUT_CALLBACK", "some.where.gone", environment.CONSOLE, "ANSIBLE_STDOUT_CALLBACK=some.where.gone is ignored"),
        ("ANSIBLE_STDOUT_CALLBACK", "../own", environment.CONSOLE, "is ignored"),
        ("ANSIBLE_STDOUT_CALLBACK", "a\nb", environment.CONSOLE, r"ANSIBLE_STDOUT_CALLBACK='a\nb' is ignored"),
        ("ANSIBLE_STDOUT_CALLBACK", "", None, ""),
        ("ANSIBLE_CALLBACKS_ENABLED", "own, gone,some.where.there", "own,some.where.there", "ANSIBLE_CALLBACKS_ENABLED=gone is ignored"),
        ("ANSIBLE_CALLBACKS_ENABLED", "gone", None, "Fix: take it out"),
        ("ANSIBLE_LOG_PATH", "{}/a.log", "{}/a.log", ""),
        ("ANSIBLE_LOG_PATH", "{}/none/a.log", None, "this file cannot be written. Fix: unset it"),
        ("ANSIBLE_LOG_PATH", "{}", None, "is ignored"),
        ("ANSIBLE_LOG_PATH", "/proc/a.log", None, "is ignored"),
    ],
)
def test_output_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, stays: str | None, said: str
) -> None:
    """Ansible would end with it, or complain of it with each playbook."""
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    for name in ("collections/ansible_collections/some/where/plugins/callback/there.py", "plugins/own.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    given = {variable: value.replace("{}", str(tmp_path)), "ANSIBLE_CALLBACK_PLUGINS": f"/none:{tmp_path}/plugins"}
    found = clean(**given)
    assert found.get(variable) == (stays and stays.replace("{}", str(tmp_path)))
    warnings = found.get(environment.WARNINGS, "")
    assert said in warnings and len(warnings.splitlines()) == (1 if said else 0)
    assert not (tmp_path / "a.log").exists()
    assert clean(**found) == found, "said by whoever cleans it again too"


def test_cleaning_again_changes_nothing() -> None:
    once = environment.clean({"LC_ALL": "de", "PATH": "relative::/opt/bin", "DOCKER_HOST": "tcp://elsewhere", "HOME": "/root"})
    assert environment.clean(once) == once
    assert once["LC_ALL"] == "C.UTF-8"
    assert once["ANSIBLE_CONFIG"] == str(REPOSITORY / "ansible.cfg")
    assert once["PATH"].split(":")[0] == "/opt/bin"
    assert "/usr/sbin" in once["PATH"].split(":")


def test_an_offline_index_stays_where_it_can_work() -> None:
    assert clean(PIP_NO_INDEX="1", PIP_FIND_LINKS="/wheels")["PIP_NO_INDEX"] == "1"


def test_an_engine_of_this_machine_stays(tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert clean(DOCKER_HOST=f"unix://{tmp_path}/s")["DOCKER_HOST"] == f"unix://{tmp_path}/s"
    for gone in (f"unix://{tmp_path}/none", "tcp://192.0.2.1:2375", "ssh://elsewhere"):
        assert "DOCKER_HOST" not in clean(DOCKER_HOST=gone)


def test_home_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    found = environment.clean({"HOME": str(tmp_path)}, home=lambda said: None)
    assert found["HOME"] == str(tmp_path), "ssh keys that the inventory names below ~ are found"
    assert found["ANSIBLE_HOME"].startswith(str(tmp_path))
    assert environment.clean({"HOME": "/none/such"}, home=lambda said: None)["HOME"] == str(tmp_path / ".cache" / "home")


def test_the_environment_is_current_whatever_python3_is_first(tmp_path: Path) -> None:
    """cron's PATH has another python3 than a login's: .venv is not made again for that."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    stamp = tmp_path / "lock.sha256"
    assert not venv.is_current(tmp_path, "lock"), "without a stamp"
    stamp.write_text(venv.stamp_of("lock", sys.version), encoding="utf-8")
    assert not venv.is_current(tmp_path, "lock"), "without a program"
    (tmp_path / "bin" / venv.PROGRAM).write_text(f"#!{tmp_path}/bin/python\n", encoding="utf-8")
    assert venv.is_current(tmp_path, "lock")
    assert not venv.is_current(tmp_path, "another lock")
    (tmp_path / "bin" / "python").unlink()
    assert not venv.is_current(tmp_path, "lock"), "its Python is gone"


@pytest.mark.parametrize("how", ["move", "copy", "link"])
def test_a_checkout_that_moved_gets_an_environment_of_its_own(tmp_path: Path, how: str) -> None:
    """Its programs start with the path of the old Python. A link to an environment is that one."""
    old, new = tmp_path / "old folder" / ".venv", tmp_path / "new folder" / ".venv"
    (old / "bin").mkdir(parents=True)
    new.parent.mkdir()
    (old / "bin" / "python").symlink_to(sys.executable)
    (old / "bin" / venv.PROGRAM).write_text(f'#!/bin/sh\n\'\'\'exec\' "{old}/bin/python" "$0" "$@"\n', encoding="utf-8")
    (old / "lock.sha256").write_text(venv.stamp_of("lock", sys.version), encoding="utf-8")
    assert venv.is_current(old, "lock")
    if how == "link":
        new.symlink_to(old)
    else:
        (shutil.move if how == "move" else shutil.copytree)(str(old), str(new))
    assert venv.is_current(new, "lock") is (how == "link")


@pytest.mark.parametrize("before", ["nothing", "a folder", "a link"])
def test_another_lock_leaves_a_run_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    """cron's converge continues with the tools it started with while a person pulls and runs make: the folder stays, the link changes."""
    link, home = tmp_path / ".venv", tmp_path / ".venv-2"
    old = {"nothing": None, "a folder": link, "a link": tmp_path / ".venv-1"}[before]
    if old:
        old.mkdir()
        (old / "used").write_text("by a run", encoding="utf-8")
    if before == "a link":
        link.symlink_to(".venv-1")
    home.mkdir()
    monkeypatch.setattr(venv, "VENV", link)
    venv.switch(link, home)
    assert link.is_symlink() and link.resolve() == home
    assert [path.read_text(encoding="utf-8") for path in tmp_path.glob(".venv-*/used")] == (["by a run"] if old else [])
    assert list(tmp_path.glob(".venv.*")) == []
    # A checkout that was moved has an unusable environment under the right name.
    assert venv._home("2").name == f".venv-2-{os.getpid()}" and venv._home("3").name == ".venv-3"


def test_every_target_runs_in_the_clean_environment() -> None:
    """By construction: make starts every recipe and every $(shell) through one program."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^.*\bSHELL\b.*[:?+]?=.*$", text) == ["SHELL := scripts/clean-shell"]
    assert ".ONESHELL" not in text
    assert os.access(REPOSITORY / "scripts" / "clean-shell", os.X_OK)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_descriptors_that_the_caller_has_closed_go_nowhere(tmp_path: Path, closed: str) -> None:
    """Ansible ends in a traceback without standard output."""
    made = tmp_path / "made"
    recipe = f"ls /proc/self/fd > /dev/null && echo out && echo err >&2 && cat > {made}; echo $? > {made}"
    argv = f"{REPOSITORY}/scripts/clean-shell -c '{recipe}' {closed}"
    # A python3 that is a wrapper of its own would leave its file there.
    subprocess.run(["/bin/sh", "-c", argv], check=True, stdin=subprocess.DEVNULL, capture_output=True, env={"PATH": "/usr/bin:/bin"})
    assert made.read_text(encoding="utf-8") == "0\n"


# -- real runs ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout whose path has a space and letters beyond ASCII, with a site of one server."""
    folder = tmp_path_factory.mktemp("surroundings") / "my site äö"
    shutil.copytree(REPOSITORY, folder, symlinks=True, ignore=left_out)
    (folder / ".venv").symlink_to(BIN.parent)
    site = folder / "inventories" / "mine"
    (site / "group_vars" / "all").mkdir(parents=True)
    (site / "hosts.yml").write_text("all: {hosts: {server1: {ansible_host: 10.20.30.40}}}\n", encoding="utf-8")
    variables = "site_name: mine\nsite_domain: mine.example-clinic.org\nbase_ssh_key_only: false\n"
    (site / "group_vars" / "all" / "site.yml").write_text(variables, encoding="utf-8")
    password = site / ".vault_password"
    password.write_text("a password of this test only\n", encoding="utf-8")
    password.chmod(0o600)
    return folder


def hostile(tmp_path: Path) -> dict[str, str]:
    """Everything at once that a caller's environment may have."""
    traps = tmp_path / "traps"
    traps.mkdir()
    for module in ("json", "yaml", "ansible", "sitecustomize"):
        (traps / f"{module}.py").write_text("raise SystemExit('a module of the caller was imported')\n", encoding="utf-8")
    (traps / "profile").write_text("echo BASH_ENV was read; exit 3\n", encoding="utf-8")
    home = tmp_path / "home"
    (home / ".config" / "pip").mkdir(parents=True)
    (home / ".ansible.cfg").write_text("[defaults]\nstdout_callback = none_such\ncollections_path = /none\n", encoding="utf-8")
    (home / ".config" / "pip" / "pip.conf").write_text("[global]\ntarget = /none\nrequire-hashes = true\n", encoding="utf-8")
    (home / ".pydistutils.cfg").write_text("[install]\nprefix=/none\n", encoding="utf-8")
    return {
        **{"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "de_DE.UTF-8@none", "LANG": "xx_XX", "LC_TIME": "none", "TERM": "vt52"},
        **{
            "ANSIBLE_COLLECTIONS_PATH": "/none",
            "ANSIBLE_INVENTORY_ENABLED": "none",
            "ANSIBLE_CONFIG": "/none",
            "ANSIBLE_JINJA2_NATIVE": "x",
        },
        **{"ANSIBLE_STRATEGY": "none", "ANSIBLE_HASH_BEHAVIOUR": "merge", "ANSIBLE_LOCAL_TEMP": "/proc/none", "ANSIBLE_VERBOSITY": "nine"},
        **{"PIP_TARGET": "/none", "PIP_REQUIRE_HASHES": "1", "PIP_USER": "1", "PIP_CONSTRAINT": "/none"},
        **{"PYTHONPATH": str(traps), "PYTHONHOME": "/none", "PYTHONWARNINGS": "error", "PYTHONSTARTUP": "/none", "PYTHONUTF8": "0"},
        **{
            "PYTEST_ADDOPTS": "--none",
            "MOLECULE_GLOB": "none",
            "GIT_DIR": "/none",
            "GIT_INDEX_FILE": "/none",
            "DOCKER_HOST": "tcp://none:1",
        },
        **{"TMPDIR": "none", "CDPATH": "/tmp:/", "BASH_ENV": str(traps / "profile"), "ENV": str(traps / "profile"), "SHELLOPTS": "noexec"},
        **{"MAKEFLAGS": "-j4", "COLUMNS": "5", "LINES": "2", "IFS": "e", "POSIXLY_CORRECT": "1", "VIRTUAL_ENV": "/none"},
        "BASH_FUNC_python3%%": "() { echo a function of the caller was called; exit 3; }",
    }


SURROUNDINGS: dict[str, Callable[[Path], dict[str, str]]] = {
    "nothing": lambda tmp: {},
    "cron": lambda tmp: {"HOME": str(tmp), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LANG": "de_DE.UTF-8"},
    "no home": lambda tmp: {"HOME": "/none/such", "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    "home that cannot be written": lambda tmp: {"HOME": "/proc", "PATH": "/usr/bin:/bin", "LANG": "POSIX"},
    "hostile": hostile,
}


def start(argv: list[str], folder: Path, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        cwd=folder,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        umask=0o077,
        timeout=600,
    )


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_make_runs_the_same(checkout: Path, tmp_path: Path, surroundings: str) -> None:
    """The targets that need no server: what they print does not depend on the surroundings, and nothing warns."""
    given = SURROUNDINGS[surroundings](tmp_path)
    listed = start(["/usr/bin/make", "help"], checkout, given)
    assert listed.returncode == 0 and "make converge" in listed.stdout, listed.stdout
    done = start(["/usr/bin/make", "check", "SITE=mine"], checkout, given)
    assert done.returncode == 0, done.stdout
    assert "locale" not in done.stdout.lower(), done.stdout
    assert re.search(r"^Done: .* in \d+:\d\d$", done.stdout, re.MULTILINE), done.stdout
    assert (checkout / "inventories" / "mine" / "secrets.yml").is_file()
    assert (checkout / ".venv").resolve() == BIN.parent.resolve(), ".venv was made anew"


def test_output_that_cannot_be_is_said_once_and_make_continues(checkout: Path, tmp_path: Path) -> None:
    """A line of a shell profile, for a callback that was removed; and passwords of another site, which the demo does not need."""
    given = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "ANSIBLE_STDOUT_CALLBACK": "no.such.yaml", "ANSIBLE_CALLBACKS_ENABLED": "none"}
    given |= {"ANSIBLE_LOG_PATH": "/proc/none.log"}
    done = start(["/usr/bin/make", "check", "SITE=mine"], checkout, given)
    assert done.returncode == 0, done.stdout
    assert [line.partition("=")[0] for line in done.stdout.splitlines() if "is ignored" in line] == [
        *("WARNING ANSIBLE_STDOUT_CALLBACK", "WARNING ANSIBLE_CALLBACKS_ENABLED", "WARNING ANSIBLE_LOG_PATH")
    ]
    assert re.search(r"^Done: .* in \d+:\d\d$", done.stdout, re.MULTILINE), done.stdout
    missing = {"ANSIBLE_BECOME_PASSWORD_FILE": "/none", "ANSIBLE_VAULT_IDENTITY_LIST": "a@/none", "ANSIBLE_VAULT_PASSWORD_FILE": "/none"}
    (checkout / ".demo").mkdir(exist_ok=True)
    (checkout / ".demo" / "ssh_key").touch()  # or the targets of a site would ask for `make demo`
    done = start(["/usr/bin/make", "check", "SITE=demo", "ARGS=--check"], checkout, {**given, **missing})
    assert "/none was not found" not in done.stdout and re.search(r"^(FAILED|Done:) ", done.stdout, re.MULTILINE), done.stdout


def test_a_callback_that_does_not_load_is_refused_at_once(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import none_such\n", encoding="utf-8")
    given = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    given |= {"ANSIBLE_STDOUT_CALLBACK": "own", "ANSIBLE_CALLBACK_PLUGINS": str(tmp_path)}
    done = start(["/usr/bin/make", "check", "SITE=mine"], checkout, given)
    assert done.returncode != 0 and "Traceback" not in done.stdout
    assert done.stdout.splitlines()[:2] == [
        "FAILED  ANSIBLE_STDOUT_CALLBACK=own: this callback does not load: No module named 'none_such'.",
        "        Fix: unset ANSIBLE_STDOUT_CALLBACK, or set ANSIBLE_STDOUT_CALLBACK=default",
    ]


#: What cannot be taken from a program that is started directly: its own settings, and Python's.
LOCALES = [{"LANG": "de_DE.UTF-8"}, {"LC_ALL": "C"}, {"LC_ALL": "xx"}, {"LC_TIME": "none", "LANG": "C.UTF-8"}, {}]


@pytest.mark.parametrize("given", LOCALES, ids=str)
def test_playbooks_started_directly(checkout: Path, tmp_path: Path, given: dict[str, str]) -> None:
    """As the guides say, with .venv/bin in PATH: any locale, and another collections path; also outside of the checkout."""
    venv.give_locale(BIN.parent)
    here = {"PATH": f"{checkout}/.venv/bin:/usr/bin:/bin", "HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": "/none", **given}
    argv = ["ansible-playbook", "-i", str(checkout / "inventories" / "mine"), "--syntax-check"]
    done = start([*argv, str(checkout / "playbooks" / "postgresql/switchover.yml")], tmp_path, here)
    assert done.returncode == 0, done.stdout


def test_a_good_locale_is_left_alone(tmp_path: Path) -> None:
    venv.give_locale(BIN.parent)
    asked = "import os, locale; print(os.environ.get('LC_ALL'), locale.setlocale(locale.LC_ALL, ''))"
    done = start([sys.executable, "-c", asked], tmp_path, {"LANG": "C.UTF-8"})
    assert done.stdout.split()[0] == "None"


def test_set_up_starts_anywhere(checkout: Path, tmp_path: Path) -> None:
    given = {"LC_ALL": "xx", "PATH": "/usr/bin:/bin", "PYTHONPATH": "scripts:collections", "COLUMNS": "5"}
    assert start(["python3", "-m", "testbed", "--help"], checkout, given).returncode == 0


def test_what_is_kept_is_documented() -> None:
    text = (REPOSITORY / "docs" / "environment.md").read_text(encoding="utf-8")
    assert sorted(name for name in environment.KEPT if f"`{name}`" not in text) == []
