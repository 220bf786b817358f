# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock-out revert: its script is run for real, systemd is not."""

from __future__ import annotations

import base64
import json
import os
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import lease, revert
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from hypothesis import given, settings
from hypothesis import strategies as st


def undo(path: str, data: str | None, mode: str | int = "0640") -> dict[str, Any]:
    encoded = None if data is None else base64.b64encode(data.encode()).decode()
    return {"path": path, "data_b64": encoded, "mode": mode, "uid": os.geteuid(), "gid": os.getegid()}


def fire(host: Any, tmp_path: Path, *words: str) -> str:
    """Run the script as systemd would, with a systemctl that fails at all it is asked; returns what was run.

    As the real one it knows no unit whose file is gone. What it stops has its table taken away.
    """
    tools, log = tmp_path / "tools", tmp_path / "log"
    tools.mkdir(exist_ok=True)
    (tools / "systemctl").write_text(
        f"""#!/bin/sh
echo "$@" >> {log}
for unit; do :; done
case "$*" in
    *stop*|*restart*) [ "$unit" != own.service ] || [ -e {host.root}/etc/systemd/system/own.service ] || exit 5 ;;
esac
case "$*" in *stop*) rm -f {host.root}/table ;; esac
exit 1
"""
    )
    (tools / "systemctl").chmod(0o755)
    env = {"PATH": f"{tools}:/usr/bin:/bin"}
    argv = ["/bin/sh", str(host.root / revert.SCRIPT.lstrip("/")), *words]
    subprocess.run(argv, env=env, check=True, stderr=subprocess.DEVNULL)
    return log.read_text() if log.exists() else ""


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_the_shell_reads_a_quoted_word_as_it_is(word: str) -> None:
    said = subprocess.run(["/bin/sh", "-c", f"printf %s {revert.quote(word)}"], capture_output=True, check=True).stdout
    assert said == word.encode()


def test_old_state_comes_back(host: Any, tmp_path: Path) -> None:
    host.write("/etc/ssh/it's new.conf", "new\n")
    host.write("/etc/added.conf", "new\n")
    items = [undo("/etc/ssh/it's new.conf", "old\n"), undo("/etc/added.conf", None), undo("/etc/gone.conf", "was here\n", 0o600)]
    touched = tmp_path / "touched $HOME"
    revert.arm(host.ctx, 0, items, ["ssh.service", "nftables.service"], [["touch", str(touched)]])
    assert host.read("/etc/added.conf") == "new\n"
    assert revert.armed(host.ctx)
    said = fire(host, tmp_path)
    assert host.read("/etc/ssh/it's new.conf") == "old\n"
    assert host.read("/etc/added.conf") is None
    assert host.read("/etc/gone.conf") == "was here\n"
    assert stat.S_IMODE((host.root / "etc/gone.conf").stat().st_mode) == 0o600
    assert said == "daemon-reload\nreload-or-restart -- ssh.service\nreload-or-restart -- nftables.service\n"
    assert touched.exists()
    assert not revert.armed(host.ctx)
    with pytest.raises(AgentError) as caught:
        revert.disarm(host.ctx)
    assert caught.value.code == "guard-reverted"
    assert revert.disarm(host.ctx) is False


def first_installation(host: Any) -> None:
    """A firewall that was not there before is armed, written and started."""
    items = [undo("/etc/own.rules", None), undo("/etc/systemd/system/own.service", None), undo("/etc/ssh/x.conf", "old\n")]
    revert.arm(host.ctx, 0, items, ["own.service", "ssh.service"])
    for path in ("/etc/own.rules", "/etc/systemd/system/own.service", "/etc/ssh/x.conf", "/table"):
        host.write(path, "new\n")


def test_a_unit_of_a_first_installation_is_stopped_while_systemd_knows_it(host: Any, tmp_path: Path) -> None:
    """Once its file is gone nothing runs its ExecStop, and what it has loaded would stay."""
    first_installation(host)
    said = fire(host, tmp_path).splitlines()
    assert said == ["disable -- own.service", "stop -- own.service", "daemon-reload", "reload-or-restart -- ssh.service"]
    assert [host.read(path) for path in ("/table", "/etc/own.rules", "/etc/systemd/system/own.service")] == [None, None, None]
    assert host.read("/etc/ssh/x.conf") == "old\n"
    assert not (host.root / revert.ARMED.lstrip("/")).exists()


def test_a_reboot_while_it_is_armed_reverts_before_anything_starts(host: Any, tmp_path: Path) -> None:
    """The countdown is gone with the boot; what was armed is on the disk, and a unit of the next boot does it and goes."""
    import shutil

    first_installation(host)
    assert fire(host, tmp_path, "boot") == ""  # pulled in again in the same boot: nothing is done
    assert revert.armed(host.ctx)
    unit = str(host.read(revert.BOOT_UNIT))
    assert f"ConditionPathExists=!{revert.ARMED}\n" in revert.boot_unit() and "Before=sysinit.target vannah-firewall.service" in unit
    assert f"ExecStart=/bin/sh {host.root}{revert.SCRIPT} boot\n" in unit
    assert os.readlink(host.root / revert.BOOT_LINK.lstrip("/")) == revert.BOOT_UNIT
    shutil.rmtree(host.root / "run/vannah")
    said = fire(host, tmp_path, "boot").splitlines()
    assert said == [
        "disable -- own.service",
        "--no-block stop -- own.service",
        "daemon-reload",
        "--no-block try-reload-or-restart -- ssh.service",
    ]
    assert host.read("/etc/systemd/system/own.service") is None and host.read("/etc/ssh/x.conf") == "old\n"
    assert not os.path.lexists(host.root / revert.BOOT_LINK.lstrip("/"))
    assert host.read(revert.BOOT_UNIT) is None and not (host.root / revert.GUARD.lstrip("/")).exists()
    assert not revert.armed(host.ctx) and revert.reverted(host.ctx)


