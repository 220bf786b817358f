# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible gives a plugin and takes from it. ansible-core ships no types, and any task or inventory may have any keys."""

from __future__ import annotations

from typing import Any

#: The variables of a task, templates in them not evaluated.
TaskVars = dict[str, Any]
#: The arguments of a task, which Ansible has validated against its module's documentation.
Arguments = dict[str, Any]
#: The result of a task. Its keys are Ansible's and those of the module's RETURN, which a unit test compares with it.
Result = dict[str, Any]
#: YAML of a role as it is written: what reads it checks it.
Written = dict[str, Any]
