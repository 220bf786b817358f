# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role haproxy: its configuration, and the program that tells whether the running worker has it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

CONFIG = "/etc/haproxy/vannah.cfg"


def site(**variables: Any) -> dict[str, Any]:
    """Two database servers, one on other ports, and a client."""
    servers = {
        "db1": {"ansible_host": "192.0.2.11"},
        "db2": {"ansible_host": "2001:db8::12", "postgresql_port": 5433, "postgresql_rest_port": 8009},
    }
    return {"all": {"vars": variables, "children": {"postgresql": {"hosts": servers}, "postgresql_client": {"hosts": {"app": None}}}}}


def config(render: Callable[..., Any], **variables: Any) -> str:
    """The configuration of the client."""
    return str(render("haproxy", "haproxy", site(**variables), "app")["files"][CONFIG])


def test_servers(render: Callable[..., Any]) -> None:
    """Each server in both backends, with the port of its own PostgreSQL and Patroni."""
    text = config(render)
    assert text.count("    server db1 192.0.2.11:5432 check port 8008 check-sni db1\n") == 2
    assert text.count("    server db2 ipv6@2001:db8::12:5433 check port 8009 check-sni db2\n") == 2
    assert "verify required ca-file /etc/vannah/pki/ca.crt on-marked-down shutdown-sessions" in text


def test_members_on_two_ports_of_postgresql(render: Callable[..., Any]) -> None:
    """While the port changes: a backend for each port, up only where PostgreSQL itself answers there."""
    servers = {"db1": {"ansible_host": "192.0.2.11"}, "db2": {"ansible_host": "192.0.2.12"}}
    hosts = {"vars": {"postgresql_port": 5433, "site_before": [{"postgresql_port": 5432}]}}
    hosts["children"] = {"postgresql": {"hosts": servers}, "postgresql_client": {"hosts": {"app": None}}}
    text = str(render("haproxy", "haproxy", {"all": hosts}, "app")["files"][CONFIG])
    assert text.count("    server db1 192.0.2.11:5433 check port 8008 check-sni db1\n") == 2
    assert text.count("    server db1 192.0.2.11:5432 check port 8008 check-sni db1\n") == 2
    check = ["    option httpchk", "    http-check connect default", "    http-check send meth HEAD uri /primary"]
    check += ["    http-check expect status 200", "    http-check connect port 5432"]
    assert "backend postgresql_leader_5432\n" + "\n".join(check) + "\n    server db1" in text
    assert "    use_backend postgresql_leader_5432 if { nbsrv(postgresql_leader) eq 0 } { nbsrv(postgresql_leader_5432) gt 0 }" in text
    assert "option httpchk HEAD" not in text


def test_members_on_two_ports_of_patroni(render: Callable[..., Any]) -> None:
    """Each is asked on both; whichever answers says whether it leads."""
    text = config(render, postgresql_rest_port=8009, site_before=[{"postgresql_rest_port": 8008}])
    assert text.count("    server db1 192.0.2.11:5432 check port 8009 check-sni db1\n") == 2
    assert text.count("    server db1-8008 192.0.2.11:5432 check port 8008 check-sni db1\n") == 2
    assert "http-check connect" not in text


@pytest.mark.parametrize(
    ("variables", "there"),
    [
        (
            {"haproxy_bind": ["192.0.2.1", "127.0.0.1"], "haproxy_read_write_port": 6000},
            ["    bind 192.0.2.1:6000", "    bind 127.0.0.1:6000"],
        ),
        ({"haproxy_replica_max_lag": "16MB"}, ["    option httpchk HEAD /replica?lag=16MB"]),
        (
            {"haproxy_settings": {"timeout client": "1h", "option tcplog": None, "option splice-auto": True}},
            ["    timeout client 1h", "    option splice-auto"],
        ),
        ({"haproxy_global": {"maxconn": 100}}, ["    maxconn 100"]),
    ],
)
def test_options(render: Callable[..., Any], variables: dict[str, Any], there: list[str]) -> None:
    """Options over the role's own."""
    lines = config(render, **variables).splitlines()
    assert [line for line in there if line not in lines] == []
    if "haproxy_settings" in variables:
        assert "    option tcplog" not in lines and "    timeout client 8h" not in lines


