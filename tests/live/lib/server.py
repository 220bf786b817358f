# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of the site, asked through Ansible as the playbooks reach it, and a role of its database for the time of the tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import testinfra

from tests.live.lib.hidden import hide
from tests.live.lib.waiting import awaiting

#: Begins each answer; a word that no shell reads as anything else.
MARK = "@@@"
#: Names of what is asked of every server -> the command. Each prints nothing where the program is missing.
QUESTIONS = {
    "sshd": "/usr/sbin/sshd -T",
    "journald": "systemd-analyze cat-config systemd/journald.conf",
    "failed": "systemctl list-units --failed --plain --no-legend",
    "hostname": "hostname",
    "hosts": "cat /etc/hosts",
    "firewall": "/usr/sbin/nft list table inet vannah",
    "authority": "cat /etc/vannah/pki/ca.crt",
    "readable": "find /etc/vannah -name '*key*' -type f -perm /o+r; find /etc/patroni/config.yml -perm /o+r;"
    " find /var/lib/vannah -maxdepth 0 -perm /go+rwx",
    "updates": "apt-config dump Unattended-Upgrade::Package-Blacklist",
    "listening": "ss -Hltn",
    "processes": "ps axww -o args",
    # Not those in containers: an app gets its secrets in its environment, and that is its owner's wish (roles/apps/README.md, "Secrets").
    "environments": "host=$(readlink /proc/1/ns/pid); for p in /proc/[0-9]*; do"
    " if [ \"$(readlink $p/ns/pid)\" = \"$host\" ]; then tr '\\0' '\\n' < $p/environ; fi; done",
    "journal": "journalctl -q --no-pager -o cat -n 20000",
    "store": "/usr/local/sbin/minio-mc --json admin info site",
    "store_unit": "systemctl show -p User,NoNewPrivileges,ProtectSystem,CapabilityBoundingSet minio.service",
    "store_modes": "stat -c '%a %U:%G' /etc/minio/secrets.env /etc/minio/certs/private.key /etc/minio/mc/config.json",
    "temporary": "find /tmp /var/tmp /root/.ansible -xdev -type f -size -1M -exec cat {} +",
}


@dataclass(frozen=True)
class Answer:
    """What a command on a server gave."""

    status: int
    text: str


class Server:
    """One server of the site, reached as the playbooks reach it."""

    def __init__(self, name: str, inventory: Path, postgresql_port: int = 5432) -> None:
        self.name = name
        self._postgresql_port = str(postgresql_port)
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
        """The answer to one of QUESTIONS; all of them are asked in one go."""
        if self._seen is None:
            text = "; ".join(f"echo {MARK}{key}; {{ {command}; }} 2>/dev/null" for key, command in QUESTIONS.items())
            parts = self.shell(text + "; true").text.split(MARK)[1:]
            self._seen = {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in parts}
        return self._seen[name]

    def sql(self, statement: str) -> str:
        """Ask the server's own PostgreSQL over its socket."""
        psql = ("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-p", self._postgresql_port, "-d", "postgres")
        answer = self.ask("runuser", "-u", "postgres", "--", *psql, "-c", statement)
        assert answer.status == 0, f"{self.name}: psql exited {answer.status} on: {statement.split(maxsplit=1)[0]} ..."
        return answer.text.strip()


def scram_verifier(password: str, iterations: int = 4096) -> str:
    """What PostgreSQL stores of a password (RFC 5803), so that the password itself never leaves this process."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored, server = hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{encoded[0]}${encoded[1]}:{encoded[2]}"


@dataclass(frozen=True)
class Login:
    """A role of the database that lives as long as the tests."""

    role: str
    password: str = field(repr=False)
    schema: str

    def __post_init__(self) -> None:
        hide(self.password)
