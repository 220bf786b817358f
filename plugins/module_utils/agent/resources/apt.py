# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing Debian packages with apt-get and dpkg; loaded only where something has to change.

Services are left as they are: Debian starts a daemon when its package is installed and restarts it when the package is
updated, without regard to the configuration that this collection writes. While packages change, a
temporary policy-rc.d (see policy-rc.d(8) of init-system-helpers' invoke-rc.d) forbids both.
"""

from __future__ import annotations

import os

from ..core.model import STATE_DIR, AgentError, Result
from .apt_errors import explain, is_interrupted, is_locked, is_stale, unknown_lines
from .dpkg import MARKER, POLICY, RENAMED_POLICY, find, satisfied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..contract import Package as Item
    from ..core.model import Context

LISTS = "/var/lib/apt/lists"
SOURCES = "/etc/apt"
#: Touched after each apt-get update that succeeded: what apt-get leaves itself carries the mirror's times, not the host's.
STAMP = STATE_DIR + "/apt-updated"
#: apt.systemd.daily and unattended-upgrades leave the others.
STAMPS = (STAMP, "/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/periodic/update-stamp")
#: Seconds after which the package lists are fetched again before something is installed.
LISTS_AGE = 86400
#: Seconds to wait for another package manager (unattended-upgrades takes minutes).
LOCK_PATIENCE = 600
#: Packages that may go when what takes their place is installed.
GIVES_WAY = frozenset(["systemd-timesyncd"])
#: What leaves a package out on a host that must keep what cannot stay beside it.
SWITCHES = {"chrony": "base_time_sync: false"}
#: Seconds after which an installation is given up.
TIMEOUT = 3600

#: There is no one to answer questions, and nothing else may restart services (needrestart) or show changelogs.
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "NEEDRESTART_SUSPEND": "1",
    "APT_LISTCHANGES_FRONTEND": "none",
    "UCF_FORCE_CONFFOLD": "1",
}
APT_GET = [
    "apt-get",
    "-y",
    "-q",
    "-o", f"DPkg::Lock::Timeout={LOCK_PATIENCE}",
    "-o", "Dpkg::Options::=--force-confdef",
    "-o", "Dpkg::Options::=--force-confold",
    "-o", "Dpkg::Use-Pty=0",
    "-o", "APT::Cmd::Pattern-Only=true",  # a name that does not exist is not interpreted as a regular expression
    "-o", "APT::Keep-Downloaded-Packages=false",
    "-o", "Acquire::http::Timeout=20",
    "-o", "Acquire::https::Timeout=20",
    "-o", "Acquire::Retries=2",
]  # fmt: skip
CONFIGURE = ["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"]
#: Nothing is written, not even apt's caches.
SIMULATE = ["-s", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=", "-o", "Debug::NoLocking=true"]

#: A package that goes away must take its daemon along: its prerm, which dpkg calls with ``remove``, may stop it.
SCRIPT = (
    b"#!/bin/sh\n"
    + MARKER
    + b"""case " $* " in
*" stop "*)
    pid=$PPID
    for _ in 1 2 3 4; do
        [ -r "/proc/$pid/cmdline" ] || break
        case "$(tr '\\0' ' ' < "/proc/$pid/cmdline")" in *"prerm remove"*) exit 0 ;; esac
        pid=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$pid/status")
    done
    ;;
