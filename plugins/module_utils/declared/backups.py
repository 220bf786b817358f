# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role declares of its backups."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from .fields import Path, Plain, SecretName, Text

#: Kinds of backup jobs.
Job = Literal["databases", "files", "objects"]


class BackupPath(TypedDict):
    """What has to be in a backup of the host's files."""

    path: Path
    exclude: NotRequired[list[Path]]


class Kept(TypedDict):
    """What the role keeps: the kind of backup job that covers it, or why none is needed. Either ``job`` or ``none``."""

    data: Text
    job: NotRequired[Job]
    none: NotRequired[Text]


class BackupJob(TypedDict):
    """What the backup jobs of the role cover."""

    covers: Job


class ObjectStore(TypedDict):
    """Where objects are that are to be backed up, and the user that reads them. ``writer``: secrets of one that writes."""

    endpoint: Text
    user: Plain
    secret: SecretName
    writer: SecretName
    writer_secret: SecretName
    buckets: list[str]
