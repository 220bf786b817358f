# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PostgreSQL cluster under Patroni: what it is like now, its common configuration, and its day-2 verbs.

Every call asks the live cluster first and decides by its answer; nothing here remembers an earlier leader.
What is safe is decided in :mod:`.cluster`, which does nothing.
"""

from __future__ import annotations

from ...core.model import AgentError, Step
from . import planned
from .cluster import (
    Cluster,
    choose_candidate,
    config_patch,
    lines,
    refuse_reinit,
    refuse_remove,
    refuse_restart,
    refuse_unknown,
    require_healthy,
)
from .forget import forget
from .guard import guard
from .hba import check
from .look import await_reload, configuration, look, look_settled, look_surely, own, own_name
from .rest import Rest, connect
from .settings import waiting, why_down
from .switchover import hand_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ...contract import Diff
    from ...core.model import Context
    from ...definition import Json
    from .types import Asked, ConfigParams, InfoParams, ReinitParams, RemoveParams, RestartParams, State, SwitchoverParams

    Outcome = tuple[list[Step], Mapping[str, object]]

#: Seconds between two checks of a changing cluster.
INTERVAL = 0.5


# --- looking --------------------------------------------------------------------------------------------------------------


def wait(ctx: Context, seconds: float, done: Callable[[], Any], what: str) -> Any:
    """Ask until the answer is true; an :class:`AgentError` of the question counts as not yet.

    :raises AgentError: ``not-in-time``
    """
    import time

    from ...core import waiting

    begun = time.monotonic()
    deadline = begun + seconds
    while True:
        reason = ""
        try:
            answer = done()
            if answer:
                return answer
        except AgentError as error:
            reason = ": " + error.msg
        if time.monotonic() >= deadline:
            raise AgentError("not-in-time", f"not within {seconds:g} s: {what}{reason}")
        waiting.tell(ctx, f"this: {what}", begun, seconds, reason.removeprefix(": "))
        time.sleep(ctx.pause(INTERVAL))


def state(rest: Rest, cluster: Cluster, params: Asked, settings: Json | None = None) -> State:
    """The result that all calls share.

    :param settings: :func:`configuration`, where it is known already
    """
    leader = cluster.leader
    synchronous = bool((configuration(rest) if settings is None else settings).get("synchronous_mode"))
    return {
        "answers": True,
        "scope": cluster.scope,
        "leader": leader.name if leader else "",
        "members": [member.report() for member in cluster.members],
        "synchronous": cluster.synchronous,
        "synchronous_mode": synchronous,
        "paused": cluster.paused,
        "pending_restart": cluster.pending,
        "problems": cluster.problems(params.get("members") or (), params["max_lag"], synchronous),
    }


def info(params: InfoParams, ctx: Context) -> Outcome:
    """The cluster as this member sees it; with ``wait`` not before it is healthy.

    The reported leader is asked, too: a disconnected member shows an old state of the cluster.

    :param params: ``wait`` (seconds, 0: do not), ``members`` (names that have to be there), ``max_lag`` (bytes), ``others`` (URLs)
    :return: no steps; ``answers``, ``error``, and :func:`state`; ``member``: this host's own (name, role, state, versions, pending_restart,
        and :func:`.patroni_settings.waiting`)
    :raises AgentError: ``cluster-unhealthy`` when it was not healthy in time
    """
    rest = connect(ctx, params)

    def healthy() -> tuple[Cluster, State]:
        await_reload(ctx, rest)
        cluster = look_surely(rest)
        found = state(rest, cluster, params)
        require_healthy(cluster, "continue", params.get("members") or (), params["max_lag"], found["synchronous_mode"])
        return cluster, found

    if params["wait"] and not ctx.check:
        cluster, found = wait(ctx, params["wait"], healthy, "the cluster is healthy")
    else:
        try:
            await_reload(ctx, rest)
            cluster = look_surely(rest)
            found = state(rest, cluster, params)
        except AgentError as error:
            silence = {"answers": False, "error": error.msg, "leader": "", "members": [], "problems": [error.msg], "pending_restart": []}
            return [], {**silence, "member": {"pending_restart": False, "lowered": [], "waits_for_leader": False}}
    said = own(rest)
    name = str((said.get("patroni") or {}).get("name") or "")
    found["member"] = {
        "name": name,
        "role": said.get("role", ""),
        "state": said.get("state", ""),
        "postgresql": _version(said.get("server_version")),
        "patroni": (said.get("patroni") or {}).get("version", ""),
        "pending_restart": bool(said.get("pending_restart")),
        "lowered": [],
        "waits_for_leader": False,
    }
    if said.get("pending_restart"):
        found["member"].update(waiting(ctx, cluster, name, configuration(rest)))
    found["error"] = ""
    return [], found


def _version(number: Any) -> str:
    """170012 is 17.12."""
    return f"{number // 10000}.{number % 10000}" if isinstance(number, int) else ""


# --- the configuration in etcd --------------------------------------------------------------------------------------------


def config(params: ConfigParams, ctx: Context) -> Outcome:
    """Make Patroni's common configuration say what ``config`` says; only the leader's host changes it.

    What ``config`` does not name stays; null removes a key.

    :param params: ``config``, ``hba`` and ``settings`` (see :func:`.patroni_hba.check`), ``parameters`` (the member's own settings, whose
        changes check mode tells), ``wait`` (seconds for a leader to be there), ``max_lag``
    :return: a step where something differs; :func:`state`, with ``pending_restart`` as it is after the change
    :raises AgentError: ``not-in-time``, ``bad-hba``
    """
    rest = connect(ctx, params)
    try:
        cluster: Cluster = (
            _led(look(rest)) if ctx.check else wait(ctx, params["wait"], lambda: _led(look_surely(rest)), "the cluster has a leader")
        )
    except AgentError as error:
        if not ctx.check:
            raise
        ctx.warn(f"the cluster does not answer: its configuration is written when it is created ({error.msg})")
        return [], {"answers": False, "leader": "", "members": [], "problems": [error.msg], "pending_restart": []}
    await_reload(ctx, rest)
    current = configuration(rest)
    result = state(rest, cluster, params, current)
    said = own(rest)
    name: Any = (said.get("patroni") or {}).get("name")
    if said.get("pending_restart") and name not in result["pending_restart"]:
        result["pending_restart"].append(name)
    member = cluster.find(str(name))
    # Patroni writes the file at its next turn after a reload: two of them, and some seconds for a host that is busy.
    patience = 2 * float(current.get("loop_wait") or 10) + 5
    check(ctx, member.port if member else 5432, params.get("hba") or (), params.get("settings") or (), patience)
    settings: list[Step] = []
    if ctx.check and member is not None and name not in result["pending_restart"]:
        common = (params["config"].get("postgresql") or {}).get("parameters") or {}
        settings = planned.steps(ctx, member.port, str(name), {**common, **(params.get("parameters") or {})})
    if cluster.leader is None or cluster.leader.name != name:
        return settings, result
    patch = config_patch(params["config"], current)
    if not patch:
        return settings, result
    before, after = lines(patch, current)

    def apply(ctx: Context) -> None:
        rest.insist("PATCH", "/config", patch, "change its configuration")
        result.update(state(rest, _reloaded(ctx, rest, cluster, patch, params["config"].get("loop_wait", 2)), params))

    diff: Diff = {"before_header": "patroni", "after_header": "patroni", "before": _text(before), "after": _text(after)}
    names = sorted({line.partition(":")[0] for line in before + after})
    return [Step("cluster", cluster.scope, "configure", ", ".join(names), diff if ctx.diff else None, apply), *settings], result


def _reloaded(ctx: Context, rest: Rest, before: Cluster, patch: Json, loop_wait: float) -> Cluster:
    """The cluster once its members had the time to report what waits for a restart; Patroni does not report that nothing does.

    A member looks at the configuration at its next turn. Of the server's settings it asks PostgreSQL a second after the reload, and says it
    at the turn after that (``reload_config`` of patroni/postgresql/config.py).
    """
    import time

    from ...core import waiting

    begun = time.monotonic()
    turns = 2 if (patch.get("postgresql") or {}).get("parameters") else 1
    cluster = before
    half_seconds = 2 * round(turns * (loop_wait + 1) + 1)
    for _half_second in range(half_seconds):
        waiting.tell(ctx, "the members of PostgreSQL to read the new settings", begun, half_seconds / 2)
        time.sleep(ctx.pause(0.5))
        cluster = look(rest)
        # A restart that was reported before may be done, and not reported yet.
        if not before.pending and all(member.pending for member in cluster.members):
            break
    return cluster


def _led(cluster: Cluster) -> Cluster:
    """A cluster with a leader. After a crash etcd names the old one until its lock expires, so the leader has to confirm it.

    :raises AgentError: ``no-leader``
    """
    if cluster.leader is None:
        raise AgentError("no-leader", f"cluster {cluster.scope} has no leader" + (f": {cluster.doubt}" if cluster.doubt else ""))
    return cluster


def _text(found: list[str]) -> str:
    return "".join(line + "\n" for line in found)


# --- verbs ----------------------------------------------------------------------------------------------------------------


def switchover(params: SwitchoverParams, ctx: Context) -> Outcome:
    """Let another member lead.

    :param params: ``candidate`` (a name, or empty: the best standby), ``away_from`` (a name: nothing to do where another one leads),
        ``members``, ``max_lag``, ``timeout`` (seconds for the cluster to be healthy again), ``interrupted``: members that may be missing
    :raises AgentError: ``cluster-unhealthy``, ``no-candidate``, ``candidate-lags``, ``candidate-not-synchronous``, ``unknown-member``
    """
    rest = connect(ctx, params)
    cluster = look_settled(ctx, rest, params["max_lag"])
    seen = state(rest, cluster, params)
    result: dict[str, object] = {**seen}
    refuse_unknown(cluster, params["candidate"], params.get("members") or ())
    leader = cluster.leader
    if leader is not None and (leader.name == params["candidate"] or (params["away_from"] and leader.name != params["away_from"])):
        return [], {**result, "from": leader.name, "to": leader.name}
    if params["away_from"] and leader is not None and len(cluster.members) == 1:
        return [], {**result, "from": leader.name, "to": leader.name}  # there is no other member: its restart is an interruption
    require_healthy(cluster, "switch over", params.get("members") or (), params["max_lag"], seen["synchronous_mode"])
    if leader is None:
        raise AssertionError("a healthy cluster has a leader")
    candidate = choose_candidate(cluster, params["candidate"], seen["synchronous_mode"], params["max_lag"])
    result.update({"from": leader.name, "to": candidate})

    def apply(ctx: Context) -> None:
        standby = cluster.find(candidate)
        if standby is None:
            raise AssertionError("the candidate was chosen among the members")
        hand_over(ctx, rest, cluster, leader, standby)

        def arrived() -> bool:
            now = look_surely(rest)
            found = state(rest, now, params)
            require_healthy(now, "call it done", params.get("members") or (), params["max_lag"], found["synchronous_mode"])
            result.update(found)
            return bool(now.leader and now.leader.name == candidate)

        wait(ctx, params["timeout"], arrived, f"{candidate} leads and the cluster is healthy")

    return [Step("cluster", cluster.scope, "switchover", f"{leader.name} -> {candidate}", None, apply)], result


def restart(params: RestartParams, ctx: Context) -> Outcome:
    """Restart this host's PostgreSQL, by Patroni.

    :param params: ``only_pending`` (nothing to do where no setting waits for it), ``force`` (also the leader, also the last standby),
        ``max_lag``, ``timeout``
    :raises AgentError: ``member-leads``, ``would-lose-standby``, ``no-leader``, ``patroni-refused``
    """
    rest = connect(ctx, params)
    cluster = look_settled(ctx, rest, params["max_lag"])
    name = own_name(rest)
    result = {**state(rest, cluster, params), "member": name}
    if params["only_pending"] and not own(rest).get("pending_restart"):
        return [], result
    if not params["force"]:
        refuse_restart(cluster, name, params["max_lag"])
    member = cluster.find(name)

    def apply(ctx: Context) -> None:
        body = {"restart_pending": True} if params["only_pending"] else {}
        begun = ctx.now()
        try:
            rest.insist("POST", "/restart", body, f"restart {name}", params["timeout"])
        except AgentError as error:
            raise AgentError(error.code, error.msg + why_down(ctx, name, begun)) from error
        wait(ctx, params["timeout"], lambda: healthy(rest, name, params["max_lag"]), f"{name} is back")
        result.update(state(rest, look(rest), params))

    reasons = ", ".join(member.reasons) if member else ""
    return [Step("member", name, "restart", reasons, None, apply)], result


def healthy(rest: Rest, name: str, max_lag: int) -> bool:
    """Whether this host's member runs, and leads or follows closely. What etcd says of it may still be from before."""
    said = own(rest)
    if said.get("state") != "running" or said.get("replication_state", "streaming") != "streaming":
        return False
    cluster = look(rest)
    member = cluster.find(name)
    return member is not None and cluster.leader is not None and (member is cluster.leader or member.follows(max_lag))