esac
exit 101
"""
)


class Transaction:
    """The package changes of one component: all of them in one run of apt-get.

    :param items: ``packages`` items of a normalised component that are not as they should be
    :param managed: names that we put on hold; only their holds may be lifted
    """

    def __init__(self, items: Iterable[Item], managed: Iterable[str] = ()) -> None:
        self.items = list(items)
        self.managed = set(managed)
        self.done = False
        self.new: list[str] = []  # packages that come, those that others need among them

    def arguments(self) -> list[str]:
        """The arguments of apt-get install: ``name``, ``name=version``, ``name-`` for one that has to go.

        :raises AgentError: ``bad-package``
        """
        words = []
        for item in self.items:
            name, version = item["name"], item["version"] or ""
            for word in (name, version):
                if word.startswith("-") or not word.isascii() or not all(sign.isalnum() or sign in "+-.:~*" for sign in word):
                    raise AgentError(
                        "bad-package", f"{word!r} is not a name or version of a Debian package: write one as apt-cache policy shows it"
                    )
            if item["state"] == "absent":
                words.append(name + "-")
            else:
                words.append(f"{name}={version}" if version else name)
        options = ["--allow-downgrades"] if any(item["version"] for item in self.items) else []
        return ["--no-install-recommends", *options, "--", *words]

    def installs(self) -> list[str]:
        """Names of the packages that have to be there afterwards."""
        return [item["name"] for item in self.items if item["state"] == "present"]

    def run(self, ctx: Context) -> None:
        """Make the changes; a second call does nothing.

        :raises AgentError: see :mod:`.apt_errors`; ``package-conflict`` also where a package would be removed that is not listed;
            ``package-failed`` where apt-get was content and we are not
        """
        if self.done:
            return
        arguments = self.arguments()
        with Policy(ctx):
            if any(find(ctx, item["name"]).broken for item in self.items):
                _heal(ctx)
            if self.installs() and outdated(ctx):
                _update(ctx)
            lifted = [item["name"] for item in self.items if item["name"] in self.managed and find(ctx, item["name"]).held]
            for name in lifted:
                select(ctx, name, "install")
            try:
                self._install(ctx, arguments)
            finally:
                ctx.read.packages = None
                for name in lifted:
                    if find(ctx, name).whole:
                        select(ctx, name, "hold")
        for item in self.items:
            package = find(ctx, item["name"])
            if not satisfied(ctx, item, package):
                wanted = item["version"] or item["state"]
                found = f"{package.state} {package.version}".strip() or "not installed"
                raise AgentError("package-failed", f"package {item['name']} is {found} after apt-get, {wanted} is wanted")
        self.done = True
        if self.new:
            from .brought import tell

            tell(ctx, self.new)

    def _install(self, ctx: Context, arguments: list[str]) -> None:
        for _attempt in range(3):
            result = Result(0)
            if self.installs():
                result = patiently(ctx, [*APT_GET, "-s", "install", *arguments])
                problem = self.refusal(result)
                if problem:
                    raise AgentError("package-conflict", problem)
                self.new = sorted(name for name in simulated_names(result.out, "Inst") if not find(ctx, name).whole)
            if result.rc == 0:
                result = patiently(ctx, [*APT_GET, "install", *arguments])
            if result.rc == 0:
                self._tell_removed(ctx, result)
                failed = ctx.kept(Lists).failed
                if failed is not None:
                    ctx.warn(failed.msg)  # the old lists were sufficient, but the operator should know
                return
            said = result.out + result.err
            if is_interrupted(said):
                _heal(ctx)
            elif not (is_stale(said) and _update(ctx)):
                break
        unreachable = ctx.kept(Lists).failed if is_stale(result.out + result.err) else None
        raise unreachable or explain(result, "install " + ", ".join(item["name"] for item in self.items))

    def refusal(self, simulated: Result) -> str:
        """Why apt-get is not run: it would remove a package that is not listed. Empty where it would not.

        :param simulated: what ``apt-get -s install`` answered
        """
        going = [] if simulated.rc else [name for name in simulated_names(simulated.out, "Remv") if name not in GIVES_WAY]
        wanted = {item["name"] for item in self.items if item["state"] == "absent"}
        others = sorted(name for name in going if name not in wanted and name.partition(":")[0] not in wanted)
        if not others or not self.installs():
            return ""
        switches = " or ".join(SWITCHES[name] for name in self.installs() if name in SWITCHES)
        keep = f"To keep {'it' if len(others) == 1 else 'them'}: {switches or 'leave that out of what is installed here'}"
        return (
            f"installing {', '.join(self.installs())} would remove {', '.join(others)}, which were installed outside of this "
            f"collection. {keep};"
            f" else apt-get remove {' '.join(others)} by hand"
        )

    def _tell_removed(self, ctx: Context, result: Result) -> None:
        wanted = {item["name"] for item in self.items if item["state"] == "absent"}
        removed = [line.split()[1] for line in result.out.splitlines() if line.startswith("Removing ") and line.endswith(" ...")]
        others = sorted({name for name in removed if name.partition(":")[0] not in wanted and name not in wanted})
        if others:
            ctx.warn(f"apt-get removed {', '.join(others)}, which cannot stay beside {', '.join(self.installs()) or 'what was removed'}")


def preview(ctx: Context, transaction: Transaction) -> None:
    """Say what else apt-get would do, as warnings of the component; nothing is written, not even apt's caches."""
    if not has_lists(ctx):
        ctx.warn_of_host("the host has no package lists yet: what else will be installed is known after apt-get update")
        return
    options = ["--allow-change-held-packages"] if transaction.managed else []
    result = ctx.run([*APT_GET, *SIMULATE, *options, "install", *transaction.arguments()], env=ENVIRONMENT, timeout=120, check=False)
    if result.rc != 0:
        # No error: the lists may be old, or a source of packages is about to be added before them.
        ctx.warn("as things are, " + explain(result, "install " + ", ".join(item["name"] for item in transaction.items)).msg)
        return
    named = {item["name"] for item in transaction.items}
    problem = transaction.refusal(result)
    for word, sentence in (("Inst", "apt-get would also install {}"), ("Remv", "apt-get would remove {}")):
        others = sorted(simulated_names(result.out, word) - named)
        if others and not (word == "Remv" and problem):
            ctx.warn(sentence.format(", ".join(others)))
    if problem:
        ctx.warn("in this state a run is refused: " + problem)


