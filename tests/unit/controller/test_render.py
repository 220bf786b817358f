# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions become normalised components; what cannot be meant is refused with a text that says what to write."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.vannah.healthcloud.plugins.module_utils.component_spec import COMPONENT_SPEC
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import render, rules

SHA = "a" * 64


def no_find(kind: str, name: str) -> str:
    raise AnsibleError(f"there is no {kind}/{name}")


def normalise(data: dict[str, Any], find: render.Find = no_find) -> dict[str, Any]:
    component, _artifacts = render.normalise({"name": "x", **data}, "role r", find, lambda path, where: f"rendered {path}", "r")
    return component


def missing(component: dict[str, Any], spec: dict[str, Any], where: str = "") -> list[str]:
    """Options of the spec that a component lacks."""
    gone = {"template", "src"}
    found = [f"{where}{key}" for key in spec if key not in component and key not in gone]
    for key, option in spec.items():
        value = component.get(key)
        if "options" in option and value is not None and key != "artifact":
            for item in value if isinstance(value, list) else [value]:
                found += missing(item, option["options"], f"{where}{key}.")
    return found


def test_every_option_is_there() -> None:
    component = normalise(
        {
            "groups": [{"name": "g"}],
            "users": [{"name": "u", "uid": 100}],
            "packages": ["curl", {"name": "vim", "hold": "yes"}],
            "directories": [{"path": "/srv/x"}],
            "links": [{"path": "/a", "target": "b"}],
            "files": [{"path": "/etc/x", "content": "x"}],
            "certificates": [{"name": "c", "key": "/k", "cert": "/c", "common_name": "x"}],
            "sysctls": [{"name": "vm.swappiness", "value": 1}],
            "cron": [{"name": "c", "schedule": "@daily", "command": "true"}],
            "units": [{"name": "x.service", "dropins": [{"name": "d", "content": ""}], "ready": {"tcp": "h:1"}}],
        }
    )
    assert missing(component, COMPONENT_SPEC) == []
    assert component["role"] == "r"
    assert component["packages"][0] == {"name": "curl", "state": "present", "version": None, "hold": False}
    assert component["packages"][1]["hold"] is True
    assert component["sysctls"][0]["value"] == "1"
    assert component["units"][0]["ready"]["status"] == [200]
    assert "template" not in component["files"][0] and "src" not in component["files"][0]


