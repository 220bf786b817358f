# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of make demo, its locks, and what a killed set-up leaves."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from testbed import demo, engine, images, lock, machine, shell, stages
from testbed.shell import SetupError


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stages, "ROOT", tmp_path)
    monkeypatch.setattr(stages, "LOGS", tmp_path / "logs")
    return tmp_path / "logs"


def test_stages_say_which_how_long_and_of_how_much(capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[str | None] = []
    work = lambda: seen.append(os.environ.get("VANNAH_STAGE"))  # noqa: E731
    stages.run([stages.Stage("First", 90, work), stages.Stage("Second", 240, work, speaks=True)], "demo")
    printed = capfd.readouterr().out.splitlines()
    assert printed[0] == "[1/2] First (about 1:30)"
    assert re.fullmatch(r"\[1/2\] First: \d:\d\d", printed[1])
    assert printed[2] == "[2/2] Second (about 4:00)"
    assert seen == ["[1/2] ", "[2/2] "]
    assert "VANNAH_STAGE" not in os.environ


def test_the_first_error_is_said_once_in_two_lines(capfd: pytest.CaptureFixture[str], logs: Path) -> None:
    def work() -> None:
        raise SetupError("`docker build` exited 1:\nstep 3\nno space left")

    with pytest.raises(stages.StageError):
        stages.run([stages.Stage("Images", 60, work), stages.Stage("Never", 1, lambda: print("never"))], "demo")
    out, err = capfd.readouterr()
    lines = err.splitlines()
    assert lines[0] == "FAILED  [1/2] Images: `docker build` exited 1:"
    assert lines[1].startswith("        Fix: ")
    assert lines[2].startswith("Details: logs/demo-")
    assert len(lines) == 3
    assert "never" not in out
    log = next(logs.glob("*.log"))
    assert "no space left" in log.read_text(encoding="utf-8")
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("it is broken. Fix: mend it", ["FAILED  x: it is broken.", "        Fix: mend it"]),
        ("it is broken", ["FAILED  x: it is broken", f"        Fix: {stages.AGAIN}"]),
    ],
)
def test_two_lines(text: str, lines: list[str]) -> None:
    assert stages.told("x", text) == lines


def test_a_program_beside(tmp_path: Path) -> None:
    beside = stages.Background("good", [sys.executable, "-c", "print('built')"], {})
    beside.join()
    assert beside.path.read_text(encoding="utf-8") == "built\n"
    assert beside.path.stat().st_mode & 0o777 == 0o600
    broken = stages.Background("bad", [sys.executable, "-c", "print('start\\nFAILED  no module. Fix: x\\nrecap'); exit(2)"], {})
    with pytest.raises(SetupError, match=r"\Ano module\. Fix: x Details: logs/bad-"):
        broken.join()
    waiting = stages.Background("waiting", [sys.executable, "-c", "import time; time.sleep(600)"], {})
    assert waiting.runs()
    waiting.stop()
    assert not waiting.runs()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", ""),
        (
            "artifact minio: compiling, 593 s, 1301 of 1313 packages\n  ... Artifacts  9:55\n\n",
            "artifact minio: compiling, 593 s, 1301 of 1313 packages",
        ),
        ("  a: compiling, 3 s\n  a: compil", "a: compiling, 3 s"),
        ("  ... Artifacts: Fetch or build  0:10\n", "Artifacts: Fetch or build  0:10"),
    ],
)
def test_the_last_word_of_a_program_beside(text: str, word: str) -> None:
    assert stages.last_word(text) == word


def test_a_stage_that_waits_for_a_program_beside_repeats_its_words(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """And the program does not believe that it is the stage that started it."""
    monkeypatch.setattr(stages.stream, "PLAIN_EVERY", 0.05)
    code = (
        "import os, time; print('compiling', sorted(name for name in os.environ if name.startswith('VANNAH')), flush=True); time.sleep(1)"
    )
    beside: list[stages.Background] = []

    def join() -> None:
        beside[0].join()

    def word() -> str:
        return beside[0].word()

    begin = stages.Stage("Tools", 60, lambda: beside.append(stages.Background("build", [sys.executable, "-c", code], {})))
    stages.run([begin, stages.Stage("Programs", 60, join, word=word)], "demo")
    assert re.search(r"(?m)^  \.\.\. \[2/2\] Programs: compiling \[\]  0:\d\d of about 1:00$", capfd.readouterr().out)


def test_a_program_beside_that_does_not_end_is_killed_with_what_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "ENDING", 0.3)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {deaf!r}]); {deaf}"
    beside = stages.Background("deaf", [sys.executable, "-c", parent], {})
    while beside.path.read_text(encoding="utf-8").count("deaf") < 2:
        time.sleep(0.01)
    (child,) = stages.below(beside._process.pid)
    beside.stop()
    assert not beside.runs()
    state = Path(f"/proc/{child}/stat")
    for _ in range(500):  # its new parent may take a moment to reap it
        try:
            said = state.read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):  # the second: it ends between the opening and the reading, see proc(5)
            break
        if said.rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.01)
    else:
        pytest.fail("it still runs")


