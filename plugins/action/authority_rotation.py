# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.authority_rotation``. Documentation: plugins/modules/authority_rotation.py."""

from __future__ import annotations

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib.der import outline
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import hosts_said, planning
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import authority, succession, trust
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.rotation import Answers
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.authority_rotation``."""

    ARGUMENT_SPEC = documented.spec("authority_rotation")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Take a step, where the hosts are ready for it."""
        answers, silent = hosts_said.certificates(known, arguments["answers"])
        missing = [host for host in known["groups"]["all"] if host not in answers]
        if missing:
            return _failed(_missing(missing, silent))
        site, check = site_directory(known), bool(self._task.check_mode)
        if arguments["step"] == "look":
            name = self._templar.template(known.get("site_name")) or "site"
            return self._look(site, answers, str(name), check)
        if arguments["step"] == "finished":
            return {"changed": False, "plan": []} if check else self._finished(site, answers, arguments["hold"])
        if check:
            return {"changed": False, "stage": succession.stage(site), "plan": [], **OVER}
        return self._next(site, answers, arguments["hold"])

    def _look(self, site: str, answers: Answers, site_name: str, check: bool) -> Result:
        current = authority.load_authority(self._loader, site)  # its key opens, before anything is begun
        stage = succession.stage(site)
        known = {one.part: one.name for one in trust.known(site)}
        begins = stage == succession.NONE and not succession.begun_elsewhere(answers, _fingerprints(site))
        if begins:
            new = succession.next_name(authority.name_of(current.certificate), site_name)
            plan = succession.described(succession.TRUST, [], known["ca"], new)
            if not check:
                succession.begin(self._loader, site, site_name)
            return {"changed": True, "stage": succession.TRUST, "plan": [*plan, *BEFORE]}
        if stage == succession.TRUST:
            if not check:
                succession.begin(self._loader, site, site_name)  # a run was killed between its files
            old, new = known["ca"], known.get("next") or succession.next_name(known["ca"], site_name)
        else:
            old, new = known.get("previous", "the previous authority"), known["ca"]
        stage = stage or succession.DROP
        left = succession.unfinished(answers, _fingerprints(site), _signs(site) if stage != succession.TRUST else "")
        plan = ["a rotation that was begun is continued", *succession.described(stage, left, old, new)]
        if stage == succession.DROP:
            plan.append("this ends it. To rotate once more, run this again afterwards")
        return {"changed": False, "stage": stage, "plan": [*plan, *(BEFORE if stage == succession.TRUST else ())]}

    def _next(self, site: str, answers: Answers, hold: bool) -> Result:
        """Take the step that is due; where none is left, the rest of the run has no hosts."""
        stage = succession.stage(site)
        left = succession.unfinished(answers, _fingerprints(site), "" if stage == succession.TRUST else _signs(site))
        if left:
            return _failed(_unready(UNREADY[stage], left))
        if stage == succession.NONE or (hold and stage == succession.TRUST):
            return {"changed": False, "stage": stage, "plan": [], **OVER}
        names = {one.part: one.name for one in trust.known(site)}
        if stage == succession.TRUST:
            after, old, new = succession.REISSUE, names["ca"], names["next"]
            succession.promote(self._loader, site)
        else:
            after, old, new = succession.DROP, names["previous"], names["ca"]
            succession.drop(self._loader, site)
        return {"changed": True, "stage": after, "plan": succession.described(after, [], old, new)[:1]}

    @staticmethod
    def _finished(site: str, answers: Answers, hold: bool) -> Result:
        stage = succession.stage(site)
        left = succession.unfinished(answers, _fingerprints(site), "" if stage == succession.TRUST else _signs(site))
        if left:
            return _failed(_unready(UNREADY[succession.NONE], left))
        if stage != succession.NONE:
            return {"changed": False, "stage": stage, "plan": [HELD if hold and stage == succession.TRUST else CONTINUE, *AFTER[:1]]}
        return {"changed": False, "stage": succession.NONE, "plan": list(AFTER)}


#: Ends what the run converges: see planning.OVER.
OVER = planning.ended()
UNREADY = {
    succession.TRUST: "the new authority does not sign yet",
    succession.REISSUE: "the old authority is trusted still",
    succession.NONE: "the rotation of the CA has not ended",
}
BEFORE = (
    "clients outside of the site (applications, browsers, S3 clients) need pki/next.crt beside pki/ca.crt before step 2:"
    " -e certificate_ca_hold=true ends the run before it",
)
HELD = "both authorities are trusted everywhere, and the old one signs. Fix: run this again without certificate_ca_hold, which continues"
CONTINUE = "the rotation has not ended. Fix: run this again"
AFTER = (
    "pki/ has changed: commit it, and make a new recovery kit (`make recovery-kit`); an older one has another CA",
    "clients outside of the site need pki/ca.crt only from now on",
)


def _fingerprints(site: str) -> list[str]:
    return [str(found["fingerprint"]) for one in trust.known(site) if (found := outline(one.pem)) is not None]


def _signs(site: str) -> str:
    return trust.known(site)[0].identifier


def _failed(message: str) -> Result:
    return {"changed": False, "failed": True, "msg": message}


def _missing(hosts: list[str], silent: dict[str, str]) -> str:
    why = "; ".join(dict.fromkeys(silent[host] for host in hosts if host in silent))
    return (
        f"{', '.join(hosts)} cannot be asked{f' ({why})' if why else ''}. A host that misses a step would refuse the others afterwards, so"
        f" nothing is changed. Fix: start {', '.join(hosts)} and check that Ansible reaches it over SSH, then run this again without"
        " --limit; a host that is lost is replaced first, or taken out of the inventory"
    )


def _unready(what: str, left: list[str]) -> str:
    return f"{what}: {'; '.join(left)}. Fix: repair what the run reports of these hosts, then run this again, which continues"