def reinit(params: ReinitParams, ctx: Context) -> Outcome:
    """Delete this host's data and copy them from the cluster again.

    :param params: ``force`` (also where it is the last healthy standby), ``max_lag``, ``timeout`` (seconds: a copy takes its time)
    :raises AgentError: ``member-leads``, ``no-leader``, ``would-lose-standby``, ``unknown-member``, ``patroni-refused``
    """
    rest = connect(ctx, params)
    cluster = look_settled(ctx, rest, params["max_lag"])
    name = own_name(rest)
    result = {**state(rest, cluster, params), "member": name}
    try:
        refuse_reinit(cluster, name, params["max_lag"])
    except AgentError as error:
        if error.code != "would-lose-standby" or not params["force"]:
            raise

    def apply(ctx: Context) -> None:
        rest.insist("POST", "/reinitialize", {"force": True}, f"reinitialise {name}")
        import time

        from ...core import waiting

        waiting.doing(ctx, f"waiting for the copy of {name} to begin", params["timeout"])
        time.sleep(ctx.pause(2))  # the copy begins at Patroni's next turn
        wait(ctx, params["timeout"], lambda: healthy(rest, name, params["max_lag"]), f"{name} follows again")
        result.update(state(rest, look(rest), params))

    return [Step("member", name, "reinitialise", "its data are copied again", None, apply)], result


