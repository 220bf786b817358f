# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: what each component made on this host, and the hashes it was last applied with.

/var/lib/vannah/ledger.json, root's alone. One entry per component, made of sections (``files``, ``links``, ``units``,
``running``, ``packages``, ...) that map a path or a name to what is known of it; the module that plans a section owns
its content. It is written whole, synced and renamed, before a step that makes something and after it.
"""

from __future__ import annotations

from ..lib import disk
from .model import STATE_DIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..records import Entry, FileRecord, FileSection, Saved, Section
    from .model import Component, Context, Step

PATH = STATE_DIR + "/ledger.json"
VERSION = 1


class Ledger:
    """The ledger in memory; :meth:`save` writes it where something differs from what lies on disk."""

    __slots__ = ("components", "warning", "_saved")

    def __init__(self, components: dict[str, Entry], warning: str = "") -> None:
        self.components = components
        self.warning = warning
        self._saved = "" if warning else self._text()

    def entry(self, component: str) -> Entry:
        """The entry of a component; an empty one is not written."""
        return self.components.setdefault(component, {})

    def elsewhere(self, component: str, section: Section, key: str) -> str:
        """Another component that has made, or taken over, the same thing; empty where there is none."""
        return next((name for name, entry in self.components.items() if name != component and key in entry.get(section, {})), "")

    def below(self, component: str, sections: Iterable[Section], path: str) -> str:
        """Another component that has made something in a folder; empty where there is none."""
        for name, entry in self.components.items():
            if name != component and any(key.startswith(path + "/") for section in sections for key in entry.get(section, {})):
                return name
        return ""

    def maker(self, component: str, section: FileSection, path: str) -> tuple[str, FileRecord] | None:
        """Which other component made what lies at a path, and what is known of it."""
        sections: tuple[FileSection, ...] = ("files", "links", "unit_files")
        for name, entry in self.components.items():
            for part in sections:
                known = entry.get(part, {}).get(path)
                if known and (name, part) != (component, section):
                    return name, known
        return None

    def claim(self, ctx: Context, step: Step) -> None:
        """Write a step's claims, before it is applied: what a killed run has made is known to be managed."""
        for section, key in step.claims:
            ctx.section(section).setdefault(key, {})
        if step.claims:
            self.save(ctx)

    def save(self, ctx: Context) -> None:
        """Write the ledger if it changed: beside, synced, renamed, the directory synced.

        :raises AgentError: ``no-space``, ``read-only``, ``need-root``, ``os-error``
        """
        text = self._text()
        if text == self._saved or ctx.check:
            return
        from ..lib import write

        write.state_directory(ctx, STATE_DIR)
        write.write_file(ctx, PATH, text.encode(), 0o600, *write.ids(ctx, "root", "root"))
        self._saved = text

    def _text(self) -> str:
        kept = {}
        for name, entry in self.components.items():
            sections = {section: value for section, value in entry.items() if value}
            if sections:
                kept[name] = sections
        import json

        return json.dumps({"version": VERSION, "components": kept}, sort_keys=True, separators=(",", ":"))


def claims(component: Component) -> list[tuple[Section, str]]:
    """``(section, key)`` of everything that a component wants to be there, by the names of the ledger's sections."""
    if component["state"] != "present":
        return []
    from ..lib.unit_files import unit_items

    found: list[tuple[Section, str]] = [("unit_files", item["path"]) for item in unit_items(component)]
    found += [("files", item["path"]) for item in component["files"] if item["state"] == "present"]
    found += [("links", item["path"]) for item in component["links"] if item["state"] == "present"]
    found += [("directories", item["path"]) for item in component["directories"] if item["state"] == "present"]
    found += [("packages", item["name"]) for item in component["packages"] if item["state"] == "present"]
    found += [("groups", item["name"]) for item in component["groups"] if item["state"] == "present"]
    found += [("users", item["name"]) for item in component["users"] if item["state"] == "present"]
    found += [("cron", item["name"]) for item in component["cron"] if item["state"] == "present"]
    found += [("units", unit["name"]) for unit in component["units"] if unit["state"] != "absent"]
    for certificate in component["certificates"]:
        found += [("certificates", path) for path in (certificate["key"], certificate["cert"], certificate["ca"]) if path]
    if component["sysctls"]:
        from ..lib.kernel_parameter import normal_name

        found += [("sysctls", normal_name(item["name"])) for item in component["sysctls"]]
    return found


def space(section: str) -> str:
    """Sections whose keys are paths share them: what was a file may become a link, a unit file or a certificate."""
    return "path" if section in ("files", "links", "unit_files", "certificates") else section


def next_owner(ctx: Context, section: Section, key: str) -> tuple[str, Section] | None:
    """Component and section that want, or have taken over, what leaves a section of the current component."""
    name = ctx.component["name"]
    found = ctx.call.claims.get((space(section), key))
    if found is not None and found != (name, section):
        return found
    ledger = ctx.call.ledger
    other = ledger.elsewhere(name, section, key) if ledger is not None else ""
    return (other, section) if other else None


def transfer_ownership(ctx: Context, section: Section, key: str, to: tuple[str, Section]) -> None:
    """Forget something that another one has taken over, or will in this call; it gets what is known."""
    known: Any = ctx.section(section).pop(key, None)
    ledger = ctx.call.ledger
    if not known or ledger is None or to[1] == "certificates":
        return
    theirs: Any = ledger.entry(to[0]).setdefault(to[1], {}).setdefault(key, {})
    if known.get("original") and "original" not in theirs:
        known = {**known, "original": placed(known["original"], ctx.component["name"])}
    for what, value in known.items():
        theirs.setdefault(what, value)


def placed(original: Saved, component: str) -> Saved:
    """The original of a file with the folder in which it lies, so that it can be known to another component, too."""
    from .generations import originals

    return {"folder": originals(component), **original}


def load(ctx: Context) -> Ledger:
    """Read the ledger. One that cannot be understood is renamed (in apply mode) and an empty one begun, with a warning."""
    data = disk.read(ctx.path(PATH))
    if data is None:
        return Ledger({})
    import json

    try:
        found = json.loads(data)
        components = found["components"]
        if found["version"] != VERSION or not all(_is_entry(entry) for entry in components.values()):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        backup = f"{PATH}.broken-{ctx.today().replace(':', '')}"
        if not ctx.check:
            import os

            os.rename(ctx.path(PATH), ctx.path(backup))
        return Ledger(
            {},
            f"{PATH} could not be read and was renamed to {backup}: existing files and units are adopted as they are, and"
            " items that have since left the definitions are not removed",
        )
    return Ledger(components)


def peek(ctx: Context) -> dict[str, Entry]:
    """The entries as they lie on disk, for a look; empty where the ledger cannot be understood."""
    import json

    try:
        components: dict[str, Entry] = json.loads(disk.read(ctx.path(PATH)) or b"{}").get("components") or {}
    except (ValueError, AttributeError):
        return {}
    return components if isinstance(components, dict) and all(_is_entry(entry) for entry in components.values()) else {}


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and all(isinstance(section, dict) for section in entry.values())
