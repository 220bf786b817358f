# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, directories and links: what is planned for what is found."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import disk
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import file_items, files

from .demo import ok
from .fake_host import FakeHost, component


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def begin(host: FakeHost, **given: Any) -> tuple[dict[str, Any], Context]:
    ctx, wanted = host.context(diff=True), component(**given)
    ctx.start_component(wanted, {})
    return wanted, ctx


def error_of(host: FakeHost, **given: Any) -> str:
    found = host.call(component(**given))["components"][0]["error"]
    assert found is not None
    return str(found["code"])


def test_bytes_that_are_no_text(host: FakeHost) -> None:
    data = bytes(range(256))
    wanted = component(files=[{"path": "/etc/x", "content_b64": base64.b64encode(data).decode()}])
    answer = host.call(wanted)["components"][0]
    assert host.file("/etc/x").read_bytes() == data
    assert "no text" in answer["diff"][0]["after"]
    assert not host.call(wanted)["components"][0]["changed"]


def test_only_attributes(host: FakeHost) -> None:
    host.write("/etc/x", "theirs").chmod(0o644)
    answer = host.call(component(files=[{"path": "/etc/x", "mode": "0600"}]))["components"][0]
    assert [step["detail"] for step in answer["steps"]] == ["mode 0644 -> 0600"]
    assert host.file("/etc/x").read_text() == "theirs"
    host.call(component())
    assert host.file("/etc/x").exists()  # it was never managed


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"files": [{"path": "/etc", "content": "x"}]}, "is-a-directory"),
        ({"files": [{"path": "/etc/x", "content": "x", "mode": "rw"}]}, "bad-mode"),
        ({"files": [{"path": "/etc/x", "content": "x", "mode": "77777"}]}, "bad-mode"),
        ({"files": [{"path": "/etc/missing"}]}, "file-missing"),
        ({"directories": [{"path": "/etc/file"}]}, "not-a-directory"),
        ({"files": [{"path": "/etc/file/below", "content": "x"}]}, "not-a-directory"),
        ({"links": [{"path": "/etc", "target": "x"}]}, "is-a-directory"),
        ({"links": [{"path": "/etc/link"}]}, "no-target"),
    ],
)
def test_refused(host: FakeHost, given: dict[str, Any], code: str) -> None:
    host.write("/etc/file", "x")
    assert error_of(host, **given) == code
    assert host.file("/etc/file").read_text() == "x"


def test_bad_mode_is_refused_for_a_new_file(host: FakeHost) -> None:
    with pytest.raises(AgentError, match="octal"):
        file_items.mode_number({"path": "/x", "mode": "u=rw"})
    assert file_items.mode_number({"path": "/x", "mode": "2750"}) == 0o2750


def test_link_in_the_place_of_a_file_is_replaced(host: FakeHost) -> None:
    target = host.write("/srv/target", "precious")
    host.file("/etc/x").symlink_to(target)
    host.call(component(files=[{"path": "/etc/x", "content": "new"}]))
    assert target.read_text() == "precious" and not host.file("/etc/x").is_symlink()
    host.call(component())
    assert host.file("/etc/x").is_symlink()  # what was there comes back


def test_directory_behind_a_link_stays_where_it_is(host: FakeHost) -> None:
    host.file("/srv/big").mkdir(parents=True)
    host.file("/data").symlink_to(host.file("/srv/big"))
    host.file("/srv/big").chmod(0o755)
    assert not host.call(component(directories=[{"path": "/data"}]))["components"][0]["changed"]
    host.call(component(directories=[{"path": "/data", "mode": "0700"}]))
    assert host.file("/data").is_symlink() and host.file("/srv/big").stat().st_mode & 0o777 == 0o700


def test_before_packages_only(host: FakeHost) -> None:
    wanted, ctx = begin(host, files=[{"path": "/etc/a", "content": "", "before": "packages"}, {"path": "/etc/b", "content": ""}])
    assert [step.target for step in files.plan_files(wanted, ctx, before_packages=True)] == ["/etc/a"]
    assert [step.target for step in files.plan_files(wanted, ctx)] == ["/etc/b"]


