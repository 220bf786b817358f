# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take secrets out of what is shown.

Every value that came from the site's secrets (the store, vaulted variables, files of variables that are encrypted whole, connection
passwords) is replaced in results, diffs, validators' output and journal tails, whatever put it there. Such files are those of the
inventory and of ``-e @file``, which are read, and whatever else the task's variables say they came from: ``vars_files``,
``include_vars``, a role's. Finding them costs decryption, so a call that changed nothing and failed nowhere never does.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from ansible import context
from ansible.errors import AnsibleError
from ansible.parsing.vault import EncryptedString
from ansible.release import __version__

try:
    from ansible._internal._datatag._tags import Origin
except ImportError:  # ansible-core moves its internals without notice
    Origin = None

MASK = "********"
#: Shorter values are left: hiding every "on" or "5432" would hide what is wrong, and hides no secret worth the name.
SHORTEST = 6
#: Variables that hold passwords of connections, vaulted or not.
CONNECTION = ("ansible_password", "ansible_ssh_pass", "ansible_become_password", "ansible_become_pass", "ansible_sudo_pass")
#: Variables that hold the inventory again, or nothing of the site.
_ELSEWHERE = frozenset(["hostvars", "groups", "ansible_facts", "vars"])
_VAULT = b"$ANSIBLE_VAULT;"


def require_origins() -> None:
    """Refuse to work with an ansible-core that does not tell from which file a value comes.

    Secrets of encrypted ``vars_files`` and ``include_vars`` would not be known, and could be shown.

    :raises AnsibleError: it names the version
    """
    if Origin is None:
        raise AnsibleError(
            f"ansible-core {__version__} does not tell from which file a value comes, so that secrets of encrypted files could be shown:"
            " nothing is done. Fix: use the ansible-core of requirements/python.txt, or a release of this collection for this version"
        )


class Scrubber:
    """Replaces a set of values, longest first, in texts and in whatever holds texts."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = sorted({form for value in values for form in _forms(value)}, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None

    def text(self, text: str) -> str:
        """``text`` without them."""
        return self._pattern.sub(MASK, text) if self._pattern is not None else str(text)

    def __call__(self, data: Any) -> Any:
        """``data`` without them, keys included; a new object."""
        if self._pattern is None:
            return data
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {self(key): self(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self(item) for item in data]
        return data


def _forms(value: str) -> Iterable[str]:
    """A value and what it looks like where it was encoded."""
    parts = {value, value.strip()}
    # A diff shows a value of several lines (a key) line by line.
    parts.update(line.strip() for line in value.splitlines() if not line.startswith("-----"))
    for part in parts:
        if len(part) < SHORTEST:
            continue
        data = part.encode("utf-8", "surrogateescape")
        yield part
        for encoded in (base64.b64encode(data).decode("ascii"), base64.urlsafe_b64encode(data).decode("ascii")):
            yield encoded
            yield encoded.rstrip("=")
        for offset in range(3):
            yield from _inside_base64(data, offset)
        yield quote(part, safe="", errors="surrogateescape")
        yield quote(part, errors="surrogateescape")
        yield quote_plus(part, errors="surrogateescape")
        yield json.dumps(part)[1:-1]
        yield json.dumps(part, ensure_ascii=False)[1:-1]
        yield part.replace("'", "''")  # YAML and SQL
        yield part.replace("'", "'\\''")  # a shell's word in single quotes; shlex.quote writes the next one
        yield part.replace("'", "'\"'\"'")
        yield part.replace("%", "%%")  # unit files, cron, printf
        yield part.replace("$", "$$")  # ExecStart= of a unit, compose files
        yield part.replace("\\", "\\\\")
        yield html.escape(part)
        yield html.escape(part).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")  # as Jinja's filter escape


def _inside_base64(data: bytes, offset: int) -> Iterable[str]:
    """What Base64 of a longer text shows of ``data``, as ``Authorization: Basic`` does of ``user:password``.

    Signs at both ends depend on the neighbours, too, and are left out: they say less than one byte.

    :param offset: how many bytes, modulo 3, come before
    """
    first, last = (0, 2, 3)[offset], (offset + len(data)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found = encode(bytes(offset) + data).decode("ascii")[first:last]
        if len(found) >= SHORTEST:
            yield found


def site_values(loader: Any, task_vars: Mapping[str, Any], inventory_dir: str | None) -> set[str]:
    """All secret values that this task can have used.

    Vaulted values that cannot be opened are passed over: what could not be read was not sent.
    """
    values: set[str] = set()
    encrypted = cache(_encrypted)  # each file is looked at once
    for name, value in task_vars.items():
        if name in CONNECTION and isinstance(value, str):
            values.add(str(value))
        elif name not in _ELSEWHERE:
            _vaulted(value, values, encrypted)
    if inventory_dir:
        values.update(_store_values(loader, inventory_dir))
    for path in [*_encrypted_files(inventory_dir), *_encrypted_extra_files()] if inventory_dir else _encrypted_extra_files():
        _texts(loader.load_from_file(path, unsafe=True, trusted_as_template=True), values)
    return values


def _store_values(loader: Any, inventory_dir: str) -> set[str]:
    try:
        from ..secrets.store import known_values
    except ImportError:  # pragma: no cover - the store is part of the collection
        return set()
    return set(known_values(loader, inventory_dir))


def _encrypted_files(inventory_dir: str) -> list[str]:
    """Variable files of an inventory that are encrypted whole."""
    return [
        os.fspath(path)
        for folder in ("group_vars", "host_vars")
        for path in sorted(Path(inventory_dir, folder).rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.suffix in ("", ".yml", ".yaml", ".json") and _encrypted(path)
    ]


def _encrypted_extra_files() -> list[str]:
    """Files of ``-e @file`` that are encrypted whole."""
    given = [str(item)[1:] for item in context.CLIARGS.get("extra_vars") or () if str(item).startswith("@")]
    return [path for path in given if _encrypted(path)]


def _encrypted(path: str | Path) -> bool:
    """Whether a file is encrypted whole. A pipe (``-e @<(...)``) is not read again: that would never end."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(len(_VAULT)) == _VAULT
    except OSError:
        return False


def _origin(value: Any) -> str:
    """Path of the file that a value was read from; empty where it is not known. Booleans carry none, and hold no secret."""
    tag = Origin.get_tag(value) if Origin is not None else None
    return str(tag.path) if tag is not None and tag.path else ""


def _vaulted(value: Any, values: set[str], encrypted: Callable[[str], bool]) -> None:
    """Add the vaulted texts in a variable, and those that were read from a file that is ``encrypted``."""
    if isinstance(value, EncryptedString):
        try:
            values.add(str(value))
        except Exception:  # no password for this one: nothing that was sent can hold it
            return
    elif isinstance(value, dict):
        for item in value.values():
            _vaulted(item, values, encrypted)
    elif isinstance(value, list | tuple):
        for item in value:
            _vaulted(item, values, encrypted)
    elif isinstance(value, str | int | float) and (path := _origin(value)) and encrypted(path):
        values.add(str(value))


def _texts(value: Any, values: set[str]) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _texts(item, values)
    elif isinstance(value, list | tuple):
        for item in value:
            _texts(item, values)
    elif isinstance(value, str | int | float | EncryptedString) and not isinstance(value, bool):
        if isinstance(value, EncryptedString):
            _vaulted(value, values, _encrypted)
        else:
            values.add(str(value))
