# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of PostgreSQL's settings will do on a member, said in check mode: their values, and whether a restart follows.

Patroni's own file of settings is compared with what is wanted, and where that differs the running value: a setting is a change only where
both do. Which settings need a restart PostgreSQL says (``context`` in pg_settings,
https://www.postgresql.org/docs/17/view-pg-settings.html).
"""

from __future__ import annotations

import re

from ...core.model import Step
from ..postgresql.psql import Absent, Psql, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...contract import Diff
    from ...core.model import Context

#: Without an offset PostgreSQL 15 knows no file that may be missing.
_READ = """\
SELECT json_build_object(
 'text', pg_read_file(current_setting('data_directory') || '/postgresql.conf', 0, 1000000, true),
 'settings', (SELECT coalesce(json_object_agg(lower(name), json_build_array(setting, unit, vartype, context)), '{{}}')
  FROM pg_settings WHERE lower(name) IN ({names})));
"""
#: As Patroni writes a setting (``write_postgresql_conf`` of patroni/postgresql/config.py).
_LINE = re.compile(r"^([A-Za-z_][\w.]*) = '(.*)'$")
_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)\s*")
#: Units of memory in bytes, of time in milliseconds (https://www.postgresql.org/docs/17/config-setting.html).
_UNITS = {
    "B": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40,
    "us": 0.001, "ms": 1, "s": 1000, "min": 60000, "h": 3600000, "d": 86400000,
}  # fmt: skip
_TRUE, _FALSE = ("on", "true", "yes", "1"), ("off", "false", "no", "0")


def steps(ctx: Context, port: int, name: str, wanted: Mapping[str, Any]) -> list[Step]:
    """A step for a member on which settings will change; it says so where the member has to be restarted for one of them.

    :param name: the member's
    :param wanted: ``name: value`` of all settings of the cluster and the member; null for one that is taken away, which is not judged
    """
    given = {key.lower(): _text(value) for key, value in wanted.items() if value is not None}
    try:
        (found,) = Psql(ctx, port).read(_READ.format(names=", ".join(literal(key) for key in ["", *given])))
    except Absent:
        return []
    written = parse(found["text"] or "")
    before, after, restarts = {}, {}, []
    for key, value in sorted(given.items()):
        setting, unit, kind, context = found["settings"].get(key, (None, None, "", ""))
        if setting is None or written.get(key) == value or not differs(kind, setting, unit, value):
            continue
        before[key], after[key] = written.get(key, f"{setting}{unit or ''}"), value
        if context == "postmaster":
            restarts.append(key)
    if not after:
        return []
    detail = f"restart for {', '.join(restarts)}, as postgresql_restart_policy says" if restarts else "reload"
    diff = _diff(ctx, f"settings of {name}, {detail}", before, after)
    return [Step("member", name, "change settings", f"{', '.join(sorted(after))}; {detail}", diff)]


def parse(text: str) -> dict[str, str]:
    """``name: value`` of a file as Patroni writes it."""
    found = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            found[match[1].lower()] = match[2].replace("''", "'").replace("\\\\", "\\")
    return found


def differs(kind: str, setting: str, unit: str | None, wanted: str) -> bool:
    """Whether a running value is another than the one that is wanted; False also where that is unknown.

    :param kind: ``vartype`` of pg_settings
    :param setting: the value in ``unit``
    """
    if kind == "bool":
        return {word: word in _TRUE for word in (*_TRUE, *_FALSE)}.get(wanted.lower(), setting == "on") != (setting == "on")
    if kind in ("integer", "real"):
        now, then = _number(setting, unit or ""), _number(wanted, unit or "")
        return now is not None and then is not None and abs(now - then) > 0.000001 * max(abs(now), abs(then), 1)
    return setting.lower() != wanted.lower() if kind == "enum" else setting != wanted


def _number(text: str, unit: str) -> float | None:
    """A value in bytes, milliseconds, or without a unit; ``unit`` is that of the setting (``8kB``), which a bare number has."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    if match[2]:
        return float(match[1]) * _UNITS[match[2]] if match[2] in _UNITS and unit else None
    base = re.fullmatch(r"(\d*)([A-Za-z]*)", unit)
    if base is None or (base[2] and base[2] not in _UNITS):
        return None
    return float(match[1]) * int(base[1] or 1) * _UNITS.get(base[2], 1)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _diff(ctx: Context, header: str, before: Mapping[str, str], after: Mapping[str, str]) -> Diff | None:
    if not ctx.diff:
        return None
    texts = ["".join(f"{key}: {value}\n" for key, value in sorted(values.items())) for values in (before, after)]
    return {"before_header": header, "after_header": header, "before": texts[0], "after": texts[1]}