def test_the_build_begins_before_the_images_and_is_waited_for_before_the_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    events: list[str] = []

    class Beside:
        def __init__(self, name: str, argv: list[str], extra: dict[str, str]) -> None:
            events.append(f"begin {name}")

        def runs(self) -> bool:
            return True

        def join(self) -> None:
            events.append("join")

        def word(self) -> str:
            return ""

        def stop(self) -> None:
            events.append("stop")

    monkeypatch.setattr(demo, "Background", Beside)
    monkeypatch.setattr(demo.venv, "ensure", lambda: events.append("venv"))
    monkeypatch.setattr(demo, "run", lambda argv: events.append("password"))
    programs = (".yml", "tests/live", "summary")
    monkeypatch.setattr(demo, "program", lambda argv, **_: events.append(next(word for word in argv if word.endswith(programs))))
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    monkeypatch.setenv("ANSIBLE_BECOME_PASSWORD_FILE", "/of/another/site")
    demo.up(lambda: events.append("images"))
    assert "ANSIBLE_BECOME_PASSWORD_FILE" not in os.environ
    create, site = "tests/servers/create.yml", "playbooks/site.yml"
    assert events == [
        *("venv", "password", "begin artifacts", "images", create, site, "join", site),
        *("tests/live", "stop", "scripts.demo_summary"),
    ]


def test_the_summary_is_printed_as_make_demo_starts_it() -> None:
    """By a Python that finds the collection nowhere else."""
    started = {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, "PYTHONPATH": "collections"}
    done = subprocess.run([sys.executable, *demo.SUMMARY[1:]], cwd=demo.ROOT, env=started, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "The demo runs:" in done.stdout and "MinIO: S3 on" in done.stdout
    text = Path(demo.__file__).read_text(encoding="utf-8")
    assert 'program(SUMMARY, extra={"PYTHONPATH": "collections"})' in text


@pytest.mark.parametrize(
    ("there", "builds", "seconds"),
    [
        ([], True, [60, 90, 30, 5, 210, 60, 130, 75]),  # README says about eleven minutes
        (["inventories/demo/secrets.yml"], True, [60, 90, 30, 5, 210, 60, 130, 75]),
        (["tools", "engine", "servers"], True, [2, 3, 20, 5, 210, 60, 130, 75]),  # a first run that was killed in its stage 5
        (["tools"], False, [2, 90, 30, 5, 1, 1, 290, 75]),  # after make demo-down: what was built stays
        (["tools", "engine", "servers", demo.PARTLY], True, [2, 3, 20, 5, 20, 60, 130, 75]),
        (["tools", "engine", "servers", demo.PARTLY], False, [2, 3, 20, 5, 1, 1, 130, 75]),
        (["tools", "engine", "servers", demo.PARTLY, demo.COMPLETE], False, [2, 3, 20, 5, 1, 1, 25, 75]),
    ],
)
def test_the_expected_times_know_what_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: list[str], builds: bool, seconds: list[float]
) -> None:
    for name in there:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    expected: list[float] = []

    class Beside:
        def __init__(self, *_: object) -> None: ...

        def runs(self) -> bool:
            return builds

        def join(self) -> None: ...

        def stop(self) -> None: ...

    def work(planned: list[stages.Stage], _name: str) -> None:
        for stage in planned:
            expected.append(stage.seconds())
            stage.work()

    monkeypatch.setattr(demo, "ROOT", tmp_path)
    monkeypatch.setattr(demo, "Background", Beside)
    monkeypatch.setattr(demo, "run_stages", work)
    monkeypatch.setattr(demo, "run", lambda _argv: "")
    monkeypatch.setattr(demo, "program", lambda _argv, **_: None)
    monkeypatch.setattr(demo.venv, "ensure", lambda: None)
    monkeypatch.setattr(demo.venv, "is_current", lambda *_: "tools" in there)
    monkeypatch.setattr(demo.engine, "answers", lambda: "engine" in there)
    monkeypatch.setattr(demo.images, "are_current", lambda _tags: True)
    monkeypatch.setattr(demo.cache, "is_running", lambda: True)
    monkeypatch.setattr(demo, "refuse_other", lambda: "servers" in there)
    demo.up(lambda: None)
    assert expected == seconds
    assert (tmp_path / demo.COMPLETE).is_file()