def unknown(ctx: Context, names: Iterable[str]) -> str:
    """What apt-get says of packages that it does not know; empty where it knows all, or its lists are too old to tell."""
    items: list[Item] = [{"name": name, "state": "present", "version": None} for name in names]
    missing = [item for item in items if not satisfied(ctx, item, find(ctx, item["name"]))]
    if not missing or outdated(ctx):
        return ""
    try:
        words = Transaction(missing).arguments()
    except AgentError as error:
        return error.msg
    result = ctx.run([*APT_GET, *SIMULATE, "install", *words], env=ENVIRONMENT, timeout=120, check=False)
    return unknown_lines(result.out + "\n" + result.err) if result.rc else ""


def simulated_names(out: str, word: str) -> set[str]:
    """The packages of the lines of ``apt-get -s`` that begin with a word: ``Inst`` or ``Remv``."""
    return {line.split()[1] for line in out.splitlines() if line.startswith(word + " ")}


def select(ctx: Context, name: str, selection: str) -> None:
    """Set dpkg's selection of a package: ``hold`` or ``install``.

    :raises AgentError: ``packages-locked``, ``package-failed``
    """
    result = patiently(ctx, ["dpkg", "--set-selections"], input=f"{name} {selection}\n")
    ctx.read.packages = None
    if result.rc != 0 or find(ctx, name).want != selection:
        raise AgentError(
            "package-failed", f"dpkg did not take the selection {selection} of {name}: {(result.err or result.out).strip()[-500:]}"
        )


def repair(ctx: Context) -> None:
    """Finish what an interrupted installation left, and give the host its own policy-rc.d back.

    :raises AgentError: see :mod:`.apt_errors`
    """
    with Policy(ctx):
        _heal(ctx)


def _heal(ctx: Context) -> None:
    """Configure what is unpacked, and fetch what is missing for it. Nothing is removed for that."""
    try:
        if patiently(ctx, CONFIGURE).rc == 0:
            return
        result = patiently(ctx, [*APT_GET, "--no-remove", "--fix-broken", "install"])
        if result.rc != 0 and is_stale(result.out + result.err) and _update(ctx):
            result = patiently(ctx, [*APT_GET, "--no-remove", "--fix-broken", "install"])
        if result.rc != 0:
            raise explain(result, "repair an interrupted installation")
    finally:
        ctx.read.packages = None


