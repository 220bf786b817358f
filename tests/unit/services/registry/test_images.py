# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images are loaded from files once, by their digest: into a registry in memory, and into a real one where there is one."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Step
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.registry import api, wanted

from .conftest import Layout, Memory, Target, digest, saved

ONE, TWO, THREE = b"layer one" * 400, b"layer two" * 300, b"layer three"
NOBODY = "sha256:" + "0" * 64


def layout(tmp_path: Path, form: str = "tar") -> tuple[str, str]:
    """A layout with one image: its path and the image's digest."""
    made = Layout()
    found = made.image(ONE, TWO)
    return made.write(tmp_path / f"image-{form}", form), found


def several(tmp_path: Path) -> tuple[str, str, list[str]]:
    """A layout with an index of two images: its path, the index's digest, theirs."""
    made = Layout()
    images = [made.image(ONE, TWO, listed=False), made.image(ONE, THREE, listed=False)]
    index = made.index(*images)
    return made.write(tmp_path / "several"), index, images


def said(steps: list[Step]) -> list[tuple[str, str]]:
    return [(step.action, step.target) for step in steps]


def name_of(request: pytest.FixtureRequest) -> str:
    """A repository of the test's own: the real registry is the same one for all."""
    text = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())
    return f"tests/{'-'.join(part for part in text.split('-') if part)}"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return name_of(request)


@pytest.mark.parametrize("form", ["tar", "tar.gz", "directory"])
def test_a_layout(target: Target, tmp_path: Path, name: str, form: str) -> None:
    """Once; the second run needs no file where it knows the digest, and check mode does nothing."""
    path, found = layout(tmp_path, form)
    image = {"name": name, "tag": "1", "source": path}
    steps, result = target.images(image, check=True)
    assert said(steps) == [("push", f"{name}:1@{found}")] and result["images"] == [f"{name}@{found}"]
    assert target.client().digest_of(name, found) == ""
    steps, result = target.images(image)
    assert said(steps) == [("push", f"{name}:1@{found}")]
    assert steps[0].diff is not None and steps[0].diff["after"] == f"{name}:1 {found}\n"
    assert target.client().digest_of(name, "1") == target.client().digest_of(name, found) == found
    assert said(target.images(image)[0]) == []
    known = {"name": name, "tag": "1", "digest": found, "source": str(tmp_path / "gone")}
    steps, result = target.images(known)
    assert said(steps) == [] and result["images"] == [f"{name}@{found}"]


def test_what_is_there_is_not_sent_again(fake: Target, memory: Memory, tmp_path: Path) -> None:
    """A layer that another image has brought; and without a difference nothing is written at all."""
    made = Layout()
    first, second = made.image(ONE, TWO), made.image(ONE, THREE)
    path = made.write(tmp_path / "two")
    fake.images({"name": "a", "digest": first, "source": path})
    memory.sent.clear()
    fake.images({"name": "a", "digest": second, "source": path})
    assert [method for method, _target in memory.sent].count("POST") == 2  # its layer of its own, and its config
    memory.sent.clear()
    fake.images({"name": "a", "digest": first, "source": path}, {"name": "a", "digest": second})
    assert {method for method, _target in memory.sent} == {"GET", "HEAD"}


def test_an_index_of_platforms(target: Target, tmp_path: Path, name: str) -> None:
    """With all of its images before it."""
    path, index, images = several(tmp_path)
    assert said(target.images({"name": name, "source": path, "tag": "all"})[0]) == [("push", f"{name}:all@{index}")]
    assert [target.client().digest_of(name, one) for one in (index, *images)] == [index, *images]
    assert said(target.images({"name": name, "digest": index})[0]) == []


def test_one_of_an_index(target: Target, tmp_path: Path, name: str) -> None:
    path, index, images = several(tmp_path)
    assert said(target.images({"name": name, "source": path, "digest": images[1]})[0]) == [("push", f"{name}@{images[1]}")]
    assert target.client().digest_of(name, images[0]) == target.client().digest_of(name, index) == ""


@pytest.mark.parametrize(
    "made", [lambda: saved(ONE, TWO), lambda: saved(ONE, ONE, linked=True), lambda: saved(ONE, gzip.compress(TWO, mtime=0))]
)
def test_what_older_docker_saved(target: Target, tmp_path: Path, name: str, made: Callable[[], bytes]) -> None:
    """It has no manifest; the one that is made is the same each time."""
    path = tmp_path / "saved.tar"
    path.write_bytes(made())
    image = {"name": name, "tag": "1", "source": str(path)}
    steps, result = target.images(image)
    assert len(steps) == 1 and target.client().digest_of(name, "1") == result["images"][0].partition("@")[2]
    assert target.images(image) == ([], result)
    document = json.loads(target.client().manifest(name, "1")[1])
    assert [digest(one) for one in (ONE,)] == [document["layers"][0]["digest"]]