def remove(params: RemoveParams, ctx: Context) -> Outcome:
    """Take this host out of the cluster: Patroni and PostgreSQL stop and stay stopped; the data stay where they are.

    :param params: ``member`` (this host's name), ``unit``, ``others`` (URLs of the other members), ``force``, ``max_lag``, ``timeout``
    :raises AgentError: ``member-leads``, ``no-leader``, ``would-lose-standby``
    """
    rest = connect(ctx, params)
    name, unit = params["member"], params["unit"]
    shown = ctx.run(["systemctl", "show", "-p", "ActiveState,UnitFileState", "--value", unit], check=False).out.split()
    running, enabled = "active" in shown or "activating" in shown, "enabled" in shown
    cluster = look_settled(ctx, rest, params["max_lag"], params["others"])
    result = {**state(rest, cluster, params, {}), "member": name}
    if running:
        needed = 0
        if not params["force"]:
            settings = configuration(rest)
            strict = settings.get("synchronous_mode") and settings.get("synchronous_mode_strict")
            needed = int(settings.get("synchronous_node_count") or 1) if strict else 0
        # Force takes the standbys that commits need away from the question, and nothing else.
        refuse_remove(cluster, name, needed, params["max_lag"])
    steps = []
    if running or enabled:

        def stop(ctx: Context) -> None:
            ctx.run(["systemctl", "disable", "--now", unit], timeout=params["timeout"])

        steps.append(Step("unit", unit, "stop", "and no longer started at boot", None, stop))
    if cluster.find(name) is not None:

        def leave(ctx: Context) -> None:
            gone = lambda: look(rest, params["others"]).find(name) is None  # noqa: E731
            wait(ctx, params["timeout"], gone, f"cluster {cluster.scope} no longer lists {name}")

        steps.append(Step("member", name, "remove", "its data stay where they are", None, leave))
    return steps, result


CALLS: dict[str, Callable[[Any, Context], Outcome]]
CALLS = {"info": info, "config": config, "switchover": switchover, "restart": restart, "reinit": reinit, "remove": remove}
CALLS |= {"guard": guard, "forget": forget}
