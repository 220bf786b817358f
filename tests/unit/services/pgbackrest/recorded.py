# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pgBackRest 2.55.1 printed on a Debian 13, and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path

DATA = Path(__file__).parent / "data"
#: ``info --output=json``: two backups; and without a stanza.
INFO, NO_STANZA = ((DATA / name).read_text(encoding="utf-8") for name in ("info.json", "no_stanza.json"))
#: ``repo-ls --recurse --output=json`` of its archive: the segments 1 to 6 of timeline 1, archived every 10 seconds.
SEGMENTS = {f"0000000100000000/0000000100000000{number:08X}-{'ab' * 20}.zst": {"time": 1796120000 + 10 * number} for number in range(1, 7)}
LISTING = json.dumps({".": {"type": "path"}, "0000000100000000": {"type": "path"}, **SEGMENTS})
#: ``info`` of a stanza without backups: of the same output, what differs.
EMPTY = NO_STANZA.replace('"code":1', '"code":2').replace("missing stanza path", "no valid backups")
#: With a wrong key.
WRONG_KEY = NO_STANZA.replace('"code":1', '"code":99').replace(
    "missing stanza path",
    "[FormatError] unable to load info file '/var/lib/pgbackrest/backup/t/backup.info' or '/var/lib/pgbackrest/backup/t/backup.info.copy':"
    "\\nFormatError: key/value found outside of section at line 1: @\\u0001\\ufffdH0",
)

#: ``stanza-create``: exit status and standard error.
DOWN = (
    56,
    "2026-12-01 10:18:52.990 P00   WARN: unable to check pg1: [DbConnectError] unable to connect to 'dbname='postgres' port=5432':"
    ' connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: No such file or directory\n'
    "2026-12-01 10:18:52.990 P00  ERROR: [056]: unable to find primary cluster - cannot proceed\n"
    "                                    HINT: are all available clusters in recovery?\n",
)
OTHER = (
    28,
    "2026-12-01 10:18:56.606 P00  ERROR: [028]: backup and archive info files exist but do not match the database\n"
    "                                    HINT: is this the correct stanza?\n"
    "                                    HINT: did an error occur during stanza-upgrade?\n",
)
#: ``check`` before PostgreSQL archives.
DISABLED = (87, "2026-12-01 10:19:03.507 P00  ERROR: [087]: archive_mode must be enabled\n")
#: ``backup --backup-standby`` where no standby answers.
NO_STANDBY = (56, "2026-12-01 10:13:33.157 P00  ERROR: [056]: unable to find standby cluster - cannot proceed\n")

#: ``verify --output=text --verbose``. All well; a wrong byte in a file of a backup; in a WAL segment; a file that is missing.
VERIFY_OK = """stanza: t
status: ok
  archiveId: 17-1, total WAL checked: 6, total valid WAL: 6
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261201-101321F, status: valid, total files checked: 963, total valid files: 963
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261201-101321F_20261201-101327I, status: valid, total files checked: 964, total valid files: 964
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
"""
VERIFY_FILE = (
    VERIFY_OK.replace("status: ok", "status: error")
    .replace(
        "101321F, status: valid, total files checked: 963, total valid files: 963",
        "101321F, status: invalid, total files checked: 963, total valid files: 962",
    )
    .replace("checksum invalid: 0", "checksum invalid: 1", 2)
    .replace("checksum invalid: 1", "checksum invalid: 0", 1)
)
VERIFY_WAL = (
    VERIFY_OK.replace("status: ok", "status: error").replace("total valid WAL: 6", "total valid WAL: 5").replace("other: 0", "other: 1", 1)
)
