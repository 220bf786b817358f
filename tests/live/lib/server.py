# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of the site, asked through Ansible as the playbooks reach it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import testinfra
import yaml

from tests.live.lib.waiting import awaiting

#: Begins each answer; a word that no shell reads as anything else.
MARK = "@@@"
LIVE = Path(__file__).resolve().parents[1]
#: Names of what is asked of every server -> the command. Each prints nothing where the program is missing. A service adds its own in
#: ``tests/live/<service>/questions.yml``.
QUESTIONS = {
    "sshd": "/usr/sbin/sshd -T",
    "journald": "systemd-analyze cat-config systemd/journald.conf",
    "failed": "systemctl list-units --failed --plain --no-legend",
    "hostname": "hostname",
    "hosts": "cat /etc/hosts",
    "firewall": "/usr/sbin/nft list table inet vannah",
    "authority": "cat /etc/vannah/pki/ca.crt",
    "readable": "find /etc/vannah -name '*key*' -type f -perm /o+r; find /var/lib/vannah -maxdepth 0 -perm /go+rwx",
    "updates": "apt-config dump Unattended-Upgrade::Package-Blacklist",
    "listening": "ss -Hltn",
    "processes": "ps axww -o args",
    # Not those in containers: an app gets its secrets in its environment, and that is its owner's wish (roles/apps/README.md, "Secrets").
    "environments": "host=$(readlink /proc/1/ns/pid); for p in /proc/[0-9]*; do"
    " if [ \"$(readlink $p/ns/pid)\" = \"$host\" ]; then tr '\\0' '\\n' < $p/environ; fi; done",
    "journal": "journalctl -q --no-pager -o cat -n 20000",
    "temporary": "find /tmp /var/tmp /root/.ansible -xdev -type f -size -1M -exec cat {} +",
}


@cache
def questions() -> dict[str, str]:
    """QUESTIONS with those of all services. What a service asks under a name that is there already is asked as well."""
    found = dict(QUESTIONS)
    for file in sorted(LIVE.glob("*/questions.yml")):
        for name, command in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            found[name] = f"{found[name]}; {command}" if name in found else command
    return found


@dataclass(frozen=True)
class Answer:
    """What a command on a server gave."""

    status: int
    text: str


class Server:
    """One server of the site, reached as the playbooks reach it."""

    def __init__(self, name: str, inventory: Path) -> None:
        self.name = name
        self._host = testinfra.get_host(f"ansible://{name}?force_ansible=True", ansible_inventory=str(inventory))
        self._seen: dict[str, str] | None = None

    def shell(self, text: str) -> Answer:
        """Run a shell command as root; its exit status and standard output."""
        try:
            with awaiting(f"the answer of {self.name}"):
                # Ansible takes {{ for one of its templates, which may be one of docker's, and arguments that begin with { for JSON.
                answer = self._host.ansible("shell", f": {{% raw %}}; {text}{{% endraw %}}", become=True, check=False)
        except self._host.ansible.AnsibleException as failure:
            answer = failure.result
        assert "stdout" in answer, f"{self.name} cannot be asked: {answer.get('msg')} {answer.get('module_stdout', '')}"
        return Answer(int(answer["rc"]), str(answer["stdout"]))

    def ask(self, *argv: str) -> Answer:
        """Run a program as root."""
        return self.shell(shlex.join(argv))

    def seen(self, name: str) -> str:
        """The answer to one of the questions; all of them are asked in one go."""
        if self._seen is None:
            text = "; ".join(f"echo {MARK}{key}; {{ {command}; }} 2>/dev/null" for key, command in questions().items())
            parts = self.shell(text + "; true").text.split(MARK)[1:]
            self._seen = {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in parts}
        return self._seen[name]
