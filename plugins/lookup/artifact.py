# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``vannah.healthcloud.artifact``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: artifact
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Software that Debian does not carry, as a file of the controller
description:
  - Returns the path in the controller's cache of an artifact of C(playbooks/vars/artifacts.yml), for the option C(artifact) of a file of a
    component.
  - It never fetches or builds anything; the preflight and C(make artifacts) do.
  - In check mode an artifact that does not exist yet is represented by an empty path and a sha256 of zeros, which never reach a host.
  - Reads the variables C(site_artifacts) and C(site_artifact_cache).
options:
  _terms:
    description: Names of artifacts.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: A component with a program that Debian does not carry
  vannah.healthcloud.component:
    name: minio
    files:
      - path: /usr/local/bin/minio
        artifact: "{{ lookup('vannah.healthcloud.artifact', 'minio') }}"
        mode: "0755"
"""

RETURN = r"""
_list:
  description: For each name C(src), a path of the controller, and C(sha256).
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..module_utils.artifacts import cache, lock, resolve
from ..module_utils.task_types import TaskVars


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core ships no types
    """Finds artifacts in the cache."""

    def run(self, terms: list[Any], variables: TaskVars | None = None, **kwargs: Any) -> list[dict[str, str]]:
        """One mapping for each name.

        :raises ArtifactError: see :func:`resolve.located`
        """
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}
        site, folder = (self._templar.template(known.get(name)) for name in ("site_artifacts", "site_artifact_cache"))
        locked = lock.load(site)
        there = cache.cache_of(folder, known)
        check = bool(known.get("ansible_check_mode"))
        return [resolve.located(locked, there, str(term), check) for term in terms]
