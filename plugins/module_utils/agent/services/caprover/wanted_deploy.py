# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked to be deployed, checked, and whether it is deployed already. Nothing here asks a server."""

from __future__ import annotations

from ...core.model import AgentError
from .wanted import app_name, refuse_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context
    from ...definition import Json
    from ...definition import Json as Item
    from .types import Definition, Deploy, Version


#: What a captain-definition says of where an image comes from: one of these.
SOURCES = ("imageName", "dockerfileLines", "dockerfilePath", "templateId")
#: CapRover's own name of an image that it built and pushed nowhere: ``img-captain-<app>:<version>``.
_BUILT = "img-captain-"


def deploy(item: Item, ctx: Context) -> Deploy:
    """A deploy as it is to be.

    :param item: as the module ``caprover_deploy`` documents it, every option present
    :raises AgentError: ``bad-app-name``, ``bad-deploy``
    """
    name = app_name(item["name"])
    given = [option for option in ("image", "captain_definition", "tarball") if item[option]]
    if len(given) != 1:
        raise bad(
            name,
            "image, captain_definition and tarball",
            "all missing" if not given else f"more than one: {', '.join(given)}",
            "use one of them",
        )
    made: Deploy = {
        "name": name,
        "after": list(item["after"]),
        "image": item["image"] or "",
        "definition": "",
        "tarball": item["tarball"] or "",
        "mark": "",
        "force": item["force"],
        "health": item["health"],
    }
    if item["captain_definition"]:
        _definition(made, item["captain_definition"])
    if made["image"]:
        _image(made)
    elif made["tarball"]:
        _tarball(made, ctx)
    return made


def bad(name: str, option: str, what: str, fix: str) -> AgentError:
    """An option of a deploy that cannot be."""
    return AgentError("bad-deploy", f"app {name}: {option}: {what}. Fix: {fix}")


def check_order(listed: list[Deploy]) -> None:
    """Apps that others wait for are listed before them.

    :raises AgentError: ``bad-deploy``
    """
    before: set[str] = set()
    for wanted in listed:
        for other in wanted["after"]:
            if other not in before:
                raise bad(wanted["name"], "after", f"app {other} is not listed before it", "use names of apps earlier in the list")
        before.add(wanted["name"])


def _image(made: Deploy) -> None:
    import json

    image = made["image"].strip()
    if not image or any(char.isspace() for char in image) or "://" in image or image.startswith(("-", "/")):
        raise bad(
            made["name"], "image", f"{made['image']!r} is not an image name", "use one such as registry.example.org/team/web@sha256:..."
        )
    made["image"] = image
    made["definition"] = json.dumps({"schemaVersion": 2, "imageName": image})
    made["mark"] = f"image {image}"


def _definition(made: Deploy, given: Any) -> None:
    import json

    from ...lib.disk import digest

    name, option = made["name"], "captain_definition"
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise bad(name, option, "it is not JSON", "write a mapping, or JSON of one") from None
    if not isinstance(given, dict):
        raise bad(name, option, "it is not a mapping", "write a mapping with schemaVersion and one source of the image")
    if given.get("schemaVersion") != 2:
        raise bad(name, option, f"schemaVersion is {given.get('schemaVersion')!r}", "set schemaVersion: 2")
    sources = [source for source in SOURCES if given.get(source)]
    if len(sources) != 1:
        raise bad(name, option, f"it has {', '.join(sources) or 'no source of the image'}", f"use one of {', '.join(SOURCES)}")
    if sources == ["imageName"] and len(given) == 2:
        made["image"] = str(given["imageName"])
        return
    made["definition"] = json.dumps(given, sort_keys=True)
    refuse_large(name, {option: made["definition"]})
    made["mark"] = f"sha256-{digest(made['definition'].encode())}"


def _tarball(made: Deploy, ctx: Context) -> None:
    import tarfile

    from ...lib.disk import ABSENT, digest_file

    name, path = made["name"], made["tarball"]
    found = digest_file(ctx.path(path))
    if found in (ABSENT, "directory"):
        raise bad(name, "tarball", f"{path} is not a file of this host", "write the path of a tar file, copied there by a task before")
    try:
        with tarfile.open(ctx.path(path)) as archive:
            names = [entry.removeprefix("./") for entry in archive.getnames()]
    except (tarfile.TarError, OSError):
        raise bad(name, "tarball", f"{path} is not a tar file", "use a tar file, plain or compressed with gzip") from None
    made["mark"] = f"sha256-{found}"
    tops = {entry.partition("/")[0] for entry in names if entry not in ("", ".")}
    below = next(iter(tops)) + "/" if len(tops) == 1 else ""
    # CapRover looks at the top and in a single folder there; definition_path of the app may name another place.
    if not any(entry.removeprefix(below).endswith(("captain-definition", "Dockerfile")) for entry in names):
        raise bad(name, "tarball", f"{path} has no captain-definition and no Dockerfile", "put one of them at its top")


# --- what is there ------------------------------------------------------------------------------------------------------------


def deployed(now: Definition) -> Version | None:
    """The version that an app runs by CapRover's word; None before its first deploy, which is of a placeholder."""
    version = next((one for one in now.get("versions", ()) if one["version"] == now.get("deployedVersion", 0)), None)
    return version if version is not None and version["version"] > 0 and version.get("deployedImageName") else None


def newest(now: Definition) -> int:
    """The highest version. Each deploy makes one, also one that fails; numbers only grow."""
    return max((version["version"] for version in now.get("versions", ())), default=0)


def is_deployed(wanted: Deploy, now: Definition) -> bool:
    """Whether an app's deployed version is what is asked for: the image's name, or the content that an image was built of."""
    version = deployed(now)
    if version is None:
        return False
    if wanted["image"]:
        return version.get("deployedImageName") == wanted["image"]
    return version.get("gitHash") == wanted["mark"]


def back_to(version: Version) -> tuple[str, str]:
    """The captain-definition and mark that bring an earlier version back.

    An image that CapRover built and pushed nowhere cannot be pulled; it is built upon, as CapRover's dashboard does.
    """
    import json

    image = version.get("deployedImageName", "")
    source: Json = {"imageName": image}
    if image.startswith(_BUILT):
        source = {"dockerfileLines": [f"FROM {image}"]}
    return json.dumps({"schemaVersion": 2, **source}), version.get("gitHash") or ""


def service(now: Definition, name: str) -> str:
    """The Swarm's service of an app: apps from before version 1.15 keep their names."""
    return f"srv-captain--{name}" if now.get("isLegacyAppName") else name
