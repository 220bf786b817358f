# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an app is healthy. CapRover does not know: "Deploy is done" says nothing of the container, and its API has no replicas.

Docker is asked on this host, which has to be a manager of the Swarm, and a URL where one is given. An image that exits at once runs for
a moment again and again, so the same tasks have to be seen for some seconds.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from ...core.model import Context
    from ...definition import Json
    from ...definition import Json as Task

    Look = Callable[[], str]

#: What is asked where a task says nothing.
DEFAULTS: Json = {
    "docker": True,
    "url": "",
    "host": "",
    "user": "",
    "password": "",
    "statuses": [200],
    "ca": "",
    "timeout": 120,
    "steady": 10,
}
#: Seconds for traffic to move to the new containers (2 to 15 recorded): a URL that answers before is the old one's.
MOVES = 15.0
#: So many new tasks that failed are a proof.
FAILED = 3
_PRUNED = "No such container"
_STUCK = ("paused", "rollback_started", "rollback_paused", "rollback_completed")


class Kept:
    """What judges an app in place of Docker and a URL; tests and callers set it: ``(app, image) -> why not, "" for healthy``."""

    def __init__(self) -> None:
        self.judge: Callable[[str, str], str] | None = None


class Health:
    """The health of one app.

    :param service: the Swarm's service of the app
    :param replicas: how many containers it is to have; with none there is nothing to ask, and it counts as healthy
    :param options: those of :data:`DEFAULTS`; None for Docker where it can be asked
    """

    def __init__(self, ctx: Context, app: str, service: str, replicas: int, options: Json | None) -> None:
        self.ctx = ctx
        self.app = app
        self.service = service
        self.replicas = replicas
        self.options = {**DEFAULTS, **{key: value for key, value in (options or {}).items() if value is not None}}
        self.judge = ctx.kept(Kept).judge
        self.docker = False
        self._before: set[str] = set()
        self._running: frozenset[str] = frozenset()
        self._insisted = options is not None
        self.begin()

    @property
    def asked(self) -> bool:
        """Whether its health can be known."""
        return self.judge is not None or self.docker or bool(self.options["url"]) or not self.replicas

    def begin(self) -> None:
        """Note the tasks that are there, before anything is deployed.

        :raises AgentError: ``health-unknown``: Docker was asked for and cannot be asked
        """
        if self.judge is not None or not self.options["docker"] or not self.replicas:
            return
        said = self.ctx.run(["docker", "service", "inspect", self.service], check=False)
        self.docker = said.rc == 0 or "no such service" in said.err.lower()
        if self.docker:
            self._before = {task["ID"] for task in self._tasks()}
        elif self._insisted:
            why = said.err.strip().splitlines()[0][:200] if said.err.strip() else "there is no docker on this host"
            text = f"app {self.app}: health: docker is to be asked, and does not answer on this host: {why}"
            raise AgentError(
                "health-unknown", f"{text}. Fix: run the task on a manager of the Swarm, or health: {{docker: false, url: ...}}"
            )

    def wait(self, image: str, deployed: bool = True) -> str:
        """Wait until the app was healthy for some seconds.

        :param image: that its containers run
        :param deployed: whether it was deployed just now; an older one need not be watched for some seconds, and how its last update ended
            says nothing of it
        :return: why it was not in time; "" where it is
        """
        import time

        from ...core import waiting

        if not self.replicas:
            return ""
        begun = time.monotonic()
        limit, steady = float(self.options["timeout"]), float(self.options["steady"]) if deployed else 0.0
        since: float | None = None
        seen: frozenset[str] = frozenset()
        if deployed and self.options["url"] and not self.docker and self.judge is None:
            time.sleep(self.ctx.pause(MOVES))
        while True:
            why, final = self.look(image, deployed)
            now = time.monotonic()
            if why or self._running != seen:
                since, seen = None, self._running
            if not why:
                since = now if since is None else since
                if now - since >= steady:
                    return ""
            if final or now - begun >= limit:
                return why or f"it was not healthy for {steady:g} s without a restart"
            waiting.tell(self.ctx, f"app {self.app} to be healthy", begun, limit, why)
            time.sleep(self.ctx.pause(1.0))

    def look(self, image: str, deployed: bool = True) -> tuple[str, bool]:
        """Why the app is not healthy now, and whether waiting is of no use."""
        if self.judge is not None:
            return self.judge(self.app, image), False
        if self.docker:
            said = self.ctx.run(["docker", "service", "inspect", self.service], check=False)
            tasks = self._tasks()
            self._running = frozenset(task["ID"] for task in tasks if _runs(task))
            why, final = judge(_json(said.out), tasks, self.replicas, image, self._before, deployed)
            if why:
                return why, final
        return (self._ask_url() if self.options["url"] else ""), False

    def _tasks(self) -> list[Task]:
        said = self.ctx.run(["docker", "service", "ps", "--no-trunc", "--format", "{{json .}}", self.service], check=False)
        return [task for task in map(_json, said.out.splitlines()) if isinstance(task, dict) and "ID" in task]

    def _heads(self) -> dict[str, str]:
        import base64

        heads = {"Host": self.options["host"]} if self.options["host"] else {}
        if self.options["user"]:
            login = f"{self.options['user']}:{self.options['password']}"
            heads["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        return heads

    def _ask_url(self) -> str:
        import ssl
        from http.client import HTTPConnection, HTTPException, HTTPSConnection

        url = self.options["url"]
        parts = urlsplit(url)
        link: HTTPConnection
        try:
            if parts.scheme == "https":
                context = ssl.create_default_context(cafile=self.ctx.path(self.options["ca"]) if self.options["ca"] else None)
                context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # an authority that a site brought may be older than that
                link = HTTPSConnection(parts.hostname or "", parts.port, timeout=5, context=context)
            else:
                link = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
            target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            link.request("GET", target, headers=self._heads())
            status = link.getresponse().status
            link.close()
        except (OSError, HTTPException, ValueError) as error:
            return f"{url} does not answer: {error or type(error).__name__}"
        return "" if status in self.options["statuses"] else f"{url} answers {status}"


def judge(
    service: Any, tasks: list[Task], replicas: int, image: str, before: Collection[str] = (), deployed: bool = True
) -> tuple[str, bool]:
    """Why a service is not healthy by Docker's word, and whether waiting is of no use.

    :param service: what ``docker service inspect`` printed
    :param tasks: what ``docker service ps`` printed
    :param image: that the tasks have to run
    :param before: IDs of the tasks that were there before the deploy; one that had ended says nothing of it
    :param deployed: whether it was deployed just now. Docker keeps how an update ended until the next one: of an older one only what runs
        counts
    """
    found = service[0] if isinstance(service, list) and service else {}
    if not found:
        return "its service is not there", False
    update = found.get("UpdateStatus") or {}
    # 5 s after each update CapRover removes all containers that do not run, also those that are just being made. The Swarm starts such
    # a task again, with the new image, but leaves the update paused for good: that says nothing of the app.
    pruned = [task["ID"] for task in tasks if _PRUNED in task.get("Error", "")]
    failed = [task for task in tasks if task["ID"] not in pruned and task["ID"] not in before]
    failed = [task for task in failed if task.get("CurrentState", "").startswith(("Failed", "Rejected"))]
    last = failed[0].get("Error") or failed[0]["CurrentState"] if failed else ""
    if deployed and update.get("State") in _STUCK and not any(task in update.get("Message", "") for task in pruned):
        text = f"its update is {update['State'].replace('_', ' ')}: {update.get('Message', '')}"
        return (f"{text} ({last})" if last else text), True
    if deployed and len(failed) >= FAILED:
        return f"{len(failed)} containers of it failed: {last}", True
    if update.get("State") == "updating":
        return f"its update is in progress{f' ({last})' if last else ''}", False
    running = [task for task in tasks if _runs(task) and _fits(task.get("Image", ""), image)]
    if len(running) < replicas:
        return f"{len(running)} of {replicas} containers run{f': {last}' if last else ''}", False
    return "", False


def _runs(task: Task) -> bool:
    return task.get("DesiredState") == "Running" and str(task.get("CurrentState", "")).startswith("Running")


def _fits(runs: str, image: str) -> bool:
    """Docker adds the digest to a tag that it has looked up."""
    return not image or runs == image or runs.startswith(f"{image}@")


def _json(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except ValueError:
        return None