# --- package lists ------------------------------------------------------------------------------------------------------


def has_lists(ctx: Context) -> bool:
    """Whether apt-get update was ever done here."""
    try:
        return any("_Packages" in name for name in os.listdir(ctx.path(LISTS)))
    except OSError:
        return False


def outdated(ctx: Context) -> bool:
    """Whether the package lists are missing, older than :data:`LISTS_AGE`, or older than what says where they come from."""
    if not has_lists(ctx):
        return True
    # The directory's own time is only a hint: an apt-get update that failed moves it, too.
    fetched = max(_time(ctx, path) for path in STAMPS) or _time(ctx, LISTS)
    return not 0 <= ctx.now() - fetched <= LISTS_AGE or any(_time(ctx, path) > fetched for path in _sources(ctx))


def _sources(ctx: Context) -> list[str]:
    folder = SOURCES + "/sources.list.d"
    names = os.listdir(ctx.path(folder)) if os.path.isdir(ctx.path(folder)) else []
    return [SOURCES + "/sources.list", *(f"{folder}/{name}" for name in names)]


def _time(ctx: Context, path: str) -> float:
    try:
        return os.stat(ctx.path(path)).st_mtime
    except OSError:
        return 0.0


class Lists:
    """Whether the lists were fetched in this call, and why that failed."""

    def __init__(self) -> None:
        self.tried = False
        self.failed: AgentError | None = None


def _update(ctx: Context) -> bool:
    """Fetch the package lists, once per run. False where that was tried before, or failed: the old lists may do.

    :raises AgentError: ``no-space``, ``packages-locked``
    """
    lists = ctx.kept(Lists)
    if lists.tried:
        return False
    lists.tried = True
    result = patiently(ctx, [*APT_GET, "-o", "APT::Update::Error-Mode=any", "update"])
    if result.rc == 0:
        from ..lib.write import state_directory

        state_directory(ctx, STATE_DIR)
        with open(ctx.path(STAMP), "wb"):
            pass
        os.utime(ctx.path(STAMP), (ctx.now(), ctx.now()))
        return True
    error = explain(result, "fetch the package lists")
    if error.code in ("no-space", "packages-locked"):
        raise error
    lists.failed = error
    return False


# --- programs -----------------------------------------------------------------------------------------------------------


def patiently(ctx: Context, argv: list[str], input: str | None = None) -> Result:
    """Run apt-get or dpkg, and again while another one has a lock that it does not wait for itself.

    For dpkg's own locks apt-get does wait: what that took counts.
    """
    import time

    from ..core import waiting

    begun = time.monotonic()
    until = begun + LOCK_PATIENCE
    while True:
        result = ctx.run(argv, input=input, env=ENVIRONMENT, timeout=TIMEOUT, check=False)
        if result.rc == 0 or not is_locked(result.out + result.err) or time.monotonic() >= until:
            return result
        waiting.tell(ctx, "another package manager to end", begun, LOCK_PATIENCE, (result.err or result.out).strip())
        time.sleep(2)


class Policy:
    """Our policy-rc.d for the body. An existing one is renamed meanwhile and restored."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def __enter__(self) -> None:
        from ..lib.disk import read
        from ..lib.write import error_of, write_file

        real, renamed = self.ctx.path(POLICY), self.ctx.path(RENAMED_POLICY)
        try:
            # The renamed file is the host's own; the agent's may still be in its place when a run was killed.
            if os.path.lexists(real) and MARKER not in (read(real) or b""):
                os.rename(real, renamed)
        except OSError as error:
            raise error_of(error, POLICY) from error
        write_file(self.ctx, POLICY, SCRIPT, 0o755, self.ctx.uid("root") or 0, self.ctx.gid("root") or 0)

    def __exit__(self, *exc: object) -> None:
        real, renamed = self.ctx.path(POLICY), self.ctx.path(RENAMED_POLICY)
        if os.path.lexists(renamed):
            os.rename(renamed, real)
        elif os.path.lexists(real):
            os.unlink(real)
