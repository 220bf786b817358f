# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which site a host belongs to: /var/lib/vannah/site.json, written by the first converge before anything else, asked by every call.

    {"version": 1, "name": "clinic", "host": "db1", "authorities": [{"key", "fingerprint", "called", "begins"}],
     "secrets": "<a keyed digest>", "since": "...", "updated": "...", "before": {what the host belonged to before it was taken over}}

``authorities`` is a list, so that a site may trust two of them while it goes over from one to the other. A host of an older release has
no record: it belongs to the authority in /etc/vannah/pki/ca.crt.
"""

from __future__ import annotations

import os

from ..lib import disk
from .model import STATE_DIR, AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..contract import Payload, Site
    from ..records import Authority
    from ..records import SiteRecord as Record
    from .model import Context

PATH = STATE_DIR + "/site.json"
AUTHORITY = "/etc/vannah/pki/ca.crt"
VERSION = 1
#: The one recorded value that a takeover changes on a host that stays its own site's.
SITE_NAME = "site_name"
#: What a record takes from the run as it is.
TAKEN = ("name", "host", "authorities", "secrets")


def guard(payload: Payload, ctx: Context) -> None:
    """Refuse a run that is not of this host's site, before the lease or anything else is touched. To ask is never refused.

    :raises AgentError: ``other-site``, ``other-name``, ``stale-checkout``
    """
    own, op = payload.get("site"), payload.get("op")
    asks = op in ("facts", "plan", "survey", "disarm") or (op == "lease" and (payload.get("lease") or {}).get("action", "none") == "none")
    if own is None or asks:
        return
    found = recorded(ctx)
    if found and not own.get("takeover") and not _only_asks(payload):
        refuse(differences(found, own), found, own)
    ctx.call.site = own


def _only_asks(payload: Payload) -> bool:
    """Whether a run from a folder without an authority, such as a playbook of people's own, changes nothing: it is of no other site."""
    if (payload.get("site") or {}).get("authorities"):
        return False
    looks = payload.get("op") == "domain" and (payload.get("lease") or {}).get("action", "none") == "none"
    return looks or payload.get("mode") == "check"


def record(ctx: Context) -> None:
    """Write down which site the host belongs to now, where that is not there already. Not in check mode.

    :raises AgentError: as :func:`guard`: between that look and the lease another run may have made the host its own
    """
    own = ctx.call.site
    if not own or ctx.check or not own.get("authorities"):
        return
    former = recorded(ctx) or {}
    said = differences(former, own)
    if not own.get("takeover"):
        refuse(said, former, own)
    moved = bool(set(said) & {"authority", "name", "host"})
    wanted = _wanted(former, own, moved)
    if _written(former, wanted):
        return
    import json

    from ..lib import write

    _forget(ctx, said, foreign(former, own))
    now = ctx.today()
    since = now if moved else former.get("since") or now
    written = {"version": VERSION, **wanted, "since": since, "updated": now}
    if moved:
        written["before"] = {name: former[name] for name in ("name", "host", "authorities", "since") if former.get(name)}
    elif former.get("before"):
        written["before"] = former["before"]
    write.state_directory(ctx, STATE_DIR)
    write.write_file(ctx, PATH, json.dumps(written, sort_keys=True).encode(), 0o600, *write.ids(ctx, "root", "root"))


def _forget(ctx: Context, said: list[str], everything: bool) -> None:
    """What the host ran with as another site's, or under another name, no longer applies, also for a run after a killed one."""
    ledger = ctx.call.ledger
    if ledger is None or not {"authority", "name"} & set(said):
        return
    for entry in ledger.components.values():
        if everything:
            entry.pop("values", None)
            entry.pop("member", None)
        elif "name" in said:
            entry.get("values", {}).pop(SITE_NAME, None)
    ledger.save(ctx)


def is_current(former: Record, own: Site) -> bool:
    """Whether the host's record says what a run of this site would write.

    :param former: see :func:`recorded`; empty where the host has none
    """
    return not own.get("authorities") or _written(former, _wanted(former, own, moved=False))


def _wanted(former: Record, own: Site, moved: bool) -> Record:
    kept: Record = {} if moved else former
    return {
        "name": own.get("name") or kept.get("name") or "",
        "host": own.get("host") or kept.get("host") or "",
        "authorities": own.get("authorities") or kept.get("authorities") or [],
        "secrets": own.get("secrets") or kept.get("secrets") or "",
    }


def _written(former: Record, wanted: Record) -> bool:
    return former.get("version") == VERSION and all(former.get(name) == wanted.get(name) for name in TAKEN)


