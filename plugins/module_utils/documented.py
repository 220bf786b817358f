# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module's DOCUMENTATION says, as data: the one source of its argument specification.

The actions validate tasks with it, and preflight judges the same entries with it before there is a server to ask. Each module is read
once per process.

Documentation has no ``no_log``, so the names decide as they do for a site's variables (:func:`looks_secret`): ``password``, ``secret_key``
and the like are secrets, ``passphrase_file`` and ``access_key`` are not.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import yaml

from .preflight.schema import looks_secret

if TYPE_CHECKING:
    from .component_spec import Spec as Spec
    from .task_types import Written as Documentation

_PLUGINS = __name__.rpartition(".module_utils.")[0]
_OWN = "vannah.healthcloud."
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: What an option's documentation and its specification have in common.
_KEPT = ("type", "elements", "required", "default", "choices", "aliases")
#: Types that cannot hold a secret themselves.
_PLAIN = ("bool", "int", "float", "path")


@cache
def documentation(name: str) -> Documentation:
    """A module's DOCUMENTATION with the options and attributes of this collection's fragments.

    :param name: without the collection
    :raises LookupError: the collection has no such module
    """
    try:
        if not _NAME.fullmatch(name):
            raise ModuleNotFoundError(name)
        module = import_module(f"{_PLUGINS}.modules.{name}")
    except ModuleNotFoundError:
        raise LookupError(f"the collection has no module {name}") from None
    found: Documentation = _read(module.DOCUMENTATION)
    for fragment in found.get("extends_documentation_fragment", ()):
        if not fragment.startswith(_OWN):
            continue  # Ansible's own describe attributes only
        file, _, section = fragment.removeprefix(_OWN).partition(".")
        shared = import_module(f"{_PLUGINS}.doc_fragments.{file}").ModuleDocFragment
        for key, value in _read(getattr(shared, section.upper() or "DOCUMENTATION")).items():
            if isinstance(value, dict):
                found[key] = {**value, **(found.get(key) or {})}
    return found


@cache
def spec(name: str) -> Spec:
    """A module's argument specification, in Ansible's own form.

    :raises LookupError: see :func:`documentation`
    """
    return _spec(documentation(name).get("options") or {})


def changes(name: str) -> bool:
    """Whether a module changes something: it then says in which steps.

    :raises LookupError: see :func:`documentation`
    """
    documentation(name)
    return re.search(r"(?m)^steps:", import_module(f"{_PLUGINS}.modules.{name}").RETURN) is not None


def entry(name: str, option: str) -> Spec:
    """The specification of one item of an option that takes a list of mappings."""
    found: Spec = spec(name)[option]["options"]
    return found


def service_call(name: str) -> tuple[str, str]:
    """The service and its call that a module without logic of its own stands for: ``<service>_<call>``."""
    service, _, call = name.partition("_")
    return service, call


def takes_lease(name: str) -> bool:
    """Whether a task of the module takes the host's lease: attribute ``lease`` of its documentation; a module that only reads does not."""
    attribute = (documentation(name).get("attributes") or {}).get("lease") or {}
    return bool(attribute.get("support") != "none")


def secrets(spec: Spec, params: Any) -> set[str]:
    """Texts in a task's parameters that must not be shown, whether or not they are valid."""
    found: set[str] = set()
    for key, value in params.items() if isinstance(params, dict) else ():
        option = spec.get(key) or {}
        if option.get("no_log"):
            found.update(_texts(value))
        elif "options" in option:
            for item in value if isinstance(value, list) else [value]:
                found |= secrets(option["options"], item)
    return found


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {text for item in value.values() for text in _texts(item)}
    if isinstance(value, list | tuple):
        return {text for item in value for text in _texts(item)}
    return set() if value is None or isinstance(value, bool) else {str(value)}


def _spec(options: Documentation) -> Spec:
    made: Spec = {}
    for name, option in options.items():
        made[name] = {key: option[key] for key in _KEPT if key in option}
        nested = option.get("suboptions")
        if nested:
            made[name]["options"] = _spec(nested)
        made[name]["no_log"] = looks_secret(name) and not nested and option["type"] not in _PLAIN
    return made


def _read(text: str) -> Any:
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 # both are safe
