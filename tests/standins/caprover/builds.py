# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds of the stand-in: one at a time, in threads. A queued one that fails ends the process, as it was recorded."""

from __future__ import annotations

import io
import json
import tarfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .model import VERSIONS, Build, DockerError, Model, Plain, Refusal
from .swarm import Services

Item = dict[str, Any]

_SOURCES = ("templateId", "imageName", "dockerfilePath", "dockerfileLines")


class Source:
    """What a deploy came with: a captain-definition or a tar file."""

    def __init__(self, content: str = "", tar: bytes = b"", git_hash: str = "") -> None:
        self.content = content
        self.tar = tar
        self.git_hash = git_hash


class Builder:
    """Deploys versions of apps.

    :param crash: ends the process and starts it again
    """

    def __init__(self, model: Model, services: Services, crash: Callable[[], None]) -> None:
        self.model = model
        self.services = services
        self.crash = crash
        self.queue: list[tuple[str, Source]] = []
        self.lock = threading.RLock()

    def log(self, app: str) -> Build:
        """The log of an app's last build."""
        return self.model.builds.setdefault(app, Build())

    def schedule(self, app: str, source: Source) -> Callable[[], None]:
        """Begin a deploy, or queue it; what comes back waits for its end and raises as it ended."""
        with self.lock:
            active = next((name for name, on in self.model.building.items() if on), "")
            self.model.building[app] = True
            self.model.builds[app] = Build()
            if active:
                self.log(app).log(f"An active build ({active}) is in progress. This build is queued...")
                self.queue.append((app, source))
                return self._never
            return self._start(app, source, queued=False)

    def _never(self) -> None:
        """Who waits for a queued build gets no answer, and keeps the lock (recorded: 45 s, until the client hung up)."""
        threading.Event().wait(60)

    def _start(self, app: str, source: Source, queued: bool) -> Callable[[], None]:
        outcome: list[Exception] = []
        session = self.model.session

        def work() -> None:
            try:
                self._deploy(app, source)
            except Exception as error:
                if self.model.session != session:
                    return
                self._finished(app)
                log = self.log(app)
                for line in ("----------------------", "Deploy failed!", f"Error: {_text(error)}"):
                    log.log(line)
                log.failed = True
                outcome.append(error)
                if queued:
                    self.crash()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()

        def wait() -> None:
            thread.join()
            if outcome:
                raise outcome[0] if isinstance(outcome[0], Refusal) else Plain()

        return wait

    def _finished(self, app: str) -> None:
        with self.lock:
            if self.model.building.get(app):
                self.model.building[app] = False
                if self.queue:
                    self._start(*self.queue.pop(0), queued=True)

    def _deploy(self, app: str, source: Source) -> None:
        model, log = self.model, self.log(app)
        session = model.session
        definition = model.app(app)
        version = max((one["version"] for one in definition["versions"]), default=-1) + 1
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entry: Item = {"version": version, "timeStamp": stamp, "gitHash": ""}
        definition["versions"] = [*definition["versions"], entry][-VERSIONS:]
        log.log(f"------------------------- {datetime.now(UTC):%a %b %d %Y %H:%M:%S} GMT+0000 (Coordinated Universal Time)")
        log.log(f"Build started for {app}")
        time.sleep(model.times.build)
        try:
            image = self._image(app, version, source, log)
        except Exception:
            log.log("Build has failed!")
            raise
        if model.session != session:
            return
        log.log("Build has finished successfully!")
        entry.update({"deployedImageName": image, "gitHash": source.git_hash})
        definition["deployedVersion"] = version
        self._finished(app)
        time.sleep(model.times.service)
        self.services.update(model.service(app), definition, image)

    def _image(self, app: str, version: int, source: Source, log: Build) -> str:
        found = _from_tar(source.tar) if source.tar else json.loads(source.content)
        if found.get("schemaVersion") != 2:
            raise Refusal(1000, "Captain Definition version is not supported! Read migration guides to schemaVersion 2")
        if len([name for name in _SOURCES if found.get(name)]) != 1:
            one = "One, and only one, of these properties should be present in captain-definition"
            raise Refusal(1000, f"{one}: templateId, imageName, dockerfilePath, or, dockerfileLines")
        if found.get("imageName"):
            return self._pull(str(found["imageName"]), log)
        for number, line in enumerate(found.get("dockerfileLines") or (), 1):
            self._line(app, number, line, log)
        log.log("exporting to image\n")
        return self._push(f"img-captain-{app}:{version}", log)

    def _pull(self, image: str, log: Build) -> str:
        log.log(f"An explicit image name was provided ({image}). Therefore, no build process is needed.")
        log.log(f"Pulling this image: {image} This process might take a few minutes.")
        if image != self.model.placeholder and (any(word in image for word in self.model.missing) or image.startswith("img-captain-")):
            said = 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 127.0.0.11:53: server misbehaving'
            raise DockerError(f"(HTTP code 500) server error - {said} ")
        return image

    def _line(self, app: str, number: int, line: str, log: Build) -> None:
        word, _space, rest = line.partition(" ")
        if word not in ("FROM", "RUN", "CMD", "COPY", "STOPSIGNAL", "ENV"):
            raise Refusal(1109, f"dockerfile parse error on line {number}: unknown instruction: {word}")
        log.log(f"[{number}] {line}\n")
        if word == "RUN" and rest == "env":  # a program that prints what it gets
            log.log(" ".join(f"{pair['key']}={pair['value']}" for pair in self.model.app(app)["envVars"]))
        if word == "RUN" and rest.startswith("exit ") and rest != "exit 0":
            code = rest.removeprefix("exit ")
            raise Refusal(1109, f'process "/bin/sh -c {rest}" did not complete successfully: exit code: {code}')

    def _push(self, image: str, log: Build) -> str:
        model = self.model
        default = next((one for one in model.registries if one["id"] == model.default_registry), None)
        if default is None:
            return image
        full = f"{default['registryDomain']}/{default['registryImagePrefix']}/{image}"
        log.log(f"Pushing to remote: {full}")
        if "//" in full:
            raise Refusal(1000, "Push failed: Error: (HTTP code 400) bad parameter - invalid reference format")
        if default["registryType"] == "LOCAL_REG" and model.registry_broken:
            raise Refusal(1000, 'Push failed: \n{"message":"unauthorized: authentication required"}unauthorized: authentication required')
        log.log("Push succeeded...")
        return full


def _from_tar(data: bytes) -> Item:
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            files = {member.name.removeprefix("./"): member for member in archive.getmembers()}
            for name, member in files.items():
                content = archive.extractfile(member)
                if name.endswith("captain-definition") and content is not None:
                    found: Item = json.loads(content.read())
                    return found
            if any(name.endswith("Dockerfile") for name in files):
                return {"schemaVersion": 2, "dockerfileLines": ["FROM scratch"]}
    except tarfile.TarError:
        raise Plain from None
    raise Refusal(1000, "Captain Definition file does not exist!")


def _text(error: Exception) -> str:
    return error.text if isinstance(error, Refusal) else str(error)
