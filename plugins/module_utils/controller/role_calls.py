# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of services that a role exports: modules of the collection, with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .. import documented

if TYPE_CHECKING:
    from ..agent.contract import Call


def prepared(item: Mapping[str, Any], where: str) -> tuple[Call, frozenset[str]]:
    """A call as the agent takes it (``domain``, ``call``, validated ``params``), and the secrets in it.

    :param item: ``module``, ``params``; templated
    :param where: of the role, for errors
    :raises AnsibleError: there is no such module, or it does not take these parameters
    """
    name, params = str(item["module"]), item.get("params") or {}
    try:
        spec = documented.spec(name)
    except LookupError as error:
        raise AnsibleError(f"{where}: {error}") from None
    validated = ArgumentSpecValidator(spec).validate(params)
    if validated.error_messages:
        raise AnsibleError(f"{where}: {'; '.join(validated.error_messages)}")
    domain, call = documented.service_call(name)
    return {"domain": domain, "call": call, "params": validated.validated_parameters}, frozenset(documented.secrets(spec, params))