def test_a_tag_moves(target: Target, tmp_path: Path, name: str) -> None:
    """To another image that the registry has, without its file."""
    made = Layout()
    first, second = made.image(ONE), made.image(TWO)
    path = made.write(tmp_path / "two")
    target.images({"name": name, "tag": "1", "digest": first, "source": path}, {"name": name, "digest": second, "source": path})
    steps, _result = target.images({"name": name, "tag": "1", "digest": second})
    assert [(step.action, step.target, step.detail) for step in steps] == [("tag", f"{name}:1@{second}", f"was {first}")]
    assert target.client().digest_of(name, "1") == second
    assert said(target.images({"name": name, "tag": "1", "digest": second})[0]) == []


def test_absent(target: Target, tmp_path: Path, name: str) -> None:
    """With its tags; and once."""
    path, found = layout(tmp_path)
    target.images({"name": name, "tag": "1", "source": path})
    gone = {"name": name, "digest": found, "state": "absent"}
    assert said(target.images(gone)[0]) == [("remove", f"{name}@{found}")]
    assert target.client().digest_of(name, "1") == target.client().digest_of(name, found) == ""
    assert target.images(gone) == ([], {"answers": True, "images": []})


@pytest.mark.parametrize(
    ("image", "code", "words"),
    [
        ({"name": "Vhc/Api", "source": "/x"}, "bad-image", "images[0]: 'Vhc/Api' is not a valid name of an image. Fix: use small letters"),
        ({"name": "r.example:5000/vhc/api", "source": "/x"}, "bad-image", "without the registry's name"),
        ({"name": "api", "digest": "5b0b"}, "bad-image", "'5b0b' is not a digest. Fix: write sha256:"),
        ({"name": "api", "tag": "-1", "source": "/x"}, "bad-image", "'-1' is not a tag"),
        ({"name": "api", "state": "absent"}, "bad-image", "removes images by their digest"),
        ({"name": "api"}, "bad-image", "neither digest nor source"),
        ({"name": "api", "digest": NOBODY}, "image-file", "is not in the registry, and no file has it. Fix: set source"),
        ({"name": "api", "source": "/nonexistent/file"}, "image-file", "source /nonexistent/file: there is no such file on this host"),
    ],
)
def test_refused(fake: Target, memory: Memory, image: dict[str, Any], code: str, words: str) -> None:
    """Before anything is changed, with a sentence."""
    with pytest.raises(AgentError) as refused:
        fake.images(image)
    assert refused.value.code == code and words in refused.value.msg
    assert {method for method, _target in memory.sent} <= {"GET", "HEAD"}


def test_one_tag_for_two() -> None:
    found = list(wanted.problems([{"name": "a", "tag": "1", "source": "/x"}, {"name": "a", "tag": "1", "source": "/y"}]))
    assert found == [(1, "a 1 is in entry 0 too", "merge both into one entry")]


def damaged(made: Layout, _image: str) -> None:
    key = next(name for name, data in made.files.items() if data == TWO)
    made.files[key] = TWO[:-1]


def swapped(made: Layout, _image: str) -> None:
    key = next(name for name, data in made.files.items() if data == TWO)
    made.files[key] = TWO[:-1] + b"!"


def without_layer(made: Layout, _image: str) -> None:
    del made.files[next(name for name, data in made.files.items() if data == TWO)]


def other_manifest(made: Layout, image: str) -> None:
    made.files[f"blobs/sha256/{image[7:]}"] += b" "


def outside(made: Layout, _image: str) -> None:
    made.entries[0]["digest"] = "sha256:../../../../etc/passwd"


def one_platform(made: Layout, image: str) -> None:
    made.entries.clear()
    other = made.image(THREE, listed=False)
    made.index(image, other)
    del made.files[f"blobs/sha256/{other[7:]}"]


def two_images(made: Layout, _image: str) -> None:
    made.image(THREE)


def empty(made: Layout, _image: str) -> None:
    made.entries.clear()


def strange(made: Layout, _image: str) -> None:
    made.entries[0].pop("digest")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (damaged, "image-file", "is damaged: it has another size"),
        (swapped, "registry-refused", "DIGEST_INVALID"),
        (without_layer, "image-file", "is missing in it"),
        (other_manifest, "image-file", "is damaged: its content has another digest"),
        (outside, "image-file", "is not a sha256 digest"),
        (one_platform, "image-file", "has only some of the image's platforms (1 of 2)"),
        (two_images, "image-file", "has 2 images. Fix: set digest: one of sha256:"),
        (empty, "image-file", "there is no image in it"),
        (strange, "image-file", "its documents are not what they should be (KeyError"),
    ],
)
def test_files_that_are_not_whole(target: Target, tmp_path: Path, name: str, change: Callable[..., None], code: str, words: str) -> None:
    """No image of them is in the registry afterwards."""
    made = Layout()
    found = made.image(ONE, TWO)
    change(made, found)
    with pytest.raises(AgentError) as refused:
        target.images({"name": name, "tag": "1", "source": made.write(tmp_path / "file")})
    assert refused.value.code == code and words in refused.value.msg, refused.value.msg
    assert target.client().digest_of(name, "1") == ""


