# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stays in Docker when it is taken out of an app.

CapRover lays an override over the service as it is (``mergeObjects`` of its src/utils/Utils.ts, ``updateService`` of
src/docker/DockerApi.ts), so what an override, a function or a node once set stays when they go. A list in an override takes the place
of the one that is there, so an empty list or a zero says the opposite. A mapping cannot be emptied like that.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...definition import Json

    Path = tuple[str, ...]

_LIMITS = ("MemoryBytes", "NanoCPUs", "Pids")
_LISTS = ("Command", "Args", "Hosts", "Groups", "CapabilityAdd", "CapabilityDrop", "Secrets", "Configs")
_TEXTS = ("Hostname", "User", "Dir", "StopSignal")
_SWITCHES = ("TTY", "OpenStdin", "ReadOnly", "Init")
_INTERVALS = ("Interval", "Timeout", "Retries", "StartPeriod", "StartInterval")
_CONSTRAINTS = ("TaskTemplate", "Placement", "Constraints")
#: Path in Docker's service specification -> the value that takes an earlier one away.
OPPOSITES: dict[tuple[str, ...], Any] = {
    _CONSTRAINTS: [],
    # All replicas at once, which is Docker's default of its API.
    ("UpdateConfig", "Parallelism"): 0,
    # Without a test Docker goes by the health check of the image.
    ("TaskTemplate", "ContainerSpec", "Healthcheck", "Test"): [],
    **{("TaskTemplate", "ContainerSpec", "Healthcheck", name): 0 for name in _INTERVALS},
    **{("TaskTemplate", "Resources", kind, name): 0 for kind in ("Limits", "Reservations") for name in _LIMITS},
    **{("TaskTemplate", "ContainerSpec", name): [] for name in _LISTS},
    **{("TaskTemplate", "ContainerSpec", name): "" for name in _TEXTS},
    **{("TaskTemplate", "ContainerSpec", name): False for name in _SWITCHES},
}


def opposites(before: str, after: str, node_goes: bool) -> tuple[str, list[str]]:
    """An override to send before the one that is asked for, and what stays nevertheless.

    :param before: the override that is there
    :param after: the override that is asked for
    :param node_goes: whether the app leaves its node
    :return: an override; "" where nothing has to be taken away. Paths that stay, as ``TaskTemplate.ContainerSpec.Labels``
    """
    import json

    old, new = _mapping(before), _mapping(after)
    if old is None or new is None:
        stuck = ["all that the old override set (it is YAML, which is not read here)"] if before.strip() and old is None else []
        # Without knowing the new one, the old one's values can be replaced only by chance.
        return (_node_only(after) if node_goes and new is not None else ""), stuck
    gone = sorted(set(_leaves(old)) - set(_leaves(new)))
    found = {path: OPPOSITES[path] for path in gone if path in OPPOSITES}
    # A zero or an empty list is the opposite already.
    stuck = [".".join(path) for path in gone if path not in OPPOSITES and _leaves(old)[path] not in (0, "", [], None)]
    if node_goes and _CONSTRAINTS not in _leaves(new):
        found[_CONSTRAINTS] = []
    found = {path: value for path, value in found.items() if _leaves(old).get(path) != value}
    if not found:
        return "", stuck
    for path, value in found.items():
        _put(new, path, value)
    return json.dumps(new, sort_keys=True), stuck


def _node_only(after: str) -> str:
    import json

    made = _mapping(after) or {}
    _put(made, _CONSTRAINTS, [])
    return json.dumps(made, sort_keys=True)


def _mapping(text: str) -> Json | None:
    import json

    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _leaves(tree: Json, above: Path = ()) -> dict[Path, Any]:
    found: dict[Path, Any] = {}
    for key, value in tree.items():
        path = (*above, key)
        found |= _leaves(value, path) if isinstance(value, dict) and value else {path: value}
    return found


def _put(tree: Json, path: Path, value: Any) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
    tree[path[-1]] = value
