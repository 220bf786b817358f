# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' documentation is well-formed, and what the actions take is what it says."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.component_spec import COMPONENT_SPEC

PLUGINS = "ansible_collections.vannah.healthcloud.plugins"
HERE = Path(__file__).resolve().parents[3] / "plugins"
NAMES = sorted(path.stem for path in (HERE / "modules").glob("*.py"))
OWN_ACTIONS = sorted(path.stem for path in (HERE / "action").glob("*.py") if path.stem in NAMES)
COMPARED = ("type", "elements", "required", "default", "choices")
KEYS = {"description", "type", "elements", "required", "default", "choices", "aliases", "suboptions", "version_added"}
TYPES = {"str", "path", "int", "float", "bool", "list", "dict", "raw"}
_MISSING = object()
#: Every option whose value no output may show. One that is added or goes is meant to be seen here.
SECRETS = {
    "acme_certificates.given.private_key",
    "caprover_apps.apps.basic_auth.password",
    "caprover_apps.apps.deploy_token.token",
    "caprover_apps.apps.repository.password",
    "caprover_apps.apps.repository.private_key",
    "caprover_apps.password",
    "caprover_apps.previous_password",
    "caprover_install.password",
    "caprover_install.previous_password",
    "docker_swarm.token",
    "caprover_deploy.apps.health.password",
    "caprover_deploy.password",
    "caprover_deploy.previous_password",
    "caprover_info.password",
    "caprover_server.password",
    "caprover_server.previous_password",
    "caprover_server.registries.password",
    "caprover_update.password",
    "caprover_update.previous_password",
    "docker_logins.logins.password",
    "minio_buckets.secret_key",
    "minio_heal.secret_key",
    "minio_info.secret_key",
    "minio_tiers.secret_key",
    "minio_tiers.tiers.secret_key",
    "minio_users.secret_key",
    "minio_users.service_accounts.secret_key",
    "minio_users.users.secret",
    "postgresql_objects.roles.password",
    "recovery_kit.passphrase",
    "registry_health.password",
    "registry_images.password",
    "restic_objects.secret_key",
}


def faults(options: dict[str, Any], where: str) -> list[str]:
    """What is wrong with documented options: a key that nothing reads would be a rule that does not hold."""
    found = []
    for name, option in options.items():
        path = f"{where}.{name}"
        found += [f"{path}: {key} means nothing" for key in sorted(set(option) - KEYS)]
        found += [f"{path}: no {key}" for key in ("description", "type") if not option.get(key)]
        found += [f"{path}: type {option[key]}" for key in ("type", "elements") if key in option and option[key] not in TYPES]
        if ("elements" in option) != (option.get("type") == "list"):
            found.append(f"{path}: a list, and only a list, has elements")
        if "suboptions" in option and "dict" not in (option["type"], option.get("elements")):
            found.append(f"{path}: suboptions without a mapping")
        default = option.get("default", _MISSING)
        chosen = [] if default is _MISSING else default if isinstance(default, list) else [default]
        if default is not _MISSING and (
            option.get("required") or not set(map(str, chosen)) <= set(map(str, option.get("choices", chosen)))
        ):
            found.append(f"{path}: default {default!r} with required or beside choices")
        found += faults(option.get("suboptions") or {}, path)
    return found


def hidden(spec: dict[str, Any], where: str) -> set[str]:
    """Paths of the options that are secrets."""
    found = set()
    for name, option in spec.items():
        found |= {f"{where}.{name}"} if option["no_log"] else hidden(option.get("options", {}), f"{where}.{name}")
    return found


def differences(spec: dict[str, Any], documented: dict[str, Any], where: str = "") -> list[str]:
    """Where a spec and a documentation disagree."""
    found = [f"{where}{key} is in one of them only" for key in sorted(set(spec) ^ set(documented))]
    for key in sorted(set(spec) & set(documented)):
        option, text = spec[key], documented[key]
        for aspect in COMPARED:
            if option.get(aspect, _MISSING) != text.get(aspect, _MISSING):
                found.append(f"{where}{key}: {aspect} is {option.get(aspect)!r}, documented {text.get(aspect)!r}")
        found += differences(option.get("options", {}), text.get("suboptions", {}), f"{where}{key}.")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_documentation_is_well_formed(name: str) -> None:
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    for text in (module.EXAMPLES, module.RETURN):
        assert yaml.safe_load(text)
    found = documented.documentation(name)
    assert found["module"] == name
    assert faults(found.get("options") or {}, name) == []