def test_sources(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("grüß", encoding="utf-8")
    (tmp_path / "bytes").write_bytes(b"\xff\x00")
    (tmp_path / "big").write_bytes(b"12345")
    component, artifacts = render.normalise(
        {
            "name": "x",
            "files": [
                {"path": "/1", "template": "t.j2"},
                {"path": "/2", "src": "text"},
                {"path": "/3", "src": "bytes"},
                {"path": "/4", "artifact": {"src": str(tmp_path / "big"), "sha256": SHA.upper()}},
                {"path": "/5", "owner": "x"},
            ],
            "units": [{"name": "x.timer", "template": "u.j2", "dropins": [{"name": "d", "template": "d.j2"}]}],
        },
        "task",
        lambda kind, name: f"{tmp_path}/{name}" if kind == "files" else name,
        lambda path, where: f"rendered {path}",
    )
    files = component["files"]
    assert [file["content"] for file in files] == ["rendered t.j2", "grüß", None, None, None]
    assert base64.b64decode(files[2]["content_b64"]) == b"\xff\x00"
    assert files[3]["artifact"] == {"sha256": SHA, "size": 5}
    assert artifacts == {SHA: str(tmp_path / "big")}
    assert component["units"][0]["content"] == "rendered u.j2"
    assert component["units"][0]["dropins"] == [{"name": "d", "content": "rendered d.j2"}]


DEFERRED = {"name": "x.service", "on_change": "defer"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"filse": []}, "filse. Supported parameters include"),
        ({"files": [{"path": "/x", "content": "a", "src": "b"}]}, "file /x has content and src: it can have one source only"),
        ({"files": [{"path": "etc/x", "content": "a"}]}, "file etc/x: a path on the host begins with /"),
        ({"files": [{"path": "/etc/../x"}]}, "holds no .."),
        ({"files": [{"path": "/x", "mode": 420}]}, 'mode must be text in quotes, like "0644"'),
        ({"files": [{"path": "/x", "mode": "u=rw"}]}, "must be octal digits"),
        ({"files": [{"path": "/x", "content": {"a": 1}}]}, "content must be text, not a mapping: use to_nice_yaml"),
        ({"files": [{"path": "/x", "content": "", "state": "absent"}]}, "is absent and has content"),
        ({"files": [{"path": "/x"}, {"path": "/x"}]}, "files: /x is listed twice"),
        ({"files": [{"path": "/x"}], "directories": [{"path": "/x"}]}, "/x is a directory and a file"),
        ({"files": [{"path": "/x", "validate": ["/bin/true"]}]}, "validate needs %s"),
        ({"files": [{"path": "/x", "units": ["y.service"]}]}, "units names y.service, which is not one of"),
        ({"files": [{"path": "/x", "template": "t"}]}, "file /x: there is no templates/t"),
        ({"files": [{"path": "/x", "artifact": {"src": "/y", "sha256": "1"}}]}, "64 hexadecimal digits"),
        ({"files": {"path": "/x"}}, "files must be a list"),
        ({"files": ["/x"]}, "files 1 must be a mapping"),
        ({"validate": ["nginx -t"]}, "must be a list: the program, then its arguments"),
        ({"validate": [["nginx", "-t"]]}, "begins with a program's absolute path"),
        ({"links": [{"path": "/x"}]}, "link /x needs a target"),
        ({"units": [{"name": "nginx"}]}, "write the name with its suffix, like nginx.service"),
        ({"units": [{"name": "x.service", "driver": "y"}]}, "unit x.service: invalid driver 'y': write one of systemd, docker, patroni"),
        ({"units": [DEFERRED]}, "restarted later .* has no ready"),
        ({"units": [{"name": "x.service", "ready": {"timeout": 5}}]}, "ready needs tcp, http or command"),
        ({"units": [{"name": "x.service", "watch": {"/x": "perhaps"}}]}, "watch maps"),
        ({"units": [{"name": "x.service", "masked": True}]}, "masked and started"),
        ({"units": [{"name": "x.service", "masked": True, "state": "stopped", "content": "[Unit]"}]}, "masked and has a unit file"),
        ({"units": [{"name": "x.service", "dropins": [{"name": "d"}]}]}, "give it content or template"),
        ({"cron": [{"name": "a.b", "schedule": "@daily", "command": "x"}]}, "cron reads no file"),
        ({"cron": [{"name": "a", "schedule": "1 2 3", "command": "x"}]}, "five fields"),
        ({"certificates": [{"name": "c", "key": "/k", "cert": "/c", "common_name": "x", "renew_before": 90}]}, "below days"),
        ({"packages": [{"name": "p", "state": "absent", "version": "1"}]}, "is absent and has a version"),
        ({"sysctls": [{"name": "a", "value": True}]}, "must be text, not true or false: write it in quotes"),
        ({"name": "a b"}, "name 'a b' may hold"),
    ],
)
def test_refused(data: dict[str, Any], words: str) -> None:
    with pytest.raises(render.ComponentError, match=words) as caught:
        normalise(data)
    assert str(caught.value).startswith("role r, component ")


def test_a_deferred_unit_with_ready_is_good() -> None:
    assert normalise({"units": [{**DEFERRED, "ready": {"http": "https://h/"}}]})["units"][0]["on_change"] == "defer"


def test_together() -> None:
    one = normalise({"files": [{"path": "/etc/x"}], "units": [{"name": "x.service"}]})
    two = {**normalise({"links": [{"path": "/etc/x", "target": "y"}], "units": [{"name": "x.service"}]}), "name": "y"}
    assert rules.check_together([one, two]) == [
        "path /etc/x is in two components, x (role r) and y (role r): leave it to one of them",
        "unit x.service is in two components, x (role r) and y (role r): leave it to one of them",
    ]
    assert rules.check_together([one, one]) == ["there are two components x: their names must differ on a host"]
    assert rules.check_together([one, {**two, "state": "absent"}]) == []