def recorded(ctx: Context) -> Record | None:
    """What the host knows of its site; None for a host that belongs to none.

    :return: the record; of a host without one ``authorities`` and ``since``, from the authority's certificate
    """
    found = _read(ctx)
    if found is not None:
        return found
    try:
        with open(ctx.path(AUTHORITY), encoding="ascii", errors="replace") as file:
            pem, changed = file.read(), os.fstat(file.fileno()).st_mtime
    except OSError:
        return None
    import time

    from ..lib.der import outlines

    authorities = outlines(pem)
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(changed))
    return {"authorities": authorities, "since": since} if authorities else None


def _read(ctx: Context) -> Record | None:
    """None where it is broken: the certificate still says whose the host is."""
    found: Any = disk.read_json(ctx.path(PATH))
    return found if found and all(isinstance(item, dict) for item in found.get("authorities") or [None]) else None


def differences(found: Record, own: Site) -> list[str]:
    """What of a host's record is not this run's: ``authority``, ``name``, ``host``, ``certificate``, ``secrets``; empty for its own site.

    The last two say that the host was converged with something newer than this run has.

    :param found: see :func:`recorded`; what it does not say is not compared
    :param own: ``name``, ``host``, ``authorities``, ``secrets`` (the digest of this checkout's), ``known`` (digests that its secrets had,
        the oldest first, its present one among them)
    """
    said = []
    theirs = {item.get("key"): item for item in found.get("authorities") or ()}
    shared = [item for item in own.get("authorities") or () if item.get("key") in theirs]
    if theirs and not shared:
        said.append("authority")
    said += [what for what in ("name", "host") if found.get(what) and own.get(what) and found[what] != own[what]]
    if "authority" in said:
        return said  # certificate and secrets of another site are neither newer nor older
    # A renewed certificate of the same key, or an authority that comes after those of the run: the site's CA is being rotated.
    newest, latest = (max((_begins(item) for item in listed), default="") for listed in (theirs.values(), own.get("authorities") or ()))
    if shared and (newest > latest or any(_begins(theirs[item["key"]]) > _begins(item) for item in shared)):
        said.append("certificate")
    last, mine = found.get("secrets"), own.get("secrets")
    if last and mine and last != mine:
        known = list(own.get("known") or ())
        # Secrets that this checkout had before the present ones: the host only has to be brought up to date. Each counts from when it was
        # first there: secrets that return after newer ones may be those of an old file.
        if last not in known or (mine in known and known.index(last) > known.index(mine)):
            said.append("secrets")
    return said


def _begins(authority: Authority) -> str:
    return str(authority.get("begins") or "")


def foreign(found: Record, own: Site) -> bool:
    """Whether what lies on a host is another site's: its data, and the values that run there.

    A new authority of the same site, or a new name with the same authority, leaves the host's data its own.

    :param found: see :func:`recorded`; one of an older release says the site's name by its authority's
    :param own: see :func:`differences`
    """
    said = set(differences(found, own))
    if not said & {"authority", "name"}:
        return False
    if "host" in said or {"authority", "name"} <= said:
        return True
    if "name" in said:
        return False
    if "name" in found:
        return bool(found["name"] != own.get("name"))
    return f"{own.get('name') or 'site'} internal CA" not in [item.get("called") for item in found.get("authorities") or ()]


def refuse(said: list[str], found: Record, own: Site) -> None:
    """:raises AgentError: ``other-site``, ``other-name``, ``stale-checkout``, where there is something to refuse"""
    if not said:
        return
    host = own.get("host") or "HOST"
    way = "Nothing was changed. Fix: run playbooks/site.yml --check of this inventory, which says what differs and what to do"
    if "authority" in said or "name" in said:
        text = f"this host belongs to {site(found)} since {day(found)}, and this run is of {site(own)}"
        link = "" if own.get("authorities") else " A playbook of your own needs the site's pki/ca.crt in pki/ beside its inventory."
        raise AgentError("other-site", f"{text}.{link} {way}")
    if "host" in said:
        raise AgentError("other-name", f"this host is {found['host']} of its site since {day(found)}, and not {host}. {way}")
    what = " and ".join({"secrets": "secrets", "certificate": "a CA certificate"}[one] for one in said)
    when = found.get("updated") or found.get("since")
    raise AgentError("stale-checkout", f"this host was converged on {when} with {what} newer than those of this checkout. {way}")


def day(found: Record) -> str:
    """Since when a host is what its record says: the day, which hosts that were converged together have in common."""
    return str(found.get("since"))[:10]


def site(known: Record | Site) -> str:
    """A site in words: its name, and the fingerprints of its authorities."""
    listed = list(known.get("authorities") or ())
    called = ", ".join(str(item.get("called")) for item in listed if item.get("called"))
    name = f"the site {known['name']}" if known.get("name") else f"the site of {called!r}" if called else "a site without a name"
    prints = ", ".join(str(item.get("fingerprint")) for item in listed)
    return f"{name} (CA certificate SHA-256 {prints})" if prints else f"{name} (it has no CA)"
