# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role with a wrong file: preflight names the role, the file, the key and the fix, and never ends with an error of Python."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import new_role
import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.declared import role_files
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Finding
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import Controller, Site
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.reader import InventoryReader
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.rules import served
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.surroundings import schema_of

from tests.unit.lib.instructions import is_instruction

EXPORTS, SPECS, BOUNDS = "meta/exports.yml", "meta/argument_specs.yml", "meta/bounds.yml"
DEFAULTS, SITE = "defaults/main.yml", "meta/site_variables.yml"
COMPONENTS, ARTIFACTS = "meta/components.yml", "meta/artifacts.yml"
#: Change of one file of a good role (text -> text) -> file, path in it, and a part of the problem.
Change = Callable[[str], str | None]


def instead(old: str, new: str) -> Change:
    """A part replaced by another."""

    def change(text: str) -> str:
        assert old in text, text
        return text.replace(old, new, 1)

    return change


def all_of(new: str | None) -> Change:
    """The whole file."""
    return lambda _text: new


@pytest.fixture
def findings(tmp_path: Path, ansible_plugins: None) -> Callable[..., list[Finding]]:
    """The errors of a site whose one host has the role ``rack``, one file of which is changed."""
    collection = tmp_path / "collection"
    shutil.copytree(new_role.ROOT / "playbooks" / "vars", collection / "playbooks" / "vars")
    for path, text in new_role.files(new_role.words_of(new_role.ROOT, "rack")):
        if path.startswith("roles/"):
            (collection / path).parent.mkdir(parents=True, exist_ok=True)
            (collection / path).write_text(text, encoding="utf-8")
    inventory_file = tmp_path / "site" / "hosts.yml"
    inventory_file.parent.mkdir()

    def find(file: str, change: Change, of_site: str = "") -> list[Finding]:
        inventory_file.write_text(
            f"all: {{children: {{rack: {{hosts: {{a: }}}}}}, vars: {{site_name: clinic, site_domain: clinic.health, {of_site}}}}}\n",
            encoding="utf-8",
        )
        path = collection / "roles" / "rack" / file
        text = change(path.read_text(encoding="utf-8") if path.is_file() else "")
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
        loader = DataLoader()
        inventory = InventoryManager(loader=loader, sources=[str(inventory_file)])
        variables = VariableManager(loader=loader, inventory=inventory)
        sites = site_map.SiteMap(("base",), (site_map.Entry("rack", "base", ("rack", "monitoring")),))
        reader = InventoryReader(inventory, variables, loader, schema_of(loader, sites, collection), sites.roles_of)
        return list(judge(reader.read(Controller(key_files=("~/.ssh/id_ed25519",))), frozenset(sites.groups_served())).errors)

    return find


def test_a_good_role(findings: Callable[..., list[Finding]]) -> None:
    """The skeleton as it is, and without the file that a role may leave out."""
    assert findings(BOUNDS, all_of(None)) == []


@pytest.mark.parametrize("file", ["vars/main.yml", COMPONENTS])
def test_tags_of_ansible(findings: Callable[..., list[Finding]], file: str) -> None:
    """Plain YAML knows none of them."""
    text = "__rack_x: !unsafe '{{ x }}'\n" if file != COMPONENTS else "- {name: rack, files: [{path: /a, content: !unsafe '{{ x }}'}]}\n"
    assert [one for one in findings(file, all_of(text)) if one.code == "role-file-invalid"] == []


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        (DEFAULTS, None, "is missing, and meta/argument_specs.yml has variables."),
        (SPECS, None, "is missing, and defaults/main.yml has variables."),
        (DEFAULTS, "- a\n", "must be a mapping."),
        (SPECS, "argument_specs: {main: {options: [a]}}\n", "argument_specs.main.options must be a mapping or nothing."),
    ],
)
def test_what_follows_from_a_file_is_not_said(findings: Callable[..., list[Finding]], file: str, content: str | None, problem: str) -> None:
    """Neither the templates that use its variables, nor the variables in the inventory, are wrong."""
    found = findings(file, all_of(content), "rack_port: 9000")
    assert [(one.where, one.problem) for one in found] == [(f"roles/rack/{file}", problem)]


