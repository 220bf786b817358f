# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of another checkout are not touched: make demo, make demo-down and the scenarios refuse before anything is changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from testbed import __main__ as verbs
from testbed import cache, checkout, demo, engine, images
from testbed.shell import ROOT, SetupError

REPOSITORY = Path(__file__).resolve().parents[3]
HERE, THERE, GONE = "/home/a/project", "/home/b/my project", "/home/c/removed"


@pytest.mark.parametrize(
    ("labels", "opens", "expected"),
    [
        ({}, set(), None),
        ({"db1": HERE}, set(), None),  # also where the key was lost: the next run makes a new one
        ({"db1": THERE}, set(), THERE),
        ({"db1": THERE}, {"db1"}, THERE),  # a copy of a checkout, with its .demo
        ({"db1": GONE}, {"db1"}, None),  # moved
        ({"db1": GONE}, set(), GONE),
        ({"db1": ""}, {"db1"}, None),  # of an older release
        ({"db1": ""}, set(), ""),
        ({"db1": "", "db2": HERE}, {"db1"}, None),
        ({"db1": HERE, "db2": ""}, {"db1"}, ""),
    ],
)
def test_whose_servers_they_are(labels: dict[str, str], opens: set[str], expected: str | None) -> None:
    assert checkout.other(labels, HERE, opens.__contains__, {HERE, THERE}.__contains__) == expected


@pytest.mark.parametrize(
    ("network", "folder", "begins", "expected"),
    [
        (
            "vannah-demo",
            THERE,
            f"The demo of the checkout {THERE} runs on this machine.",
            "use that checkout, or run `make demo-down` there first.",
        ),
        (
            "vannah-demo",
            GONE,
            f"The demo of the checkout {GONE} runs on this machine.",
            "check that the folder was removed, then run docker rm --force ",
        ),
        ("vannah-demo", "", "The demo of another checkout, whose folder is not recorded, runs ", "run `make demo-down` there first; if "),
        ("vannah-test-engine", THERE, f"Test servers (vannah-test-engine) of the checkout {THERE} are ", "wait until its tests end; if "),
    ],
)
def test_a_refusal_says_what_to_do(network: str, folder: str, begins: str, expected: str) -> None:
    said = checkout.refusal(network, folder, {THERE}.__contains__)
    what, _fix, fix = said.partition("Fix: ")
    assert what.startswith(begins) and what.endswith("Nothing was changed. ") and fix.startswith(expected)
    assert ("--filter name=^" + network + "-); docker network rm " + network in fix) is (network != "vannah-demo" or folder != THERE)


def put_engine(
    folder: Path, monkeypatch: pytest.MonkeyPatch, networks: dict[str, str], containers: dict[str, str], key: str = "ssh-ed25519 AAAA other"
) -> Path:
    """A docker that has these networks and containers, with their labels; it writes down all that would change something."""
    said, done = folder / "said", folder / "done"
    said.mkdir()
    for name, listed in (("networks", {"bridge": "", "none": "", **networks}), ("containers", containers)):
        (said / name).write_text("".join(f"{one}\t{label}\n" for one, label in listed.items()), encoding="utf-8")
    (said / "key").write_text(key + "\n", encoding="utf-8")
    client = folder / "docker"
    client.write_text(
        f"""#!/bin/sh
case "$1 $2" in
"version "*) echo 26.1.5 ;;
"network ls") cat "{said}/networks" ;;
"ps "*) cat "{said}/containers" ;;
"cp "*) cat "{said}/key" > "$3" ;;
*) echo "$*" >> "{done}" ;;
esac
""",
        encoding="utf-8",
    )
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return done


@pytest.fixture
def there(tmp_path: Path) -> str:
    """Another checkout."""
    folder = tmp_path / "another checkout"
    (folder / "scripts" / "testbed").mkdir(parents=True)
    return str(folder)


