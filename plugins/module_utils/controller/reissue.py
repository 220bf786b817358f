# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New keys and certificates for a running site: what playbooks/pki/rotate_certificates.yml has each call say."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError

if TYPE_CHECKING:
    from ..agent.contract import Policy

#: Certificates that were signed before this time are replaced: one time for the whole run, and for a run that continues it.
BEFORE = "certificate_issued_before"
#: Only those of these components, or with these names; a list, or a text with commas.
ONLY = "certificate_components"


def policy(before: Any, only: Any = None, now: float | None = None, variable: str = BEFORE) -> Policy:
    """What the agent is told.

    :param before: ISO 8601 in UTC, ``2026-12-01T10:00:00Z``
    :param variable: where it stands
    :raises AnsibleError: it is not a time, or has not come yet
    """
    found = moment(str(before))
    if found is None or found > (time.time() if now is None else now):
        what = "is not a time" if found is None else "has not come yet, so every run would replace the certificates again"
        raise AnsibleError(f"{variable} {before} {what}. Fix: write a time of the past in UTC, such as 2026-12-01T10:00:00Z")
    return {"reissue": found, "reissue_of": names(only)}


def moment(text: str) -> float | None:
    """Seconds since the epoch; None where it is not a time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def names(only: Any) -> list[str]:
    """The components that were named, without duplicates."""
    listed: Iterable[Any] = only.split(",") if isinstance(only, str) else only or ()
    return list(dict.fromkeys(name for item in listed if (name := str(item).strip())))