def test_files_are_roots_alone_and_there_before_the_unit(host: Any) -> None:
    def started(argv: list[str]) -> Any:
        folder = host.root / revert.GUARD.lstrip("/")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
            "0": 0o600,
            "revert": 0o700,
            "undo.json": 0o600,
        }
        return guard_result

    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result

    guard_result = Result(0)
    host.programs.on("systemd-run", do=started)
    revert.arm(host.ctx, 45, [undo("/etc/a", "secret")], [])
    (argv,) = [call for call in host.programs.calls if call[0] == "systemd-run"]
    assert "\n    sleep 45\n" in str(host.read(revert.SCRIPT))
    assert "secret" not in " ".join(argv)


def test_second_component_adds_and_the_oldest_state_wins(host: Any, tmp_path: Path) -> None:
    host.write("/etc/a", "newest")
    revert.arm(host.ctx, 0, [undo("/etc/a", "oldest")], ["a.service"])
    revert.arm(host.context(), 0, [undo("/etc/a", "between"), undo("/etc/b", "b")], ["a.service", "b.service"])
    assert host.programs.ran("systemd-run") == 2
    said = fire(host, tmp_path)
    assert (host.read("/etc/a"), host.read("/etc/b")) == ("oldest", "b")
    assert said.count("a.service") == 1


def test_time_begins_when_the_run_has_ended(host: Any, tmp_path: Path) -> None:
    """While the agent works the script waits for its lock; killed in that time, as by disarming, it does nothing."""
    import fcntl

    revert.arm(host.ctx, 0, [undo("/etc/a", "old")], [])
    descriptor = os.open(host.root / lease.WORKING.lstrip("/"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    script = subprocess.Popen(["/bin/sh", str(host.root / revert.SCRIPT.lstrip("/"))], start_new_session=True)
    with pytest.raises(subprocess.TimeoutExpired):
        script.wait(0.5)
    os.killpg(script.pid, signal.SIGTERM)
    assert script.wait(10) != 0
    assert host.read("/etc/a") is None and revert.armed(host.ctx)
    os.close(descriptor)
    fire(host, tmp_path)
    assert host.read("/etc/a") == "old"


def test_disarmed(host: Any) -> None:
    assert revert.disarm(host.ctx) is False
    assert host.programs.calls == []
    revert.arm(host.ctx, 0, [undo("/etc/a", "old")], [])
    assert revert.disarm(host.ctx) is True
    assert host.programs.ran("stop", "vannah-guard.service") >= 1
    assert not revert.armed(host.ctx)
    for path in (revert.GUARD, revert.ARMED, revert.BOOT_UNIT, revert.BOOT_LINK):
        assert not os.path.lexists(host.root / path.lstrip("/")), path


def test_fires_in_the_moment_of_disarming(host: Any, tmp_path: Path) -> None:
    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result

    revert.arm(host.ctx, 0, [undo("/etc/a", "old")], [])

    def stop(argv: list[str]) -> Result:
        fire(host, tmp_path)
        return Result(0)

    host.programs.on("systemctl", "stop", do=stop)
    with pytest.raises(AgentError) as caught:
        revert.disarm(host.ctx)
    assert caught.value.code == "guard-reverted"


def test_after_a_revert_one_can_arm_again(host: Any, tmp_path: Path) -> None:
    revert.arm(host.ctx, 0, [undo("/etc/a", "old")], [])
    fire(host, tmp_path)
    host.programs.on("systemctl", "show", out="inactive\n")
    revert.arm(host.context(), 0, [undo("/etc/a", "newer")], [])
    assert revert.armed(host.ctx) and not revert.reverted(host.ctx)
    manifest = json.loads(str(host.read(revert.MANIFEST)))
    assert [base64.b64decode(item["data_b64"]) for item in manifest["undo"]] == [b"newer"]


def test_without_systemd_nothing_is_begun(host: Any) -> None:
    (host.root / "run/systemd/system").rmdir()
    with pytest.raises(AgentError, match="lockout_guard") as caught:
        revert.arm(host.ctx, 0, [], [])
    assert caught.value.code == "guard-unavailable"
    assert not (host.root / "run/vannah").exists() and not (host.root / "var/lib/vannah").exists()


def test_a_unit_that_does_not_start_is_an_error(host: Any) -> None:
    host.programs.on("systemd-run", rc=1, err="Failed to start transient service unit: Connection timed out\n")
    with pytest.raises(AgentError, match="timed out") as caught:
        revert.arm(host.ctx, 0, [], [])
    assert caught.value.code == "guard-unavailable"
    assert not revert.armed(host.ctx) and host.read(revert.BOOT_UNIT) is None
