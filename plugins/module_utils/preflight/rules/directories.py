# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories that hold a service's data: no other's, and none that is emptied or the system's."""

from __future__ import annotations

from collections.abc import Container
from pathlib import PurePosixPath

#: Directories that hold other things; data in one of them would mix with those.
SHARED = frozenset(
    PurePosixPath(path)
    for path in "/ /bin /boot /dev /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /var /var/lib "
    "/var/log /var/tmp".split()
)
#: Below these nothing lasts, or everything is the system's.
FOREIGN_TREES = tuple(PurePosixPath(path) for path in "/boot /dev /efi /etc /proc /root /run /sys /tmp /usr /var/tmp".split())
#: What ``ProtectHome=yes`` hides from a unit (systemd.exec(5)).
HIDDEN_TREES = tuple(PurePosixPath(path) for path in ("/home", "/root", "/run/user"))


def plain(text: str) -> PurePosixPath:
    """A path without what means nothing: //home/./x/ is /home/x."""
    path = PurePosixPath(text)
    return PurePosixPath("/", *path.parts[1:]) if text.startswith("/") else path


def directory_problem(text: str, whose: str, homes_hidden: bool = False, shared: Container[PurePosixPath] = ()) -> str | None:
    """Why a path cannot be a service's directory of data.

    :param whose: as in "the database's"
    :param homes_hidden: the service's unit has ``ProtectHome=yes``
    :param shared: more directories that hold other things
    """
    path = plain(text)
    if not text.startswith("/"):
        return "the path is relative." if text else "the path is empty."
    if ".." in path.parts:
        return "the path has .. in it."
    if path in SHARED or path in shared:
        return f"{path} is not {whose} own directory."
    tree = foreign_tree(path)
    if tree is not None:
        return f"what lies below {tree} belongs to the system, or is not persistent."
    hidden = hidden_tree(path) if homes_hidden else None
    if hidden is not None:
        return f"{whose} unit does not see what lies below {hidden} (ProtectHome)."
    if path.parent == PurePosixPath("/home"):
        return f"{path} is a user's home directory."
    return None


def hidden_tree(path: PurePosixPath) -> PurePosixPath | None:
    """The tree that a unit with ``ProtectHome=yes`` does not see and that a path lies in."""
    return next((tree for tree in HIDDEN_TREES if tree in (path, *path.parents)), None)


def foreign_tree(path: PurePosixPath) -> PurePosixPath | None:
    """The reserved tree that a path lies in."""
    return next((tree for tree in FOREIGN_TREES if tree in path.parents), None)