@pytest.mark.parametrize("port", ["70000", "text", "1.5", "[1]"])
def test_a_value_of_the_inventory_is_no_defect_of_the_role(findings: Callable[..., list[Finding]], port: str) -> None:
    """The variable has a finding of its own."""
    found = findings(BOUNDS, lambda text: text, f"rack_port: {port}")
    assert {one.code.partition("-")[0] for one in found} == {"variable"} and {one.variable for one in found} == {"rack_port"}


@pytest.mark.parametrize("broken", [" : [\n", "a: ['\n", "\x00\x01", "$ANSIBLE_VAULT;1.1;AES256\n6161\n"])
@pytest.mark.parametrize("file", role_files.FILES)
def test_a_file_that_cannot_be_read(findings: Callable[..., list[Finding]], file: str, broken: str) -> None:
    """Whatever its reader raises. What the file would say is missing then, so others may have findings, too."""
    found = [one for one in findings(file, all_of(broken)) if one.code == "role-file-invalid"]
    assert [(one.where, one.fix) for one in found] == [(f"roles/rack/{file}", f"correct roles/rack/{file}")]
    assert not any(one.code == "preflight-rule-broken" for one in found)


@pytest.mark.parametrize("content", ["- a\n", "hello\n", "5\n", "[]\n", "true\n"])
@pytest.mark.parametrize("file", role_files.FILES)
def test_a_file_that_is_no_mapping(findings: Callable[..., list[Finding]], file: str, content: str) -> None:
    """A list, a text or a number."""
    problems = {
        one.problem for one in findings(file, all_of(content)) if (one.code, one.where) == ("role-file-invalid", f"roles/rack/{file}")
    }
    if file != COMPONENTS:
        assert problems == {"must be a mapping."}
    elif content == "- a\n":
        assert problems == {"component 1 must be a mapping."}
    elif content != "[]\n":
        assert problems == {"must be a list of components."}


@pytest.mark.parametrize(
    ("file", "change", "problem"),
    [
        (SPECS, all_of("argument_specs: main\n"), "argument_specs must be a mapping."),
        (SPECS, all_of("argument_specs: {main: {options: [a]}}\n"), "argument_specs.main.options must be a mapping or nothing."),
        (SPECS, all_of("argument_specs: {other: {}}\n"), "argument_specs has no main."),
        (
            SPECS,
            all_of("argument_specs: {main: {options: {rack_port: int}}}\n"),
            "argument_specs.main.options.rack_port must be a mapping.",
        ),
        (SPECS, instead("type: int", "type: integer"), "options.rack_port.type must be one of str, int,"),
        (SPECS, instead("type: int", "type: int\n        required: perhaps"), "options.rack_port.required must be true or false."),
        (SPECS, instead("type: int", "type: int\n        choices: 5"), "options.rack_port.choices must be a list."),
        (SPECS, instead("type: int", "type: int\n        chioces: [5]"), "options.rack_port has the key chioces:"),
        (BOUNDS, instead("{min: 1024}", "{least: 1024}"), "rack_port has the key least:"),
        (BOUNDS, instead("{min: 1024}", '{min: "1024"}'), "rack_port.min must be a whole number."),
        (BOUNDS, instead("{min: 1024}", "{min: 1024, max: 10}"), "rack_port.min must not be more than its max."),
        (BOUNDS, instead("{min: 1024}", "1024"), "rack_port must be a mapping."),
        (BOUNDS, instead("{min: 1024}", "{pattern: '[^'}"), "rack_port.pattern must be a regular expression."),
        (BOUNDS, instead("rack_port", "rack_prot"), "the key rack_prot must be a variable in the role's argument_specs.yml."),
        (SITE, all_of("variables: [rack_x]\n"), "variables must be a mapping or nothing."),
        (SITE, all_of("removed: [{name: rack_x}]\n"), "removed[0] has no instead."),
        (EXPORTS, all_of(None), "is missing:"),
        (COMPONENTS, all_of(None), "is missing:"),
        (COMPONENTS, instead("  packages:", "  package:"), "component rack has the key package: it may have name, state,"),
        (COMPONENTS, instead("on_change:", "onchange:"), "has the key onchange: it may have"),
        (COMPONENTS, instead("- name: rack\n", "- when: true\n"), "component 1 has no name."),
        (COMPONENTS, all_of("- {name: rack, units: {name: rack.service}}\n"), "component rack.units must be a list"),
        (
            COMPONENTS,
            all_of("- {name: rack, units: [{name: rack.service, state: runs}]}\n"),
            "units[0].state must be one of started, stopped,",
        ),
        (COMPONENTS, all_of("- {name: rack, units: [{name: rack.service, enabled: perhaps}]}\n"), "units[0].enabled must be true or false"),
        (
            COMPONENTS,
            all_of("- {name: rack, units: [{name: rack.service, ready: {timeout: long}}]}\n"),
            "ready.timeout must be a whole number",
        ),
        (COMPONENTS, all_of("- {name: rack, files: [{mode: '0644'}]}\n"), "component rack.files[0] has no path."),
        (COMPONENTS, all_of("- {name: rack, files: [{path: /a, on_change: never}]}\n"), "files[0].on_change must be one of restart,"),
        (ARTIFACTS, all_of("tool: {verzion: 1}\n"), "tool has the key verzion: it may have version, arch,"),
        (ARTIFACTS, all_of("tool: [1]\n"), "tool must be a mapping."),
        (ARTIFACTS, all_of("tool: {version: 1}\n"), "tool: needs url with sha256, or go."),
        (ARTIFACTS, all_of("tool: {version: 1, url: 'https://a/b', sha256: abc}\n"), "tool: sha256 must be 64 hexadecimal digits"),
        (ARTIFACTS, all_of("tool: {version: 1, go: {module: a.b/c}}\n"), "tool.go has no version."),
        (ARTIFACTS, all_of("tool: {version: 1, go: {module: a.b/c, version: v1.0.0, tags: x}}\n"), "tool.go.tags must be a list."),
        (ARTIFACTS, all_of("Tool: {bring: it}\n"), "Tool: a name has small letters"),
    ],
)
def test_a_file_without_its_form(findings: Callable[..., list[Finding]], file: str, change: Change, problem: str) -> None:
    """The path of the key and what it must be."""
    found = [one for one in findings(file, change) if one.code == "role-file-invalid"]
    assert {one.where for one in found} == {f"roles/rack/{file}"} and any(problem in one.problem for one in found)


