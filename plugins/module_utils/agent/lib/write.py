# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing files so that a reader sees the old or the new one, and a crash leaves the old or the new one."""

from __future__ import annotations

import errno
import os
import stat

from ..core.model import AgentError
from . import disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.model import Context

#: The file that is written beside ``x`` is ``.x.vannah``: a name that is known, so that a killed run's can be removed.
BESIDE = ".vannah"


def beside(path: str) -> str:
    """The name under which the new content of ``path`` is written before it takes its place."""
    directory, name = os.path.split(path)
    return os.path.join(directory, f".{name}{BESIDE}")


def error_of(error: OSError, path: str) -> AgentError:
    """An operating system's error as one that says what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AgentError("no-space", f"no space left to write {path}: free some on its file system (df, df -i) and run again")
    if error.errno == errno.EROFS:
        fix = "find out why (dmesg), then mount it read-write (mount -o remount,rw) and run again"
        return AgentError("read-only", f"{path} is on a file system that is mounted read-only. Fix: {fix}")
    if error.errno in (errno.EACCES, errno.EPERM) and os.geteuid() != 0:
        return AgentError("need-root", f"{path} can only be changed by root: run with become")
    if error.errno == errno.EPERM:
        # Root may do everything but this: chattr(1).
        fix = f"look with lsattr {path} and lsattr -d {os.path.dirname(path)}, remove it with chattr -i (or -a), and run again"
        return AgentError("os-error", f"{path} cannot be changed even by root: it or its folder has the attribute immutable. Fix: {fix}")
    if error.errno == errno.EIO:
        return AgentError("os-error", f"{path}: the disk reports an input/output error. Fix: look at dmesg and at the disk (smartctl)")
    return AgentError("os-error", f"{path}: {error.strerror or error}")


def ids(ctx: Context, owner: str, group: str) -> tuple[int, int]:
    """Numbers of an owner and a group.

    :raises AgentError: ``user-missing`` where one of them does not exist by now
    """
    uid, gid = ctx.uid(owner), ctx.gid(group)
    if uid is None:
        raise _missing(ctx, "user", owner)
    if gid is None:
        raise _missing(ctx, "group", group)
    return uid, gid


def _missing(ctx: Context, kind: str, name: str) -> AgentError:
    """A package creates its user when it is installed. It does not create the user again after it was deleted."""
    packages = [package["name"] for package in ctx.component.get("packages") or () if package["state"] == "present"]
    if packages:
        text = f"there is no {kind} {name}, which a package creates. Fix: run apt-get install --reinstall {' '.join(packages)}"
    else:
        text = f"there is no {kind} {name}: add it to the component's {kind}s, or the package that creates it to its packages"
    return AgentError("user-missing", text)


def sync_directory(path: str) -> None:
    """Make what was renamed or removed in ``path`` durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(
    ctx: Context,
    path: str,
    data: bytes,
    mode: int,
    uid: int = 0,
    gid: int = 0,
    check: Callable[[str], None] | None = None,
) -> None:
    """Write ``data`` to the host's ``path``: beside, with its mode and owner, synced, renamed, the directory synced.

    A symbolic link there is replaced, not followed. A file that is a mount point is written in place.

    :param check: called with the real path of the file beside; an exception leaves ``path`` as it was
    :raises AgentError: ``no-space``, ``read-only``, ``need-root``, ``os-error``
    """
    real = ctx.path(path)
    new = beside(real)
    disk.forget(ctx, path)
    try:
        _remove(new)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _pour(descriptor, data)
            _own(descriptor, uid, gid, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if check is not None:
            check(new)
        _replace(new, real, data, mode, uid, gid)
    except OSError as error:
        _clean(new)
        raise error_of(error, path) from error
    except AgentError:
        _clean(new)
        raise


def _replace(new: str, real: str, data: bytes, mode: int, uid: int, gid: int) -> None:
    try:
        os.rename(new, real)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        descriptor = os.open(real, os.O_WRONLY | os.O_CLOEXEC)  # a bind-mounted file, a container's /etc/hosts
        try:
            _pour(descriptor, data)
            os.ftruncate(descriptor, len(data))
            _own(descriptor, uid, gid, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _remove(new)
    sync_directory(os.path.dirname(real))


def _own(descriptor: int, uid: int, gid: int, mode: int) -> None:
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (uid, gid):
        os.fchown(descriptor, uid, gid)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:  # after chown, which drops setuid
        os.fchmod(descriptor, mode)


def _pour(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _remove(real: str) -> None:
    if disk.status(real) is not None:
        os.unlink(real)


def _clean(real: str) -> None:
    """After an error: the first error is the one to report."""
    try:
        _remove(real)
    except OSError:
        return


def set_attributes(ctx: Context, path: str, mode: int, uid: int, gid: int) -> None:
    """Mode and owner of an existing file or directory; the caller's umask plays no part.

    :raises AgentError: as :func:`write_file`
    """
    real = ctx.path(path)
    try:
        found = os.lstat(real)
        if (found.st_uid, found.st_gid) != (uid, gid):
            os.lchown(real, uid, gid)
        if stat.S_IMODE(os.lstat(real).st_mode) != mode:
            os.chmod(real, mode)
    except OSError as error:
        raise error_of(error, path) from error


def make_link(ctx: Context, path: str, target: str) -> None:
    """Make or replace a symbolic link in one rename.

    :raises AgentError: as :func:`write_file`
    """
    real = ctx.path(path)
    new = beside(real)
    try:
        _remove(new)
        os.symlink(target, new)
        os.rename(new, real)
        sync_directory(os.path.dirname(real))
    except OSError as error:
        _clean(new)
        raise error_of(error, path) from error
    disk.forget(ctx, path)


def remove(ctx: Context, path: str) -> None:
    """Remove a file or a link, and what a killed run left beside it.

    :raises AgentError: as :func:`write_file`
    """
    real = ctx.path(path)
    disk.forget(ctx, path)
    try:
        _remove(beside(real))
        if disk.status(real) is not None:
            os.unlink(real)
            sync_directory(os.path.dirname(real))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        if error.errno == errno.EBUSY:  # a mount point of a container: emptying it is all that can be done
            os.truncate(real, 0)
            return
        raise error_of(error, path) from error


def make_directory(ctx: Context, path: str, mode: int, uid: int = 0, gid: int = 0) -> list[str]:
    """Make a directory; parents that are missing belong to root and are 0755.

    :return: the directories that were made, outermost first
    :raises AgentError: ``not-a-directory``, else as :func:`write_file`
    """
    made: list[str] = []
    missing = path
    while missing != "/" and disk.status(ctx.path(missing)) is None:
        made.insert(0, missing)
        missing = os.path.dirname(missing)
    if not os.path.isdir(ctx.path(missing)):
        raise AgentError("not-a-directory", f"{missing} is in the way: it is not a directory")
    try:
        for directory in made:
            last = directory == path
            bits = mode if last else 0o755
            # The mode is correct from the creation: no later run would check a parent's mode if this run died here.
            os.mkdir(ctx.path(directory), bits & 0o777)
            root = (ctx.uid("root") or 0, ctx.gid("root") or 0)
            set_attributes(ctx, directory, bits, *((uid, gid) if last else root))
        if made:
            sync_directory(os.path.dirname(ctx.path(made[0])))
    except OSError as error:
        raise error_of(error, path) from error
    return made


def remove_directory(ctx: Context, path: str) -> bool:
    """Remove a directory if it is empty; False where it stays because something is in it.

    :raises AgentError: as :func:`write_file`
    """
    try:
        os.rmdir(ctx.path(path))
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY, errno.ENOTDIR):
            return False
        raise error_of(error, path) from error
    return True


def state_directory(ctx: Context, path: str) -> str:
    """Make a directory of our own (0700, root), with its parents; returns its real path.

    :raises AgentError: as :func:`write_file`
    """
    real = ctx.path(path)
    if not os.path.isdir(real):
        made = []
        missing = real
        while not os.path.isdir(missing):
            made.append(missing)
            missing = os.path.dirname(missing)
        try:
            for directory in reversed(made):
                # below the collection's folder everything is root's alone; /var/lib of a test root is not
                own = "/vannah" in directory[len(ctx.root) :]
                os.mkdir(directory, 0o700)
                os.chmod(directory, 0o700 if own else 0o755)
        except OSError as error:
            raise error_of(error, path) from error
    return real
