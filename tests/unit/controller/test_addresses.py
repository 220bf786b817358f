# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where hosts are reached, and that Ansible's variables of a host are put together once for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.vars.hostvars import HostVars
from ansible_collections.vannah.healthcloud.plugins.module_utils.addresses import addresses_of


class Known(HostVars):  # type: ignore[misc]
    """Variables of hosts that count how often they are asked for."""

    def __init__(self, hosts: dict[str, dict[str, Any]]) -> None:
        self.hosts, self.asked = hosts, 0

    def __contains__(self, host: object) -> bool:
        return host in self.hosts

    def __getitem__(self, host: str) -> Any:
        self.asked += 1
        return self.hosts[host]


HOSTS = {"a": {"site_address": "10.0.0.1", "ansible_host": "192.0.2.1"}, "b": {"ansible_host": "192.0.2.2", "site_address": ""}, "c": {}}
EXPECTED = [{"name": "a", "address": "10.0.0.1"}, {"name": "b", "address": "192.0.2.2"}, {"name": "c", "address": "c"}]


def test_what_is_taken() -> None:
    assert addresses_of(HOSTS, HOSTS) == EXPECTED
    with pytest.raises(AnsibleFilterError, match="no host 'd'"):
        addresses_of(["d"], HOSTS)


def test_each_host_is_asked_once() -> None:
    known = Known(HOSTS)
    assert addresses_of(HOSTS, known) == addresses_of(HOSTS, known) == EXPECTED
    assert known.asked == len(HOSTS)


def test_variables_of_another_task_are_others() -> None:
    for address in ("10.0.0.1", "10.0.0.2"):
        assert addresses_of(["a"], Known({"a": {"site_address": address}})) == [{"name": "a", "address": address}]


def test_a_dictionary_may_change() -> None:
    hosts = {"a": {"ansible_host": "10.0.0.1"}}
    addresses_of(["a"], hosts)
    hosts["a"]["ansible_host"] = "10.0.0.2"
    assert addresses_of(["a"], hosts) == [{"name": "a", "address": "10.0.0.2"}]