def test_writes_name_the_hash(host: FakeHost) -> None:
    wanted, ctx = begin(host, files=[{"path": "/etc/a", "content": "text"}])
    (step,) = files.plan_files(wanted, ctx)
    assert step.writes == {"/etc/a": disk.digest(b"text")} and step.claims == (("files", "/etc/a"),)


def test_drift_is_told_apart_from_a_new_definition(host: FakeHost) -> None:
    host.call(component(files=[{"path": "/etc/x", "content": "one"}]))
    assert host.call(component(files=[{"path": "/etc/x", "content": "two"}]))["components"][0]["drift"] == []
    host.write("/etc/x", "by hand")
    assert host.call(component(files=[{"path": "/etc/x", "content": "two"}]))["components"][0]["drift"] == ["/etc/x"]
    host.file("/etc/x").unlink()
    assert host.call(component(files=[{"path": "/etc/x", "content": "three"}]))["components"][0]["drift"] == ["/etc/x"]


def test_directory_of_a_mount_is_left_alone_while_nothing_is_mounted(host: FakeHost) -> None:
    """A bare mount point lies on the system's own disk: it is neither made nor given away."""
    wanted = component(directories=[{"path": "/srv/my drive", "mode": "0700", "mounted": True}])
    table = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    host.write("/proc/self/mountinfo", table)
    assert not ok(host.call(wanted))["changed"] and not host.file("/srv/my drive").exists()
    host.file("/srv/my drive").mkdir(parents=True)
    assert not ok(host.call(wanted))["changed"]
    host.write("/proc/self/mountinfo", table + "40 22 8:16 / /srv/my\\040drive rw - xfs /dev/sdb rw\n")
    assert ok(host.call(wanted))["changed"] and host.file("/srv/my drive").stat().st_mode & 0o777 == 0o700
    assert not ok(host.call(wanted))["changed"]


def test_directory_is_asked_about_before_it_is_changed(host: FakeHost) -> None:
    """Not where it is as it should be."""
    wanted = component(directories=[{"path": "/srv/drive", "mode": "0700", "validate": ["check-config", "/srv/drive/content"]}])
    host.write("/srv/drive/content", "invalid")
    host.file("/srv/drive").chmod(0o755)
    said = host.call(wanted)["components"][0]["error"]
    assert said["code"] == "validation-failed" and "directory /srv/drive" in said["msg"]
    assert host.file("/srv/drive").stat().st_mode & 0o777 == 0o755
    host.file("/srv/drive").chmod(0o700)
    assert not ok(host.call(wanted))["changed"]


def test_directories_and_links_that_are_to_be_absent(host: FakeHost) -> None:
    host.file("/srv/empty").mkdir(parents=True)
    host.write("/srv/full/x", "x")
    host.file("/etc/l").symlink_to("nowhere")
    gone = component(
        directories=[{"path": "/srv/empty", "state": "absent"}, {"path": "/srv/full", "state": "absent"}],
        links=[{"path": "/etc/l", "state": "absent"}],
    )
    answer = host.call(gone)["components"][0]
    assert not host.file("/srv/empty").exists() and host.file("/srv/full/x").exists() and not host.file("/etc/l").is_symlink()
    assert "not empty" in answer["warnings"][0]
    assert not host.call(gone)["components"][0]["changed"]


def test_one_path_belongs_to_one_component(host: FakeHost) -> None:
    one, two = (component(name, files=[{"path": "/etc/x", "content": name}]) for name in ("one", "two"))
    assert host.call(one, two)["error"]["code"] == "path-clash"
    assert host.call(one, one)["error"]["code"] == "component-twice"


def test_large_file_is_not_read_again(host: FakeHost) -> None:
    wanted = component(files=[{"path": "/etc/x", "content": "x" * (disk.LARGE + 1)}])
    host.call(wanted)
    assert not host.call(wanted)["components"][0]["changed"]
    file = host.file("/etc/x")
    file.write_text("y" * (disk.LARGE + 1))
    assert host.call(wanted)["components"][0]["changed"] and file.read_text()[0] == "x"
