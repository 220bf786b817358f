# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credentials that this host's own server runs with while the site's secrets have newer ones already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import calls as minio
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import root
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio.s3 import Kept

from tests.unit.services.returned import filled

DATA = Path(__file__).parent / "data"
OLD, NEW = ("rooter", "password-of-before"), ("rooter", "password-of-now")
GENERATION = "/var/lib/vannah/generations/minio"


def text(pair: tuple[str, str]) -> str:
    """The server's file of secrets."""
    return f'# Made by a role\nMINIO_KMS_SECRET_KEY="vannah:x="\nMINIO_ROOT_USER="{pair[0]}"\nMINIO_ROOT_PASSWORD="{pair[1]}"\n'


def digests(pair: tuple[str, str]) -> dict[str, str]:
    """What the environment of a server that was started with them has of them."""
    return {f"VANNAH_{name}": root.digest(name, value) for name, value in zip((root.USER, root.PASSWORD), pair, strict=True)}


def server(
    folder: Path, runs: tuple[str, str] | None, file: tuple[str, str], before: tuple[str, str] | None = None, runs_at_all: bool = True
) -> Context:
    """A host; ``runs``: what its server was started with, None: nothing is known of it. ``before``: what the last good generation has."""
    (folder / "etc/minio").mkdir(parents=True)
    (folder / "etc/minio/secrets.env").write_text(text(file))
    (folder / "proc/7").mkdir(parents=True)
    given = {"PATH": "/bin", "MINIO_BROWSER": "on", **(digests(runs) if runs else {})}
    (folder / "proc/7/environ").write_text("\0".join(f"{name}={value}" for name, value in given.items()))
    if before:
        kept = folder / GENERATION.lstrip("/")
        kept.mkdir(parents=True)
        (kept / "blob").write_text(text(before))
        files = [
            {"path": "/etc/minio/minio.env", "kind": "file", "blob": "other"},
            {"path": "/etc/minio/secrets.env", "kind": "file", "blob": "blob"},
        ]
        (kept / "generation.json").write_text(json.dumps({"component": "minio", "files": files}))
    return Context(root=str(folder), runner=lambda argv, **more: Result(0, "7\n" if runs_at_all else "0\n"))


@pytest.mark.parametrize(
    ("runs", "file", "before", "runs_at_all", "expected"),
    [
        # The secrets are new, and no run has written anything on the host.
        pytest.param(OLD, OLD, None, True, OLD, id="old-file"),
        # A run has put the new file in place, and the restart waits.
        pytest.param(OLD, NEW, OLD, True, OLD, id="new-file"),
        pytest.param(NEW, NEW, OLD, True, NEW, id="restarted"),
        # A file that the server was not started with is not tried.
        pytest.param(OLD, NEW, None, True, None, id="lost"),
        pytest.param(OLD, NEW, ("rooter", "another"), True, None, id="another"),
        pytest.param(("renamed", OLD[1]), NEW, OLD, True, None, id="another-user"),
        # A server that an older release has started says nothing of its secrets.
        pytest.param(None, OLD, None, True, None, id="nothing-known"),
        pytest.param(OLD, OLD, None, False, None, id="stopped"),
    ],
)
def test_what_a_server_runs_with(
    tmp_path: Path,
    runs: tuple[str, str] | None,
    file: tuple[str, str],
    before: tuple[str, str] | None,
    runs_at_all: bool,
    expected: tuple[str, str] | None,
) -> None:
    assert root.credentials(server(tmp_path, runs, file, before, runs_at_all)) == expected


def asked(ctx: Context, pair: tuple[str, str], own: bool, knows: tuple[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Ask a store that knows one pair how it is; its answers are recorded. Also who asked."""
    refused = json.loads((DATA / "refused_secret.json").read_text())[0]
    healthy = json.loads((DATA / "info_healthy.json").read_text())[0]
    users: list[str] = []
    # What a request is signed with is not seen in it; that of the right secret is the one that is asked with once it was refused.
    signatures: list[str] = []

    def send(method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        users.append(headers["authorization"].partition("Credential=")[2].partition("/")[0])
        signatures.append(headers["authorization"])
        said = healthy if len(signatures) > 1 and signatures[-1] != signatures[0] and knows == OLD else refused
        return said["status"], {"server": said["server"]}, said["text"].encode()

    ctx.kept(Kept).wire = lambda endpoint: send
    given = {"access_key": pair[0], "secret_key": pair[1], "own_server": own}
    return minio.CALLS["info"](filled(documented.spec("minio_info"), given), ctx)[1], users


def test_a_rotation_that_was_cut_off_is_known(tmp_path: Path) -> None:
    """The server is asked with what it runs with, and it is said."""
    found, users = asked(server(tmp_path, OLD, NEW, OLD), NEW, True, OLD)
    assert (found["answers"], found["before"], found["problems"]) == (True, True, [])
    assert users == [OLD[0], OLD[0]]


@pytest.mark.parametrize(
    ("own", "before", "said"),
    [
        (False, OLD, "the secret key is not that of the access key"),
        (True, None, "this host no longer has them. Fix: run minio/update.yml -e minio_force=true"),
    ],
)
def test_others_are_not_tried(tmp_path: Path, own: bool, before: tuple[str, str] | None, said: str) -> None:
    """Of a store that is not this host's, and where the host does not have them any more: it is said what to do."""
    found, users = asked(server(tmp_path, OLD, NEW, before), NEW, own, NEW)
    assert (found["answers"], found["before"], len(users)) == (False, False, 1)
    assert said in found["error"]
    assert not any(secret in json.dumps(found) for secret in (OLD[1], NEW[1]))


def test_what_is_asked_for_is_not_left_out_without_a_word(tmp_path: Path) -> None:
    """Buckets of a store that no one can log in to are a failure."""
    ctx = server(tmp_path, OLD, NEW)
    asked(ctx, NEW, True, NEW)
    given = {"access_key": NEW[0], "secret_key": NEW[1], "own_server": True, "buckets": [{"name": "second"}]}
    with pytest.raises(AgentError, match="root credentials differ from") as refused:
        minio.CALLS["buckets"](filled(documented.spec("minio_buckets"), given), ctx)
    assert refused.value.code == "minio-refused"