def test_another_image_than_asked_for(fake: Target, tmp_path: Path) -> None:
    path, found = layout(tmp_path)
    with pytest.raises(AgentError) as refused:
        fake.images({"name": "a", "digest": NOBODY, "source": path})
    assert refused.value.code == "image-digest" and refused.value.msg.endswith(f"Fix: use the right file, or set digest: {found}")


@pytest.mark.parametrize("data", [b"", b"no tar file", gzip.compress(b"neither", mtime=0)], ids=["empty", "text", "gzip"])
def test_no_image_at_all(fake: Target, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(AgentError) as refused:
        fake.images({"name": "a", "source": str(tmp_path / "file")})
    assert refused.value.code == "image-file" and "Fix: give a file of docker save" in refused.value.msg


def test_wrong_password(target: Target, tmp_path: Path) -> None:
    path, _found = layout(tmp_path)
    with pytest.raises(AgentError) as refused:
        target.images({"name": "a", "source": path}, password="wrong")
    assert refused.value.code == "registry-login" and "does not let the user site" in refused.value.msg
    assert "wrong" not in refused.value.msg


def test_a_certificate_of_somebody_else(real: Target, tmp_path: Path) -> None:
    """The real one's, without its authority."""
    path, _found = layout(tmp_path)
    with pytest.raises(AgentError) as refused:
        real.images({"name": "a", "source": path}, ca="")
    assert refused.value.code == "registry-untrusted" and "Fix: set ca" in refused.value.msg


def test_read_only(fake: Target, memory: Memory, tmp_path: Path) -> None:
    """While garbage is collected; what is there already is no reason to fail."""
    path, found = layout(tmp_path)
    memory.read_only = True
    with pytest.raises(AgentError) as refused:
        fake.images({"name": "a", "source": path})
    assert refused.value.code == "registry-read-only" and "vannah-registry-gc" in refused.value.msg
    memory.read_only = False
    fake.images({"name": "a", "source": path})
    memory.read_only = True
    assert fake.images({"name": "a", "source": path})[1]["images"] == [f"a@{found}"]


def test_a_connection_that_breaks_off(fake: Target, memory: Memory, tmp_path: Path) -> None:
    """An upload starts again."""
    path, found = layout(tmp_path)
    memory.answers[("PUT", "/v2/a/blobs/")] = api.Silent("Connection reset by peer")
    fake.images({"name": "a", "source": path})
    assert fake.client().digest_of("a", found) == found


def test_nobody_answers(fake: Target, memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check mode shows what would be made, as for a registry that the same run makes."""
    path, found = layout(tmp_path)

    def nobody(*_request: Any) -> Any:
        raise api.Silent("Connection refused")

    monkeypatch.setattr(memory, "wire", nobody)
    steps, result = fake.images({"name": "a", "tag": "1", "digest": found, "source": path}, check=True)
    assert said(steps) == [("push", f"a:1@{found}")] and result["answers"] is False
    with pytest.raises(AgentError) as refused:
        fake.images({"name": "a", "source": path})
    assert refused.value.code == "registry-unreachable" and "Connection refused" in refused.value.msg


def test_a_host_that_the_site_has_not_made_yet(tmp_path: Path) -> None:
    """It has no CA, and no registry: check mode shows what will be made."""
    image = {"name": "a", "digest": NOBODY, "source": "/srv/a.tar"}
    unmade = Target(None, "https://127.0.0.1:1", str(tmp_path / "ca.crt"))
    steps, result = unmade.images(image, check=True)
    assert said(steps) == [("push", f"a@{NOBODY}")] and result["answers"] is False
    with pytest.raises(AgentError) as refused:
        unmade.images(image)
    assert refused.value.code == "registry-unreachable" and "ca.crt cannot be read" in refused.value.msg


def test_an_upload_that_is_sent_elsewhere(fake: Target, memory: Memory, tmp_path: Path) -> None:
    """The password goes to no one else."""
    path, _found = layout(tmp_path)
    memory.answers[("POST", "/v2/a/blobs/")] = (202, {"location": "https://elsewhere.example/v2/a/blobs/uploads/1"}, b"")
    with pytest.raises(AgentError) as refused:
        fake.images({"name": "a", "source": path})
    assert refused.value.code == "registry-refused" and "https://elsewhere.example, which it is not" in refused.value.msg


@pytest.mark.parametrize("url", ["http://r:5000", "r:5000", "https://", "https://r:5000/v2", "https://site:x@r:5000", "https://r:x"])
def test_urls(fake: Target, url: str) -> None:
    with pytest.raises(AgentError) as refused:
        fake.images(url=url)
    assert refused.value.code == "bad-url"
