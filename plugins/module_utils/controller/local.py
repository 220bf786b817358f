# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions share that ask no host. Apart from :mod:`action`, whose import packs the agent: they are part of every run's start."""

from __future__ import annotations

from typing import ClassVar

from ansible.plugins.action import ActionBase

from ..component_spec import Spec
from ..task_types import Arguments, Result, TaskVars
from . import commands, grouping, preloaded  # noqa: F401 # preloaded for the forks


class LocalAction(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """Runs on the controller, whatever host the task is for. Subclasses say what in :meth:`perform`."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False
    #: Ansible's argument spec.
    ARGUMENT_SPEC: ClassVar[Spec] = {}

    def run(self, tmp: str | None = None, task_vars: TaskVars | None = None) -> Result:
        """Ansible's entry.

        :raises AnsibleError: the arguments are not what :attr:`ARGUMENT_SPEC` says, or see the action's :meth:`perform`
        """
        result: Result = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(self.ARGUMENT_SPEC)[1]
        result.update(self.perform(arguments, task_vars or {}))
        commands.complete(result)
        grouping.join(self, result)
        return result

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Do the action's work and give its result.

        :param arguments: the task's, validated
        :param known: the task's variables
        """
        raise NotImplementedError