def test_ansible_shows_the_same() -> None:
    """``ansible-doc`` merges the fragments to the same options with the same defaults, and says who takes the lease."""
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", *(f"vannah.healthcloud.{name}" for name in NAMES)]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(HERE.parent / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environment, cwd=HERE.parent, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    shown = {name.rpartition(".")[2]: item["doc"] for name, item in json.loads(done.stdout).items()}
    assert sorted(shown) == NAMES
    for name, doc in shown.items():
        assert differences(documented.spec(name), doc.get("options") or {}) == [], name
        lease = (documented.documentation(name).get("attributes") or {}).get("lease")
        assert (doc.get("attributes") or {}).get("lease") == lease, name


@pytest.mark.parametrize("name", OWN_ACTIONS)
def test_actions_take_what_is_documented(name: str) -> None:
    """Those with a file of their own; the others have no spec but the documentation."""
    action = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule
    if name == "component":  # validates by itself, as components of roles are validated
        assert differences(COMPONENT_SPEC, documented.documentation(name)["options"]) == []
    elif name != "minio_heal":  # see test_service_call
        assert documented.spec(name) == action.ARGUMENT_SPEC


def test_secrets() -> None:
    assert {path for name in NAMES if name != "component" for path in hidden(documented.spec(name), name)} == SECRETS


def test_values_of_secrets_are_found() -> None:
    """Also in what does not fit the spec: the message about it would quote them."""
    spec = documented.spec("minio_users")
    params = {"secret_key": ["in a list"], "users": [{"name": "a", "secret": "of a user"}, "no mapping"], "service_accounts": None}
    assert documented.secrets(spec, params) == {"in a list", "of a user"}
    assert documented.secrets(spec, {"users": {"secret": "a mapping"}}) == {"a mapping"}
    assert documented.secrets(spec, {"secret_key": {"key": 123456}, "unknown": "x"}) == {"123456"}


@pytest.mark.parametrize("name", ["", "no_such_module", "../converge", "os"])
def test_a_name_that_is_no_module(name: str) -> None:
    with pytest.raises(LookupError, match="the collection has no module"):
        documented.spec(name)


@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        ({"type": "str", "description": "A.", "no_log": True}, "x.a: no_log means nothing"),
        ({"type": "str"}, "x.a: no description"),
        ({"type": "string", "description": "A."}, "x.a: type string"),
        ({"type": "list", "description": "A."}, "x.a: a list, and only a list, has elements"),
        ({"type": "str", "description": "A.", "suboptions": {}}, "x.a: suboptions without a mapping"),
        ({"type": "str", "description": "A.", "choices": ["b"], "default": "c"}, "x.a: default 'c' with required or beside choices"),
        ({"type": "dict", "description": "A.", "suboptions": {"b": {"type": "str"}}}, "x.a.b: no description"),
    ],
)
def test_faults_are_seen(option: dict[str, Any], wrong: str) -> None:
    assert faults({"a": option}, "x") == [wrong]


def test_nothing_is_newer_than_the_release() -> None:
    """``version_added`` is a release that there is, or the one that galaxy.yml names."""
    release = yaml.safe_load((HERE.parent / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    texts = {path: path.read_text(encoding="utf-8") for path in [*HERE.glob("*/*.py"), *HERE.glob("*/*.yml")]}
    added = re.compile(r"^ *version_added: *[\"']?([0-9.]+)", re.MULTILINE)
    found = {path.name: version for path, text in texts.items() for version in added.findall(text) if _numbers(version) > _numbers(release)}
    assert found == {}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_differences_are_seen() -> None:
    assert differences({"a": {"type": "str", "default": "x"}}, {"a": {"type": "str", "description": "A."}}) == [
        "a: default is 'x', documented None"
    ]
    assert differences({"a": {"type": "str"}}, {}) == ["a is in one of them only"]
