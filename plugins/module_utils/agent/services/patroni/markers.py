# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that postgresql-may-start (roles/postgresql/files) reads before Patroni starts. A unit test compares the paths."""

from __future__ import annotations

#: The member with the newest data.
FIRST = "/etc/patroni/vannah-newest"
#: There while a restore onto this member has not ended: after a run that was killed the next one continues on the same member.
RESTORING = "/etc/patroni/vannah-restoring"