def test_a_demo_that_failed_is_not_complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise stages.StageError

    monkeypatch.setattr(demo, "ROOT", tmp_path)
    monkeypatch.setattr(demo, "run_stages", fail)
    with pytest.raises(stages.StageError):
        demo.up(lambda: None)
    assert not (tmp_path / demo.COMPLETE).exists()


def test_one_set_up_at_a_time(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deep" / "lock"
    order: list[str] = []

    def second() -> None:
        with lock.alone("set-up", path, pause=0.01):
            order.append("second")

    with lock.alone("set-up", path):
        thread = threading.Thread(target=second)
        thread.start()
        while "Waiting for the run with pid" not in capfd.readouterr().out:
            time.sleep(0.01)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SetupError, match="cannot be written"), lock.alone("set-up", tmp_path / "file" / "lock"):
        pass


@pytest.mark.parametrize("program", ["open", "pwrite"])
def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(lock.os, program, fail)
    with pytest.raises(SetupError, match=rf"\AThe disk of {tmp_path} is full \(\d+ MiB free\)\. Fix: "), lock.alone("x", tmp_path / "a"):
        pass
    assert shell.full_disk(OSError(errno.EACCES, "no")) is None


MOUNTS = r"""22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 0:21 / /var/tmp/vannah-images/trixie/proc rw - proc proc rw
24 23 0:21 / /var/tmp/vannah-images/trixie/proc/sys rw - proc proc rw
25 22 0:21 / /var/tmp/vannah-images-other/proc rw - proc proc rw
26 22 0:21 / /var/tmp/vannah-images/a\040b rw - tmpfs tmpfs rw
"""


def test_what_a_killed_debootstrap_has_mounted() -> None:
    found = images.mounted_below(Path("/var/tmp/vannah-images"), MOUNTS)
    assert [str(path) for path in found] == [
        "/var/tmp/vannah-images/trixie/proc/sys",
        "/var/tmp/vannah-images/trixie/proc",
        "/var/tmp/vannah-images/a b",
    ]


def test_a_tree_is_removed_only_after_what_is_mounted_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "images"
    (tree / "trixie" / "proc").mkdir(parents=True)
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"23 22 0:21 / {tree}/trixie/proc rw - proc proc rw\n", encoding="utf-8")
    calls: list[list[str]] = []

    def unmount(argv: list[str]) -> str:
        assert tree.exists(), "removed through a mount"
        calls.append(argv)
        return ""

    monkeypatch.setattr(images, "run", unmount)
    images.clear(tree, mounts)
    assert calls == [["umount", "--lazy", f"{tree}/trixie/proc"]]
    assert not tree.exists()


def test_half_made_trees_of_a_killed_run_go(tmp_path: Path) -> None:
    root = tmp_path / "images"
    (root / "trixie").mkdir(parents=True)
    with images.workplace(root) as folder:
        assert list(folder.iterdir()) == []
        (folder / "x").write_text("", encoding="utf-8")
    assert not root.exists()


@pytest.mark.parametrize(("names", "interrupted"), [([], False), (["tmp.i"], False), (["0001"], True)])
def test_an_installation_that_was_interrupted(tmp_path: Path, names: list[str], interrupted: bool) -> None:
    for name in names:
        (tmp_path / name).write_text("", encoding="utf-8")
    assert machine.is_interrupted(tmp_path) is interrupted


def test_an_interrupted_installation_is_finished_first(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(machine.os, "geteuid", lambda: 0)
    monkeypatch.setattr(machine, "is_interrupted", lambda: True)
    monkeypatch.setattr(machine, "run", lambda argv, **_: calls.append(" ".join(argv[:3])))
    monkeypatch.setattr(machine, "succeeds", lambda argv: True)
    machine.install(["docker.io"])
    assert calls[0] == "dpkg --configure -a"


def test_the_mark_of_the_engine_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MARK", tmp_path / "engine.json")
    engine._mark({"how": "process", "pid": 0})
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["engine.json"]
    pid = tmp_path / "docker.pid"
    assert engine._pid_in_file(pid) == 0
    pid.write_text("123\n", encoding="ascii")
    assert engine._pid_in_file(pid) == 123
    assert engine._end_process(0) is False


def test_a_line_of_progress_goes_before_a_word(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(shell, "before_output", lambda: print("erased"))
    shell.say("hello")
    assert capfd.readouterr().out == "erased\n==> hello\n"


def test_the_first_servers_are_those_without_programs_of_groups_that_the_demo_has() -> None:
    """Ansible warns of a group that the inventory does not have."""
    assert demo.WITHOUT_PROGRAMS == "all:!object_store:!edge"