@pytest.mark.parametrize(
    ("file", "change", "path", "problem"),
    [
        (
            EXPORTS,
            instead("component: rack", "component: rakc"),
            "host.component",
            "there is no rakc: a component of the role is required.",
        ),
        (
            EXPORTS,
            instead("secrets: []", "secrets: [{name: rack_a, kind: password}, {name: rack_a, kind: password}]"),
            "secrets[1]",
            "twice",
        ),
        (EXPORTS, instead("keeps: []", "keeps: []\nwave: {prepared: bse}"), "wave.prepared", "there is no bse"),
        (EXPORTS, instead("keeps: []", "keeps: []\ncalls: [{module: rack_x, params: {}}]"), "calls[0].module", "there is no rack_x"),
        (EXPORTS, instead("keeps: []", "keeps: []\nartifacts: [tool]"), "artifacts[0]", "there is no tool"),
        (EXPORTS, instead("  rack_port:", "  rack_prot:"), "-", "the key rack_prot must be a variable in"),
        (
            SPECS,
            instead("      rack_port:", "      rack_prot: {type: int}\n      rack_port:"),
            "effects.rack_prot",
            "nothing says what a change of",
        ),
        (DEFAULTS, instead("rack_port", "rack_prot"), "argument_specs.main.options.rack_port", "has a default here, and none in"),
        (
            COMPONENTS,
            all_of("- {name: rack, files: [{path: /a, template: x.j2}]}\n"),
            "component rack.files[0].template",
            "there is no templates/x",
        ),
    ],
)
def test_a_name_of_what_is_not_there(findings: Callable[..., list[Finding]], file: str, change: Change, path: str, problem: str) -> None:
    """Before any host is asked: the role, the file, the key, what is wrong, and an instruction."""
    found = [one for one in findings(file, change) if one.code == "role-declaration-invalid"]
    assert any(one.variable == path and problem in one.problem for one in found), found
    assert all(one.where.startswith("roles/rack/meta/") and is_instruction(one.fix) and one.where in one.fix for one in found), found


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ rack_prot }}", "the template uses rack_prot, and there is no such variable."),
        ("{{ rack_port | }}", "the Jinja expression does not parse (its line 1)."),
        ("{{ rack_port }", "the Jinja expression does not parse (its line 1)."),
        ("{{ rack_port | nofilter }}", "the template uses a filter or a test that does not exist."),
        ("{{ rack_port is notest }}", "the template uses a filter or a test that does not exist."),
        ("{{ rack_port }}", ""),
        ("{{ ansible_facts.vannah.port }}", ""),
        ("{{ __rack_port }}", ""),
    ],
)
@pytest.mark.parametrize("where", ["port", "when"])
def test_templates_of_exports(findings: Callable[..., list[Finding]], where: str, template: str, problem: str) -> None:
    """A template that never has a value would leave the port out, without a message. What only the host knows is no error."""
    old = 'port: "{{ rack_port }}", proto: tcp'
    new = f'port: "{template}", proto: tcp' if where == "port" else f'{old}, when: "{template}"'
    found = [one for one in findings(EXPORTS, instead(old, new)) if one.variable == f"firewall_ports[0].{where}"]
    assert [one.problem for one in found] == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("host: {component: rack,", "host: {component: rack, when: '{{ rack_prot }}',", "host.when"),
        ("keeps: []", "keeps: []\nconverged: '{{ rack_prot }}'", "converged"),
        ("keeps: []", "keeps: []\nidentity: {site_name: {why: x, value: '{{ rack_prot }}'}}", "identity.site_name.value"),
        ("keeps: []", "keeps: []\nfollows: {site_name: '{{ rack_prot }}'}", "follows.site_name"),
    ],
)
def test_templates_of_mappings_have_a_value(findings: Callable[..., list[Finding]], old: str, new: str, path: str) -> None:
    """Those of a host's own variables."""
    found = [one for one in findings(EXPORTS, instead(old, new)) if one.variable == path]
    assert [one.problem for one in found] == ["the template uses rack_prot, and there is no such variable."]


