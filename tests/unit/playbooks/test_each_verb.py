# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each playbook of a service begins with a look for its hosts, and the playbooks that texts advise exist."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map

from tests.unit.lib.playbook_runs import REPOSITORY

#: A variable of a command in a verb's comment that has to be given (others are in brackets), and that names a host.
REQUIRED_HOST = re.compile(r"(?<!\[)-e (\w+_(?:member|host|node|server))=\w")


def verbs() -> list[tuple[str, str]]:
    """Each playbook of a service whose role is not every host's, and the groups that give hosts its role."""
    groups = {entry.role: entry.groups for entry in site_map.load().roles}
    found = []
    for path in sorted((REPOSITORY / "playbooks").glob("*/*.yml")):
        given = groups.get(path.parent.name, (site_map.ALL,))
        if site_map.ALL not in given:
            found.append((f"{path.parent.name}/{path.name}", ":".join(given)))
    return found


@pytest.mark.parametrize(("verb", "group"), verbs())
def test_each_verb_looks_for_its_hosts_first(verb: str, group: str) -> None:
    """Ansible alone would end well with nothing done. A verb may begin with another one of its service."""
    path = REPOSITORY / "playbooks" / verb
    text = path.read_text(encoding="utf-8")
    first = yaml.safe_load(text)[0]
    if not first["ansible.builtin.import_playbook"].startswith("../"):
        first = yaml.safe_load(path.with_name(first["ansible.builtin.import_playbook"]).read_text(encoding="utf-8"))[0]
    assert (first["ansible.builtin.import_playbook"], first["vars"]["verb_group"]) == ("../verb.yml", group)
    # Nor without the member that it acts on.
    for name in REQUIRED_HOST.findall(text):
        assert name in first["vars"].get("verb_member", ""), f"{verb} acts on {name}, which --limit may leave out: set verb_member"


def test_verbs_that_act_on_a_host_are_found() -> None:
    """By the command in their comments; a pattern that finds none would check nothing."""
    acting = {verb for verb, _group in verbs() if REQUIRED_HOST.search((REPOSITORY / "playbooks" / verb).read_text(encoding="utf-8"))}
    assert {"caprover/remove.yml", "etcd/remove.yml", "minio/replace_drive.yml", "postgresql/reinit.yml"} <= acting
    assert "postgresql/switchover.yml" not in acting


#: Texts that advise a playbook.
ADVISING = ("plugins/**/*.py", "roles/*/meta/*.yml", "roles/*/README.md", "docs/*.md", "README.md")
#: Names playbooks that are to be written.
OTHER = "docs/new-service.md"


def advised(text: str) -> set[str]:
    """The playbooks that a text names; one of each service as ``playbooks/*/x.yml``."""
    return set(re.findall(r"(?<![\w/.-])playbooks/(?:[a-z_]+/|<\w+>/)*[a-z_]+\.yml", text))


def test_playbooks_that_texts_advise_exist() -> None:
    """Also for each service, where a text names none."""
    services = sorted(
        {path.parent.name for path in (REPOSITORY / "playbooks").glob("*/*.yml")} & {entry.role for entry in site_map.load().roles}
    )
    missing, seen = set(), 0
    for glob in ADVISING:
        for path in (path for path in sorted(REPOSITORY.glob(glob)) if path != REPOSITORY / OTHER):
            for name in advised(path.read_text(encoding="utf-8")):
                seen += 1
                ways = [re.sub(r"<\w+>", service, name) for service in services] if "<" in name else [name]
                missing |= {f"{path.relative_to(REPOSITORY)}: {way}" for way in ways if not (REPOSITORY / way).is_file()}
    assert sorted(missing) == []
    assert seen > 20