def test_a_second_checkout_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither tools nor a lock file are made, and the engine is asked and told nothing."""
    done = put_engine(tmp_path, monkeypatch, {"vannah-demo": there}, {"vannah-demo-db1": there})
    monkeypatch.setattr(demo, "up", lambda _set_up: pytest.fail("it has begun"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for verb in ("demo", "down"):
        monkeypatch.setattr(sys, "argv", ["testbed", verb])
        monkeypatch.setattr(verbs.environment, "apply", lambda: None)
        assert verbs.main() == 2
        said = capfd.readouterr().err
        assert said.startswith(f"The demo of the checkout {there} runs on this machine. Nothing was changed. Fix: use that checkout, or ")
    assert not done.exists()


@pytest.mark.parametrize(
    ("networks", "containers", "key", "refused"),
    [
        ({}, {}, "", False),
        ({"vannah-demo": "here"}, {"vannah-demo-db1": "here"}, "", False),
        ({"vannah-demo": "there"}, {}, "", True),  # it begins at this moment
        ({"vannah-demo": GONE}, {}, "", False),
        ({"vannah-demo": ""}, {"vannah-demo-db1": ""}, "ssh-ed25519 MINE vannah-demo", False),
        ({"vannah-demo": ""}, {"vannah-demo-db1": ""}, "ssh-ed25519 OTHER vannah-demo", True),
    ],
)
def test_servers_of_the_engine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: str,
    networks: dict[str, str],
    containers: dict[str, str],
    key: str,
    refused: bool,
) -> None:
    real = {"here": str(ROOT), "there": there}
    labels = [{name: real.get(label, label) for name, label in given.items()} for given in (networks, containers)]
    put_engine(tmp_path, monkeypatch, labels[0], labels[1], key)
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "ssh_key").touch()
    (keys / "ssh_key.pub").write_text("ssh-ed25519 MINE vannah-demo\n", encoding="utf-8")
    if refused:
        with pytest.raises(SetupError, match="Nothing was changed"):
            checkout.refuse_other("vannah-demo", keys)
    else:
        assert checkout.refuse_other("vannah-demo", keys) is bool(containers)


def test_the_scenarios_ask_for_their_own_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str) -> None:
    """A test may start others with such a name."""
    put_engine(tmp_path, monkeypatch, {"vannah-test-engine": str(ROOT)}, {"vannah-test-engine-a": str(ROOT), "vannah-test-engine-x": there})
    argv = [sys.executable, "-m", "testbed.checkout", "vannah-test-engine", str(tmp_path / "keys")]
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}/scripts:{REPOSITORY}/collections"}
    done = subprocess.run([*argv, "vannah-test-engine-a"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run([*argv, "vannah-test-engine-x"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Test servers (vannah-test-engine) of the checkout {there} are on this machine.")


@pytest.mark.parametrize(
    ("containers", "has_key", "said"),
    [
        ({"vannah-demo-db1": str(ROOT)}, True, ""),
        ({}, True, "The demo does not run: none of its servers is there. Fix: run `make demo`"),
        ({"vannah-demo-db1": str(ROOT)}, False, "with the key of the demo cannot be read. Fix: run it as root"),
    ],
)
def test_whether_the_demo_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, containers: dict[str, str], has_key: bool, said: str
) -> None:
    """Asked before ten servers are waited for, each with the advice for a server of its own."""
    put_engine(tmp_path, monkeypatch, {}, containers)
    monkeypatch.setattr(verbs, "ROOT", tmp_path)
    if has_key:
        (tmp_path / demo.KEYS).mkdir()
    if said:
        with pytest.raises(SetupError, match=said):
            verbs.verb_runs()
    else:
        verbs.verb_runs()


def test_no_engine_is_started_to_remove_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MARK", tmp_path / "mark")
    assert not demo.has_files(tmp_path)
    (tmp_path / ".demo").mkdir()
    assert demo.has_files(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(engine, "answers", lambda: False)
    monkeypatch.setattr(engine, "is_there", lambda: True)
    monkeypatch.setattr(engine, "ensure", lambda: pytest.fail("an engine is started"))
    monkeypatch.setattr(demo, "has_files", lambda: False)
    monkeypatch.setattr(demo, "remove_files", lambda: None)
    verbs.verb_down()


def test_images_stay_for_servers_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    removed: list[str] = []
    monkeypatch.setattr(demo, "remove_servers", lambda: removed.append("servers"))
    monkeypatch.setattr(cache, "remove", lambda *, volume: removed.append("cache"))
    monkeypatch.setattr(images, "remove_all", lambda: removed.append("images"))
    monkeypatch.setattr(engine, "MARK", tmp_path / "mark")
    put_engine(tmp_path, monkeypatch, {}, {})
    names = tmp_path / "said" / "containers"
    for listed, gone in (
        ("vannah-test-cache\nvannah-test-engine-a\n", ["servers"]),
        ("vannah-test-cache\n", ["servers", "cache", "images"]),
    ):
        names.write_text(listed, encoding="utf-8")
        removed.clear()
        verbs._remove_from_engine()
        assert removed == gone
    assert "because other test servers use them: vannah-test-engine-a\n" in capfd.readouterr().out


def test_what_is_made_says_whose_it_is() -> None:
    """And an older server is not made again for its label, which would remove its data."""
    tasks = {
        name: yaml.safe_load((REPOSITORY / f"tests/servers/tasks/{name}.yml").read_text(encoding="utf-8")) for name in ("server", "shared")
    }
    container = tasks["server"][0]["community.docker.docker_container"]
    assert list(container["labels"]) == [checkout.LABEL] and container["comparisons"] == {"labels": "ignore"}
    network = tasks["shared"][1]["community.docker.docker_network"]
    assert network["labels"].startswith("{{ omit if servers_network_info.exists else ") and checkout.LABEL in network["labels"]
    first = [next(iter(set(task) - {"name", "register", "vars"})) for task in tasks["shared"][:3]]
    assert first[2] == "ansible.builtin.import_tasks", "before the key"
    destroy = yaml.safe_load((REPOSITORY / "tests/servers/destroy.yml").read_text(encoding="utf-8"))
    assert destroy[0]["tasks"][0]["ansible.builtin.import_tasks"] == "tasks/checkout.yml"
