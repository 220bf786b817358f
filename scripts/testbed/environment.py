#!/usr/bin/env python3
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of everything that `make` and the scripts start: the same, whatever the caller's is.

Variables that steer a tool which this project uses (Ansible, pip, Python, pytest, Molecule, git, Docker, the shell, the locale) are
dropped, unless :data:`KEPT` names them. All others stay: a vault password script or an inventory's ``lookup('env', ...)`` may read any
of them.
What is kept and what is dropped for users to read: docs/environment.md.

As a program this file is the shell of the Makefile (scripts/clean-shell): ``environment.py -c RECIPE``.
Standard library only, and nothing of the package: it runs before anything else.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, MutableMapping
from glob import glob
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Programs are found here too, last: cron's PATH and an empty one lack some of these.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: Names that steer a tool. Whole families, so that a new setting of a tool is covered too.
DROPPED = re.compile(
    r"""(
      (ANSIBLE|MOLECULE|PIP|PYTEST|PYTHON|VIRTUALENV|UV|CONDA|TOX|NOX|COVERAGE|HYPOTHESIS|PY_COLORS)
    | (MYPY|RUFF|YAMLLINT|PRE_COMMIT)
    | (GIT|DOCKER|BUILDKIT|COMPOSE|PODMAN)_
    | (DPKG|DEB|DEBOOTSTRAP|DEBCONF|APT)_
    | (LC|LANG|LANGUAGE|TEXTDOMAIN|NLSPATH|LOCPATH|CHARSET)(_|$)
    | (ENV|BASH_ENV|BASH_FUNC_.*|BASHOPTS|SHELLOPTS|BASH_XTRACEFD|PS4|CDPATH|GLOBIGNORE|POSIXLY_CORRECT|IFS|TIMEFORMAT)$
    | (COLUMNS|LINES|FORCE_COLOR|CLICOLOR|CLICOLOR_FORCE|GREP_OPTIONS|GREP_COLOR|GREP_COLORS|TAR_OPTIONS|GZIP|BZIP2|XZ_OPT|XZ_DEFAULTS)$
    | (VIRTUAL_ENV|TMP|TEMP|__PYVENV_LAUNCHER__|DISPLAY_ARGS_TO_STDOUT|MAKEFILES|TAPE|LS_COLORS)$
    | VANNAH_CLEAN_
    )""",
    re.VERBOSE,
)

#: Of those families: how this machine reaches the network, where a person's passwords are, and how a person wants to see output.
KEPT = frozenset(
    """
    ANSIBLE_VAULT_PASSWORD_FILE ANSIBLE_VAULT_IDENTITY ANSIBLE_VAULT_IDENTITY_LIST ANSIBLE_BECOME_PASSWORD_FILE
    ANSIBLE_CONNECTION_PASSWORD_FILE
    ANSIBLE_STDOUT_CALLBACK ANSIBLE_CALLBACKS_ENABLED ANSIBLE_CALLBACK_PLUGINS ANSIBLE_NOCOLOR ANSIBLE_FORCE_COLOR ANSIBLE_LOG_PATH
    PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_NO_INDEX PIP_FIND_LINKS PIP_TRUSTED_HOST PIP_CERT PIP_CLIENT_CERT PIP_PROXY PIP_TIMEOUT
    PIP_DEFAULT_TIMEOUT PIP_RETRIES PIP_CACHE_DIR PIP_NO_CACHE_DIR PIP_CONFIG_FILE PIP_KEYRING_PROVIDER PIP_DISABLE_PIP_VERSION_CHECK
    PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE
    GIT_SSL_CAINFO GIT_SSL_CAPATH GIT_SSL_CERT GIT_SSL_KEY GIT_SSH_COMMAND GIT_ASKPASS GIT_PROXY_COMMAND
    HYPOTHESIS_PROFILE
    """.split()
)

#: Where the warnings about what is ignored stand: the Makefile prints them once, at the beginning.
WARNINGS = "VANNAH_CLEAN_WARNINGS"
#: Our own output; and what ansible-core brings where .venv cannot be looked at yet.
CONSOLE = "vannah.healthcloud.console"
CORE_CALLBACKS = frozenset(["default", "junit", "minimal", "oneline", "tree"])