def test_templates_of_mappings_are_parsed(findings: Callable[..., list[Finding]]) -> None:
    """Their variables are a task's; their syntax is known."""
    found = findings(
        EXPORTS, instead("keeps: []", 'keeps: []\nrolling: {name: rack, update: {module: packages_update, params: {names: ["{{ b | }}"]}}}')
    )
    assert [(one.variable, one.problem) for one in found] == [
        ("rolling.update.params.names[0]", "the Jinja expression does not parse (its line 1).")
    ]


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (BOUNDS, instead("{min: 1024}", "{min: 60000}")),
        (SPECS, instead("type: int", "type: int\n        choices: [5]")),
        (DEFAULTS, lambda text: text.replace("rack_port: ", "rack_port: x")),
    ],
)
def test_a_default_that_a_site_could_not_set(findings: Callable[..., list[Finding]], file: str, change: Change) -> None:
    found = [one for one in findings(file, change) if one.variable == "rack_port"]
    assert [(one.where, one.problem.partition(":")[0]) for one in found] == [("roles/rack/defaults/main.yml", "the default")]


def test_items_that_do_not_apply_are_not_evaluated(findings: Callable[..., list[Finding]]) -> None:
    """Their templates may use what is only there where they apply."""
    found = findings(EXPORTS, instead('port: "{{ rack_port }}", proto', 'port: "{{ rack_tls }}", when: "{{ rack_port == 1 }}", proto'))
    assert [one for one in found if one.variable != "scrape_targets"] == []


def test_a_role_that_the_map_does_not_name(tmp_path: Path, ansible_plugins: None) -> None:
    """It is a warning; an empty folder that version control left behind is no role."""
    collection = tmp_path / "collection"
    shutil.copytree(new_role.ROOT / "playbooks" / "vars", collection / "playbooks" / "vars")
    for path, text in new_role.files(new_role.words_of(new_role.ROOT, "rack")):
        if path.startswith("roles/"):
            (collection / path).parent.mkdir(parents=True, exist_ok=True)
            (collection / path).write_text(text, encoding="utf-8")
    (collection / "roles" / "left" / "meta").mkdir(parents=True)
    schema = schema_of(DataLoader(), site_map.SiteMap(("base",), ()), collection)
    found = list(served.check_unserved(Site(schema)))
    assert [(one.code, one.where) for one in found] == [("role-not-in-map", "roles/rack")] and is_instruction(found[0].fix)
    named = schema_of(DataLoader(), site_map.SiteMap(("base",), (site_map.Entry("rack", "base", ("rack",)),)), collection)
    assert list(served.check_unserved(Site(named))) == []
