# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of what controller and agent send each other are those of the component's options, and cost a host nothing."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent import contract
from ansible_collections.vannah.healthcloud.plugins.module_utils.component_spec import COMPONENT_SPEC, READY_SPEC, Spec
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle

from tests.unit import test_import_circles

PLAIN = {"str": str, "path": str, "int": int, "bool": bool}
#: What the controller has read by then, and what it adds.
RENDERED = {"template", "src"}
ADDED = {
    "Component": {"role", "packages_from", "values", "fixes", "member"},
    "File": {"content_b64"},
    "Certificate": {"ca_pem", "issued", "trust_pem"},
}


def options(section: str) -> Spec:
    """The options of the items of a section."""
    found: Spec = COMPONENT_SPEC[section]["options"]
    return found


def without(hint: Any) -> tuple[Any, bool]:
    """A type without NotRequired and None, and whether it was None."""
    hint = get_args(hint)[0] if get_origin(hint) is NotRequired else hint
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    (inner,) = [one for one in get_args(hint) if one is not type(None)]
    return inner, True


def fits(hint: Any, option: Spec) -> bool:
    """Whether a type is that of an option."""
    if get_origin(hint) is Literal:
        return set(get_args(hint)) == set(option["choices"])
    if option["type"] == "list":
        (inner,) = get_args(hint)
        wanted = {"dict": dict, "list": list}.get(option["elements"]) or PLAIN[option["elements"]]
        return inner is wanted or get_origin(inner) is wanted or (wanted is dict and hasattr(inner, "__total__"))
    if option["type"] == "dict":
        return get_origin(hint) is dict or hasattr(hint, "__total__")
    return hint is PLAIN[option["type"]]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        (contract.Component, COMPONENT_SPEC),
        (contract.Group, options("groups")),
        (contract.User, options("users")),
        (contract.Package, options("packages")),
        (contract.Directory, options("directories")),
        (contract.Link, options("links")),
        (contract.File, options("files")),
        (contract.Certificate, options("certificates")),
        (contract.Sysctl, options("sysctls")),
        (contract.Cron, options("cron")),
        (contract.Unit, options("units")),
        (contract.Dropin, options("units")["dropins"]["options"]),
        (contract.Ready, READY_SPEC),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_components_are_typed_as_their_options_are(kind: type, spec: Spec) -> None:
    """An option that is added gets its type; one that need not be given and has no default may be None."""
    hints = get_type_hints(kind, include_extras=True)
    assert set(hints) - ADDED.get(kind.__name__, set()) == set(spec) - RENDERED
    for name, option in spec.items():
        if name in RENDERED:
            continue
        hint, nullable = without(hints[name])
        assert nullable == (not option.get("required") and "default" not in option), name
        driver = name == "driver"  # which services there are is theirs to say
        assert hint is str if driver else fits(hint, option), name


def test_types_cost_a_host_nothing() -> None:
    """They are not sent, and nothing imports them when it runs."""
    names = {Path(name).stem for name in bundle.TYPES} | {
        f"services.{file.parent.name}.types" for file in bundle.AGENT.glob("services/*/types.py")
    }
    assert len(names) > len(bundle.TYPES), "services have no types.py any more"
    assert f"{bundle.PACKAGE}.core.model" in bundle.modules()
    assert not {f"{bundle.PACKAGE}.{name}" for name in names} & set(bundle.modules())
    graph = test_import_circles.graph_of(test_import_circles.REPOSITORY)
    types = {f"plugins.module_utils.agent.{name}" for name in names}
    assert not [module for module, imported in graph.items() if imported & types and module not in types]


def test_what_only_mypy_reads_is_not_sent() -> None:
    """Of a module that is sent, too; its lines keep their numbers."""
    text = b"TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from typing import Any\n\n    Item = int\n\nX = 1\nif X:\n    Y = 2\n"
    assert bundle.without_types(text) == b"TYPE_CHECKING = False\n\n\n\n\n\nX = 1\nif X:\n    Y = 2\n"
    for file in sorted(bundle.AGENT.rglob("*.py")):
        data = file.read_bytes()
        sent = bundle.without_types(data)
        assert sent.count(b"\n") == data.count(b"\n") and b"\nif TYPE_CHECKING:" not in sent, file
        compile(sent, str(file), "exec")
