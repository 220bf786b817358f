# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this host knows of a CapRover server that the server does not say: ``/var/lib/vannah/caprover.json``.

CapRover keeps a definition before it applies it, and a deployed version before its containers run. A run that dies in between, or a
restart of CapRover, would leave apps that look right. So a note is there from before a change until it is done:

- ``unsure``: app -> since when: its definition may be saved and not applied. The next run sends it again.
- ``unproven``: app -> ``mark``, ``previous`` (version and image), ``since``: a deploy that was not confirmed healthy yet
- ``owned``: app -> owner, whose tag it got. An update of others that leaves fields out (``POST update``) takes the tag away.
- ``replaced``: which one-time password of the installer is not in force any more; of the server itself
- ``whole``: app -> since when its options that a task does not set are reset: what was set in them before stays until then
- ``held``: app -> ``mark``, ``since``, ``reason``: a deploy that was taken back; it is not tried again until it changes
"""

from __future__ import annotations

from ...core.model import STATE_DIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context
    from ...definition import Json


PATH = f"{STATE_DIR}/caprover.json"
KINDS = ("unsure", "unproven", "owned", "held", "whole")


class Notes:
    """The notes about one server."""

    def __init__(self, ctx: Context, url: str) -> None:
        from ...lib import disk

        self.ctx = ctx
        self.url = url
        self._all: Json = disk.read_json(ctx.path(PATH)) or {}

    def get(self, kind: str, app: str) -> Any:
        """A note; None where there is none."""
        return self._all.get(self.url, {}).get(kind, {}).get(app)

    def names(self, kind: str) -> list[str]:
        """The apps that have a note."""
        return sorted(self._all.get(self.url, {}).get(kind, {}))

    def put(self, kind: str, app: str, note: Any) -> None:
        """Write a note down; one that is there already is not written again.

        :raises AgentError: ``no-space``, ``read-only``, ``need-root``, ``os-error``
        """
        notes = self._all.setdefault(self.url, {}).setdefault(kind, {})
        if notes.get(app) != note:
            notes[app] = note
            self._save()

    def drop(self, kind: str, app: str) -> None:
        """A note is not true any more."""
        notes = self._all.get(self.url, {}).get(kind, {})
        if app in notes:
            del notes[app]
            self._save()

    def forget(self, app: str) -> None:
        """An app is gone."""
        for kind in KINDS:
            self.drop(kind, app)

    def _save(self) -> None:
        import json

        from ...lib.write import state_directory, write_file

        kept = {url: {kind: apps for kind, apps in kinds.items() if apps} for url, kinds in self._all.items()}
        state_directory(self.ctx, STATE_DIR)
        write_file(self.ctx, PATH, json.dumps({url: kinds for url, kinds in kept.items() if kinds}).encode(), 0o600)