def clean(given: Mapping[str, str], *, home: Callable[[str | None], str | None] | None = None) -> dict[str, str]:
    """The environment for what is started, from the caller's. Cleaning it again changes nothing.

    :param home: gives a home folder that exists, from what ``HOME`` says; None where there is none.
    """
    found = {name: value for name, value in given.items() if name in KEPT or not DROPPED.match(name)}
    found["LC_ALL"] = "C.UTF-8"
    found["LANG"] = "C.UTF-8"
    found["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
    found["PATH"] = _path(given.get("PATH", ""))
    found.setdefault("TERM", "dumb")
    engine = given.get("DOCKER_HOST", "")
    # Servers of demo and tests are containers of this machine: an engine of another one is of no use.
    if engine.startswith("unix://") and Path(engine.removeprefix("unix://")).is_socket():
        found["DOCKER_HOST"] = engine
    else:
        found["DOCKER_CONTEXT"] = "default"
    for name in ("TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        if not _is_usable(found.get(name, "")):
            found.pop(name, None)
    if "PIP_FIND_LINKS" not in found:
        found.pop("PIP_NO_INDEX", None)  # without either, nothing could be installed
    folder = (home or _home)(given.get("HOME"))
    if folder is None:
        # Nothing can be written there: what programs keep for themselves lies in the checkout.
        own = ROOT / ".cache" / "home"
        found["ANSIBLE_HOME"] = str(own / ".ansible")
        found["XDG_CACHE_HOME"] = str(own / ".cache")
        folder = given.get("HOME") or ""
        if not Path(folder).is_dir() or not folder.startswith("/"):
            folder = str(own)
        with contextlib.suppress(OSError):
            own.mkdir(mode=0o700, parents=True, exist_ok=True)
    found["HOME"] = folder
    warnings = [*given.get(WARNINGS, "").splitlines(), *_drop_unusable_output(found)]
    if warnings:
        found[WARNINGS] = "\n".join(dict.fromkeys(warnings))
    return found


def _drop_unusable_output(found: dict[str, str]) -> list[str]:
    """Take away wishes for output that Ansible would end with, or complain of with each playbook; a warning for each."""
    warnings = []
    name = found.get("ANSIBLE_STDOUT_CALLBACK", "")
    if not name:
        found.pop("ANSIBLE_STDOUT_CALLBACK", None)
    elif not _has_callback(name, found):
        warnings.append(_ignored("ANSIBLE_STDOUT_CALLBACK", name, "no callback of this name is installed", "unset it, or set `default`"))
        found["ANSIBLE_STDOUT_CALLBACK"] = CONSOLE
    enabled = [word.strip() for word in found.pop("ANSIBLE_CALLBACKS_ENABLED", "").split(",") if word.strip()]
    usable = [word for word in enabled if _has_callback(word, found)]
    if usable:
        found["ANSIBLE_CALLBACKS_ENABLED"] = ",".join(usable)
    for word in enabled:
        if word not in usable:
            warnings.append(_ignored("ANSIBLE_CALLBACKS_ENABLED", word, "no callback of this name is installed", "take it out"))
    log = found.get("ANSIBLE_LOG_PATH", "")
    if not log or not _is_writable_file(log, found["HOME"]):
        found.pop("ANSIBLE_LOG_PATH", None)
    if log and "ANSIBLE_LOG_PATH" not in found:
        warnings.append(_ignored("ANSIBLE_LOG_PATH", log, "this file cannot be written", "unset it, or name a file in an existing folder"))
    return warnings


def _ignored(variable: str, value: str, why: str, fix: str) -> str:
    shown = value[:200] if value.isprintable() else repr(value)[:200]
    return f"WARNING {variable}={shown} is ignored: {why}. Fix: {fix}"


def _has_callback(name: str, environ: Mapping[str, str]) -> bool:
    """Whether Ansible finds a callback plugin: one of its own, of a collection beside it or in the checkout, or of the person's folders."""
    libraries = [Path(folder) for folder in glob(f"{ROOT}/.venv/lib/python3*/site-packages")]
    short = re.sub(r"^ansible\.(builtin|legacy)\.", "", name)
    if not re.fullmatch(r"[A-Za-z0-9_.]+", name):
        return False
    if name == CONSOLE or short in CORE_CALLBACKS:
        return True
    if any((library / "ansible" / "plugins" / "callback" / f"{short}.py").is_file() for library in libraries):
        return True
    roots = [ROOT / "collections" / "ansible_collections", *(library / "ansible_collections" for library in libraries)]
    if name.count(".") >= 2 and short == name:
        namespace, collection, plugin = name.split(".", 2)
        where = f"{namespace}/{collection}/plugins/callback/{plugin.replace('.', '/')}.py"
        return any((root / where).is_file() for root in roots)
    home = environ.get("ANSIBLE_HOME") or f"{environ['HOME']}/.ansible"
    own = environ.get("ANSIBLE_CALLBACK_PLUGINS") or f"{home}/plugins/callback:/usr/share/ansible/plugins/callback"
    folders = [Path(folder.replace("~", environ["HOME"], 1) if folder.startswith("~/") else folder) for folder in own.split(":") if folder]
    if any(next(folder.glob(f"**/{short}.py"), None) for folder in folders):
        return True
    # Names from before collections: ansible-core knows for some of them where they went.
    return any(glob(f"{root}/*/*/plugins/callback/{short}.py") for root in roots)


def _is_writable_file(path: str, home: str) -> bool:
    """Whether Ansible can append to a log."""
    log = Path(path.replace("~", home, 1) if path.startswith("~/") else path)
    try:
        if log.exists():
            with log.open("ab"):
                return log.is_file()
    except OSError:
        return False
    return _is_usable(str(log.parent.absolute()))


def apply(environ: MutableMapping[str, str] | None = None) -> None:
    """Clean this process's own environment and umask, for all that it starts."""
    target = os.environ if environ is None else environ
    cleaned = clean(dict(target))
    for name in list(target):
        if name not in cleaned:
            del target[name]
    target.update(cleaned)
    os.umask(0o022)


def _path(given: str) -> str:
    """PATH without relative folders, which would depend on where one stands, and with the system's folders."""
    folders = [folder for folder in given.split(":") if folder.startswith("/")]
    folders += [folder for folder in SYSTEM_PATH.split(":") if folder not in folders]
    return ":".join(dict.fromkeys(folders))


def _home(said: str | None) -> str | None:
    """HOME where it can be written, else that of the user's entry in passwd where that can."""
    candidates = [said] if said else []
    if not said or not Path(said).is_dir():
        with contextlib.suppress(KeyError):
            candidates.append(pwd.getpwuid(os.geteuid()).pw_dir)
    return next((folder for folder in candidates if folder and _is_usable(folder)), None)


def _is_usable(folder: str) -> bool:
    """Whether it is an absolute path of a folder in which a file can be made: root passes every other test."""
    if not folder.startswith("/") or not Path(folder).is_dir():
        return False
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def open_standard() -> None:
    """Give standard input, output and error that the caller has closed (``>&-``) somewhere to go: Ansible ends in a traceback without."""
    for descriptor in (0, 1, 2):
        with contextlib.suppress(OSError):
            if os.get_inheritable(descriptor):  # else it is the file of this program: Python has opened it where something was missing
                continue
        with contextlib.suppress(OSError):
            opened = os.open(os.devnull, os.O_RDWR)
            if opened == descriptor:
                os.set_inheritable(opened, True)
            else:
                os.dup2(opened, descriptor, inheritable=True)
                os.close(opened)


def main(arguments: list[str]) -> None:
    """Be the shell: run bash with these arguments in the clean environment."""
    with contextlib.suppress(OSError):
        os.umask(0o022)
    open_standard()
    os.execve("/bin/bash", ["bash", *arguments], clean(os.environ))


if __name__ == "__main__":
    main(sys.argv[1:])