def test_description_follows_every_change(render: Callable[..., Any], program: Callable[[str, str], ModuleType]) -> None:
    """Two configurations that differ have different descriptions, two that do not have the same."""
    tell = program("haproxy", "haproxy-running").description_of
    told = [
        tell(config(render)),
        tell(config(render)),
        tell(config(render, haproxy_bind=["192.0.2.1"])),
        tell(config(render, haproxy_check={"inter": "3s"})),
    ]
    assert told[0] == told[1] and len(set(told)) == 3 and all(word.startswith("vannah ") for word in told)


@pytest.mark.parametrize(("running", "status"), [("vannah abc", 0), ("vannah old", 1), (None, 1)])
def test_which_configuration_runs(
    program: Callable[[str, str], ModuleType], tmp_path: Path, running: str | None, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer of HAProxy 3.0 to ``show info``; an old worker and none at all are told apart."""
    module = program("haproxy", "haproxy-running")
    written = tmp_path / "x.cfg"
    written.write_text("global\n    # description no\n    description vannah abc\n", encoding="utf-8")
    path = str(tmp_path / "s")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)

    def serve() -> None:
        client, _ = server.accept()
        with client:
            assert client.recv(100) == b"show info\n"
            client.sendall(f"Name: HAProxy\nVersion: 3.0.11\nnode: app\ndescription: {running}\n\n".encode())

    thread = threading.Thread(target=serve)
    with server:
        if running is not None:
            server.listen()
            thread.start()
        assert module.main(["runs", str(written), path]) == status
    if running is not None:
        thread.join()
    assert ("older one" in capsys.readouterr().err) is (running == "vannah old")


def test_the_packages_own_configuration_is_nobodys(program: Callable[[str, str], ModuleType]) -> None:
    """``dpkg-query -f ${Conffiles}`` of trixie's haproxy."""
    listed = " /etc/default/haproxy b6d0be5b2a5d9bb8ad6d8b9b7fd7e2b6\n /etc/haproxy/haproxy.cfg 4b8e1a1ad8b6e2b0ee1b1f5d40f1a2c3\n"
    assert program("haproxy", "haproxy-running").packaged_sum(listed) == "4b8e1a1ad8b6e2b0ee1b1f5d40f1a2c3"


def test_why_a_worker_did_not_start(program: Callable[[str, str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, where it is an address that the host does not have; HAProxy's own words else."""
    module = program("haproxy", "haproxy-running")
    journal = (
        "[NOTICE]   (77) : haproxy version is 3.0.11\n"
        "[ALERT]    (77) : Binding [/etc/haproxy/vannah.cfg:44] for frontend rw: cannot bind socket (Address in use) for [127.0.0.1:5000]\n"
        "[ALERT]    (77) : Failed to load worker!\n"
    )
    monkeypatch.setattr(module.subprocess, "run", lambda *_given, **_more: SimpleNamespace(stdout=journal))
    addresses = ("127.0.0.1", "192.0.2.1", "[2001:db8::1]", "*", "", "app")
    config = "".join(["frontend rw\n", *(f"    bind {address}:5000\n" for address in addresses)])
    assert module.nowhere(config) == ["192.0.2.1", "[2001:db8::1]"]
    assert module.why(config) == ("; haproxy_bind: 192.0.2.1, [2001:db8::1] is on no interface of this server, write addresses that it has")
    said = "Binding [/etc/haproxy/vannah.cfg:44] for frontend rw: cannot bind socket (Address in use) for [127.0.0.1:5000]"
    assert module.why("    bind 127.0.0.1:5000\n") == f"; it said: {said}"
    assert module.last_alert(journal.splitlines()[2]) == "Failed to load worker!"
    journal = "[ALERT]    (3115) : backend 'postgresql_standbys' has no server available!\n[NOTICE]   (77) : Loading success.\n"
    assert module.why("    bind *:5000\n") == ""
