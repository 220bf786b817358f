# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry of images: what it holds, and how it is."""

from __future__ import annotations

from ...core import waiting
from ...core.model import AgentError, Step
from ...lib.plural import counted
from . import files, wanted
from .api import Registry, Silent, unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...core.model import Context
    from .types import Health, HealthParams, Images, ImagesParams, Item, Login

#: Seconds between two looks.
INTERVAL = 1.0


def connect(ctx: Context, params: Login) -> Registry:
    """The registry of a call.

    :raises AgentError: ``bad-url``
    """
    return Registry(ctx, params["url"], params["user"], params["password"] or "", params["ca"], params["timeout"])


def health(params: HealthParams, ctx: Context) -> tuple[list[Step], Health]:
    """Whether a registry answers and lets the user in.

    :param params: as the module ``registry_health`` documents them; ``wait``: seconds until it does
    :return: no steps; ``answers``, ``problems``
    :raises AgentError: ``not-in-time``; ``bad-url``, ``registry-untrusted``
    """
    import time

    registry = connect(ctx, params)
    wait = 0 if ctx.check else params["wait"]
    begun = time.monotonic()
    while True:
        problem, answers = "", True
        try:
            status = registry.ping()
            if status != 200:
                problem = f"the registry at {registry.url} answers {status} to {params['user'] or 'a client without a login'}"
        except Silent as error:
            problem, answers = unreachable(registry, error).msg, False
        if not problem or time.monotonic() - begun >= wait:
            break
        waiting.tell(ctx, "the registry to answer", begun, wait, problem)
        time.sleep(ctx.pause(INTERVAL))
    if wait and problem:
        raise AgentError("not-in-time", f"after {wait} s {problem}")
    return [], {"answers": answers, "problems": [problem] if problem else []}


def images(params: ImagesParams, ctx: Context) -> tuple[list[Step], Images]:
    """Make a registry have the images that are listed; what is not listed stays as it is.

    An image that the registry has by its digest is not looked for in its file, which may be gone.

    :param params: as the module ``registry_images`` documents them, every option present
    :return: a step for each image that is not there; ``answers``; ``images``: name@digest of all that will be there
    :raises AgentError: ``bad-image``, ``image-file``, ``image-digest``; ``registry-unreachable``, ``registry-login``, ``registry-refused``,
        ``registry-untrusted``; by a step also ``registry-read-only``
    """
    listed = params["images"]
    _refuse(listed)
    registry = connect(ctx, params)
    result: Images = {"answers": True, "images": []}
    steps: list[Step] = []
    try:
        _await(registry, ctx, params["wait"])
        for item in listed:
            steps += _gone(registry, ctx, item) if item["state"] == "absent" else _there(registry, ctx, item, result["images"])
    except Silent as error:
        if not ctx.check:
            raise unreachable(registry, error) from error
        ctx.warn(f"The registry does not answer at {registry.url} ({error}): everything is shown as to be made.")
        shown = [_target(item, item["digest"]) for item in listed if item["state"] == "present"]
        return [Step("image", name, "push") for name in shown], {"answers": False, "images": shown}
    return steps, result


def _await(registry: Registry, ctx: Context, seconds: float) -> None:
    """Wait until a registry answers that has just been started.

    :raises Silent: it does not
    """
    import time

    begun = time.monotonic()
    while True:
        try:
            registry.ping()
            return
        except Silent as error:
            if ctx.check or time.monotonic() - begun >= seconds:
                raise
            waiting.tell(ctx, "the registry to answer", begun, seconds, str(error))
            time.sleep(ctx.pause(INTERVAL))


def _refuse(images: list[Item]) -> None:
    """:raises AgentError: ``bad-image``"""
    for number, problem, fix in wanted.problems(images):
        raise AgentError("bad-image", f"images[{number}]: {problem}. Fix: {fix}")


def _target(item: Item, digest: str) -> str:
    tag = f":{item['tag']}" if item["tag"] else ""
    return f"{item['name']}{tag}{f'@{digest}' if digest else ''}"


def _gone(registry: Registry, ctx: Context, item: Item) -> list[Step]:
    if not registry.digest_of(item["name"], item["digest"]):
        return []
    name = f"{item['name']}@{item['digest']}"

    def apply(_ctx: Context) -> None:
        registry.delete_manifest(item["name"], item["digest"])

    return [_step(ctx, name, "remove", "its tags go with it", f"{name}\n", "", _said(registry, apply))]


def _there(registry: Registry, ctx: Context, item: Item, named: list[str]) -> list[Step]:
    """Steps for an image that has to be there; its name goes into ``named``."""
    name, digest = item["name"], item["digest"]
    has = bool(digest) and registry.digest_of(name, digest) == digest
    if not has:
        source = _opened(ctx, item)
        try:
            image = files.find(source, digest)
        finally:
            source.close()
        digest = image.digest
        has = registry.digest_of(name, digest) == digest
    tagged = registry.digest_of(name, item["tag"]) if item["tag"] else digest
    named.append(f"{name}@{digest}")
    before = f"{name}:{item['tag']} {tagged}\n" if item["tag"] and tagged else ""
    after = f"{_target(item, '')} {digest}\n"
    if not has:
        every = list(image.every())
        size = sum(blob.size for one in every for blob in one.blobs)
        detail = f"{counted(len({blob.digest for one in every for blob in one.blobs}), 'blob')}, {size / 1e6:.1f} MB"
        apply = _said(registry, lambda ctx: _push(registry, ctx, item, digest))
        return [_step(ctx, _target(item, digest), "push", detail, before, after, apply)]
    if tagged == digest:
        return []

    def tag(_ctx: Context) -> None:
        media, data = registry.manifest(name, digest)
        registry.put_manifest(name, item["tag"], media, data)

    return [_step(ctx, _target(item, digest), "tag", f"was {tagged}" if tagged else "", before, after, _said(registry, tag))]


def _opened(ctx: Context, item: Item) -> files.Source:
    if not item["source"]:
        text = f"{_target(item, item['digest'])} is not in the registry, and no file has it"
        raise AgentError("image-file", f"{text}. Fix: set source: a file on this host, or push it from elsewhere")
    return files.Source(item["source"], ctx.path(item["source"]))


def _push(registry: Registry, ctx: Context, item: Item, digest: str) -> None:
    source = _opened(ctx, item)
    try:
        for image in files.find(source, digest).every():
            for blob in {blob.digest: blob for blob in image.blobs}.values():
                if not registry.has_blob(item["name"], blob.digest):
                    registry.put_blob(item["name"], blob.digest, blob.size, _chunks(source, blob))
            registry.put_manifest(item["name"], image.digest, image.media, image.data)
            if image.digest == digest and item["tag"]:
                registry.put_manifest(item["name"], item["tag"], image.media, image.data)
    finally:
        source.close()


def _chunks(source: files.Source, blob: files.Blob) -> Callable[[], Any]:
    return lambda: source.chunks(blob.name)


def _said(registry: Registry, apply: Callable[[Context], None]) -> Callable[[Context], None]:
    """The same, with a sentence where there is no answer."""

    def said(ctx: Context) -> None:
        try:
            apply(ctx)
        except Silent as error:
            raise unreachable(registry, error) from error

    return said


def _step(ctx: Context, target: str, action: str, detail: str, before: str, after: str, apply: Callable[[Context], None]) -> Step:
    name = target.partition("@")[0]
    diff = {"before_header": name, "after_header": name, "before": before, "after": after}
    return Step("image", target, action, detail, diff=diff if ctx.diff else None, apply=apply)  # type: ignore[arg-type]


CALLS = {"health": health, "images": images}
