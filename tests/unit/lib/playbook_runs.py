# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as people run them, on hosts whose answers the test makes up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import extra_vars

REPOSITORY = Path(__file__).resolve().parents[3]
ACTIONS = REPOSITORY / "plugins" / "action"
#: Notes a call and gives the answer that the host's variable ``said`` has for it.
ANSWER = """\
import json
import os
from ansible.errors import AnsibleConnectionFailure

def answered(action, name, arguments, task_vars):
    said = action._templar.template(task_vars.get("said", {}))
    answer = dict(said.get(name, said.get(name.partition(" ")[0], said.get("*", {}))))
    mode = " (check)" if action._task.check_mode else ""
    with open(os.environ["CALLS"], "a") as file:
        file.write(f"{name}{mode} {task_vars['inventory_hostname']}\\n")
    with open(os.environ["CALLS"] + ".arguments", "a") as file:
        file.write(json.dumps([name, arguments]) + "\\n")
    if answer.pop("away", False):
        raise AnsibleConnectionFailure("no route to host")
    return {"changed": False, "steps": [], "waits": arguments.get("wait", 0), **answer}
"""
#: Stands for each action of the collection.
STAND_IN = (
    ANSWER
    + """
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        name = self._task.action.rpartition(".")[2] + {"released": " released"}.get(self._task.args.get("state"), "")
        if name == "converge":
            name += " prepare" * bool(self._task.args.get("prepare")) + (" " + task_vars["site_wave"] if "site_wave" in task_vars else "")
        answer = answered(self, name, self._task.args, task_vars)
        if "add_group" in answer and hasattr(self, "add_group"):  # ansible-core 2.21 and newer
            self.add_group(answer["add_group"], parent_group_names=answer["parent_groups"])
        return answer
"""
)
#: Behind the text of an action on a member of a cluster: what it decides is real, what it asks the host is not.
MEMBER = """

class ActionModule(ActionModule):
    def call(self, call):
        item = self._templates.value(self._raw[call], call)
        return self.note(answered(self, item["module"], item.get("params") or {}, self.vars))

    def units(self):
        return self.own(self.note(answered(self, "converge", {"roles": [self.role]}, self.vars)))

    def restart(self, role, component, unit, previous=None, reason=None):
        return answered(self, "component_restart" + (f" {previous}" if previous else ""), {"unit": unit, "previous": previous}, self.vars)

    def converse(self, part, lease="take"):
        return self.note(answered(self, part["op"], {}, self.vars))
"""
#: Actions whose decisions are real: those on a member, and those that ask no host.
MEMBERS, LOCAL = (
    ("rolling_call", "rolling_look", "rolling_together", "rolling_member"),
    ("authority_rotation", "certificate_report", "certificate_rotation", "ports_plan", "rolling_plan", "verb_hosts", "wave_objects"),
)
SECRET = """\
from ansible.plugins.lookup import LookupBase

class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        return list(terms)
"""


@dataclass
class Done:
    """How a run ended. ``calls`` are ``action host`` in order, ``arguments`` the action and its arguments."""

    code: int
    printed: str
    calls: list[str]
    arguments: list[tuple[str, dict[str, Any]]]

    def of(self, action: str) -> list[str]:
        """The hosts on which an action was called."""
        return sorted(call.rpartition(" ")[2] for call in self.calls if call.rpartition(" ")[0] == action)


class Run:
    """Runs playbooks from a copy of the collection whose actions are stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        collection = folder / "ansible_collections" / "vannah" / "healthcloud"
        (collection / "plugins" / "action").mkdir(parents=True)
        for name in ("filter", "module_utils", "modules", "doc_fragments"):
            (collection / "plugins" / name).symlink_to(REPOSITORY / "plugins" / name)
        for path in ACTIONS.glob("*.py"):
            text = path.read_text() if path.stem in (*MEMBERS, *LOCAL) else STAND_IN
            (collection / "plugins" / "action" / path.name).write_text(text + (ANSWER + MEMBER if path.stem in MEMBERS else ""))
        (collection / "plugins" / "lookup").mkdir()
        (collection / "plugins" / "lookup" / "secret.py").write_text(SECRET)
        for name in ("exports", "roles_of", "wave_roles"):
            (collection / "plugins" / "lookup" / f"{name}.py").symlink_to(REPOSITORY / "plugins" / "lookup" / f"{name}.py")
        for name in ("meta", "playbooks", "roles"):
            (collection / name).symlink_to(REPOSITORY / name)
        self.playbooks = collection / "playbooks"

    def __call__(self, playbook: str, groups: Mapping[str, list[str]], said: Mapping[str, Any], *options: str, **values: object) -> Done:
        """``said``: host -> action -> its answer; ``*`` for the others; ``{away: true}`` is a host that cannot be reached.

        ``options`` are ansible-playbook's. ``values`` are extra variables; those that a task before the playbook registers in a run of the
        site are variables of all hosts, because -e must not override them.
        """
        found = {name: value for name, value in values.items() if name in extra_vars.registered()}
        given = {name: value for name, value in values.items() if name not in found}
        hosts = sorted({host for members in groups.values() for host in members})
        inventory = {
            "all": {
                "vars": found,
                "hosts": {host: {"ansible_host": f"10.0.0.{number}", "said": said.get(host, {})} for number, host in enumerate(hosts, 1)},
                "children": {group: {"hosts": {host: {} for host in members}} for group, members in groups.items()},
            }
        }
        (self.folder / "hosts.json").write_text(json.dumps(inventory))
        calls, arguments = self.folder / "calls", self.folder / "calls.arguments"
        calls.write_text("")
        arguments.write_text("")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "CALLS": str(calls),
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
            "ANSIBLE_FORCE_COLOR": "0",
            "COLUMNS": "500",
            "LC_ALL": "C.UTF-8",
        }
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(self.folder / "hosts.json")]
        command += [str(self.playbooks / playbook), "-e", json.dumps(given), *options]
        done = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=120)
        return Done(
            done.returncode,
            done.stdout + done.stderr,
            calls.read_text().splitlines(),
            [tuple(json.loads(line)) for line in arguments.read_text().splitlines()],
        )
