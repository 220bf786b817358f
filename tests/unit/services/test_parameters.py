# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of services' calls are typed as their modules document them."""

from __future__ import annotations

from importlib import import_module
from typing import Any, get_args, get_type_hints

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.component_spec import Spec
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle

from tests.unit.agent.test_contract import fits, without

SERVICES = bundle.AGENT / "services"
MODULES = sorted(file.stem for file in (bundle.AGENT.parent.parent / "modules").glob("*.py") if file.stem != "__init__")
#: Services whose calls still take ``Json``, and why. It only becomes shorter.
LEFT = {
    "caprover": "its parameters and CapRover's own JSON are read by the same functions",
    "pgbackrest": "its parameters are read by functions that its jobs share",
    "restic": "its parameters are read by functions that its jobs share",
}
#: What an action adds to what the module documents.
ADDED = {"minio_heal": {"token"}}


def calls() -> dict[str, tuple[str, str]]:
    """Module -> service and call, of those that a service of the agent has and that have options."""
    found = {}
    for name in MODULES:
        service, call = documented.service_call(name)
        if (SERVICES / service / "calls.py").is_file() and documented.spec(name):
            found[name] = (service, call)
    return found


def kind_of(service: str, call: str) -> Any:
    """The type of a call's parameters: ``HealthParams`` for ``health``."""
    name = "".join(word.title() for word in call.split("_")) + "Params"
    return getattr(import_module(f"{bundle.__name__.rpartition('.controller.')[0]}.agent.services.{service}.types"), name)


def compare(kind: Any, spec: Spec, where: str, added: frozenset[str] | set[str] = frozenset()) -> None:
    """Each option has its type, and is None where it need not be given and has no default."""
    hints = get_type_hints(kind, include_extras=True)
    assert set(hints) - added == set(spec), where
    for name, option in spec.items():
        if option["type"] == "raw":
            continue
        hint, nullable = without(hints[name])
        assert nullable == (not option.get("required") and "default" not in option), f"{where}: {name}"
        assert fits(hint, option), f"{where}: {name}"
        if option.get("options"):
            inner = hint if option["type"] == "dict" else get_args(hint)[0]
            compare(inner, option["options"], f"{where}: {name}")


@pytest.mark.parametrize("module", sorted(name for name, (service, _call) in calls().items() if service not in LEFT))
def test_parameters_are_typed_as_the_module_documents_them(module: str) -> None:
    """An option that is added, renamed or made optional changes the type."""
    compare(kind_of(*calls()[module]), documented.spec(module), module, ADDED.get(module, set()))


def test_the_services_left_have_calls() -> None:
    """One whose types are there leaves the list."""
    services = {service for service, _call in calls().values()}
    assert set(LEFT) < services
    assert not [service for service, call in calls().values() if service in LEFT and _is_typed(service, call)]


def _is_typed(service: str, call: str) -> bool:
    try:
        kind_of(service, call)
    except (AttributeError, ImportError):
        return False
    return True
