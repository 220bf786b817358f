# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of Debian servers, made without a registry: debootstrap, import, and the Dockerfiles of tests/images.

Each image carries a label with a hash of everything it was made from, and is made again only when that changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .shell import ROOT, SetupError, read, run, say, succeeds

#: Where images are made. One set-up at a time works there.
WORK = Path("/var/tmp/vannah-images")
RECIPES = ROOT / "tests" / "images"
REPOSITORY = "vannah-test"
LABEL = "vannah.recipe"


@dataclass(frozen=True)
class Image:
    """One image: the tag it gets, the Dockerfile that makes it, the tag it stands on (None: what debootstrap made)."""

    tag: str
    release: str
    dockerfile: str
    parent: str | None

    @property
    def name(self) -> str:
        """The name by which the engine knows the image."""
        return f"{REPOSITORY}:{self.tag}"


IMAGES = {
    image.tag: image
    for image in (
        Image("trixie-bare", "trixie", "base.Dockerfile", None),
        Image("trixie", "trixie", "server.Dockerfile", "trixie-bare"),
        Image("cache", "trixie", "cache.Dockerfile", "trixie-bare"),
        Image("apps", "trixie", "apps.Dockerfile", "trixie"),
        Image("bookworm-bare", "bookworm", "base.Dockerfile", None),
        Image("bookworm", "bookworm", "server.Dockerfile", "bookworm-bare"),
    )
}
#: What the demo needs; the tests need all.
DEMO = ("trixie-bare", "trixie", "cache", "apps")


def base_packages() -> list[str]:
    """The packages of every image."""
    lines = (RECIPES / "base.packages").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def recipe(image: Image) -> str:
    """A hash of what the image is made from: its Dockerfile, its parent's recipe, the packages and files of the base."""
    digest = hashlib.sha256()
    digest.update(f"{image.release}\n".encode())
    digest.update((RECIPES / image.dockerfile).read_bytes())
    if image.parent:
        digest.update(recipe(IMAGES[image.parent]).encode())
        return digest.hexdigest()
    digest.update("\n".join(base_packages()).encode())
    for file in sorted((RECIPES / "files").rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(RECIPES)}\0{file.stat().st_mode & 0o777:o}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def is_current(image: Image) -> bool:
    """Whether the engine has the image, made from today's recipe."""
    if not succeeds(["docker", "image", "inspect", image.name]):
        return False
    argv = ["docker", "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', image.name]
    return read(argv, lambda said: bool(said.strip())).strip() == recipe(image)


def are_current(tags: tuple[str, ...]) -> bool:
    """Whether the engine, which answers, has all of these images."""
    return all(is_current(IMAGES[tag]) for tag in tags)


def ensure(tags: tuple[str, ...]) -> None:
    """Make the images that are missing or were made from another recipe.

    :raises SetupError: debootstrap or the engine failed; nothing half-made stays.
    """
    for tag in tags:
        image = IMAGES[tag]
        if is_current(image):
            continue
        if image.parent:
            ensure((image.parent,))
            say(f"Making the image {image.name}")
            _build(image, IMAGES[image.parent].name)
        else:
            say(f"Making the image {image.name} with debootstrap (about a minute)")
            imported = f"{REPOSITORY}:{image.release}-imported"
            _import(image.release, imported)
            _build(image, imported)
            run(["docker", "image", "rm", imported])  # only the name: the layer belongs to the image now


def _import(release: str, name: str) -> None:
    with workplace() as folder:
        tree = folder / release
        mirror = machine.package_mirrors()["debian"]
        environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
        run(["debootstrap", "--variant=minbase", f"--include={','.join(base_packages())}", release, str(tree), mirror], env=environment)
        with subprocess.Popen(["tar", "-C", str(tree), "--numeric-owner", "-c", "."], stdout=subprocess.PIPE) as tar:
            done = subprocess.run(["docker", "import", "-", name], stdin=tar.stdout, capture_output=True, text=True, check=False)
        if tar.returncode != 0 or done.returncode != 0:
            raise SetupError(f"docker import of {release} failed: {done.stderr.strip()}")


@contextlib.contextmanager
def workplace(root: Path = WORK) -> Iterator[Path]:
    """A folder on a disk for half-made trees, gone afterwards, and with it what a killed run left there.

    Not /tmp: Debian 13 mounts it `nodev`, which debootstrap refuses. The caller holds the lock of the set-up.
    """
    clear(root)
    root.mkdir(mode=0o700)
    try:
        yield root
    finally:
        clear(root)


def clear(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """Remove a folder and all below it, but nothing through a mount: a debootstrap that was killed leaves /proc mounted in its tree.

    :raises SetupError: something is mounted there that cannot be unmounted.
    """
    for point in mounted_below(folder, mounts.read_text(encoding="utf-8", errors="replace")):
        run(["umount", "--lazy", str(point)])
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def mounted_below(folder: Path, mountinfo: str) -> list[Path]:
    r"""Mount points in or at a folder, the deepest first (proc_pid_mountinfo(5): the fifth field, with spaces as \040)."""
    points = []
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) > 4:
            point = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4]))
            if point == folder or folder in point.parents:
                points.append(point)
    return sorted(points, key=lambda point: len(point.parts), reverse=True)


def _build(image: Image, parent: str) -> None:
    """Build with the engine's own builder, for BuildKit is a plugin that Debian's engine lacks."""
    with tempfile.TemporaryDirectory(prefix="vannah-image-") as folder:
        context = Path(folder)
        run(["cp", "-R", f"{RECIPES}/files", str(context)])
        # The image's own sources name Debian's mirror; what is installed while it is made comes from this machine's.
        (context / "build.list").write_text(f"deb {machine.package_mirrors()['debian']} {image.release} main\n", encoding="utf-8")
        argv = ["docker", "build", "--quiet", "--force-rm", "--tag", image.name, "--file", str(RECIPES / image.dockerfile)]
        argv += ["--label", f"{LABEL}={recipe(image)}", "--build-arg", f"IMPORTED={parent}"]
        if image.parent is None:
            argv += ["--build-arg", f"RELEASE={image.release}"]
        for name in ("http_proxy", "no_proxy"):
            if name in os.environ:
                argv += ["--build-arg", name]
        run([*argv, str(context)], env={**os.environ, "DOCKER_BUILDKIT": "0"})


def remove_all() -> None:
    """Remove every image of the test servers."""
    names = run(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY]).split()
    if names:
        run(["docker", "image", "rm", "--force", *names])
