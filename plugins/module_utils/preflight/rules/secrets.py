# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets: where they lie and whether they are any. No text of a finding holds a value, or says how long it is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...secrets.store import NAME
from ..findings import Code, Finding
from ..model import Host, Site
from ..schema import ANSIBLE_VARIABLES, Option, looks_secret
from ..texts import Template, Vaulted, has_control
from .entries import entries
from .places import place

SHORTEST = 16
#: Fewer different characters than this in a secret of the shortest length are a pattern, not chance.
FEWEST_CHARACTERS = 6

CODES = (
    Code(
        "secret-known-default",
        "A secret is a well-known default, with or without digits and signs around it, or a pattern of a few characters.",
        "Remove it, so that one is generated; or use a value that a generator made: openssl rand -base64 24.",
    ),
    Code(
        "secret-too-short",
        f"A secret is shorter than {SHORTEST} characters.",
        "Remove it, so that one is generated; or use at least 16 characters.",
    ),
    Code(
        "secret-two-purposes",
        "Two secrets have the same value: anyone who learns one has the other.",
        "Use a value of its own for each purpose; or remove it, so that one is generated.",
    ),
    Code(
        "secret-in-plain",
        "A secret is in plain YAML, or in a file of secrets that is not encrypted.",
        "Encrypt the value with ansible-vault encrypt_string; or remove it, where the site's secrets.yml holds one.",
    ),
    Code(
        "secret-newline",
        "A secret has a line break or another control character in it.",
        "Write the value on one line, without a block scalar.",
    ),
    Code(
        "secret-file-closed",
        "A file of secrets does not open with the given vault password, or is damaged.",
        "Use the right vault password: --vault-password-file or --ask-vault-pass.",
    ),
    Code(
        "secret-file-form",
        "A file of secrets opens, but is not a mapping of names to texts: it does not parse, or a value in it is not a text.",
        'Write one line name: "text" for each secret, with ansible-vault edit.',
    ),
    Code(
        "secret-name-unusable",
        "A user or role is to get one of the site's secrets, which would have its name, and that has other characters than a secret's may.",
        "Use a name of letters, digits, dots, hyphens and underscores; or a password of its own.",
    ),
)

#: Defaults of products and of their documentation, and what people write until they know better; lower case, letters and digits only.
KNOWN = frozenset(
    """
    admin adminadmin administrator adminpassword akiaiosfodnn7example alicepassword ansible api apipassword backup bitnami bucket
    cable caprover captain changeit changeme changemeplease changethis changethispassword clinic clouduser cookie database db
    dbpassword dbuser debian default defaultpassword demo demopassword dev development docker dummy elastic etcd example
    examplepassword foobar foobarbaz geheim grafana guest guestguest haproxy health hello helloworld hospital iloveyou
    insertpasswordhere letmein login loki master mauvaisesecret meddream minio minioadmin minioadminminioadmin miniosecret
    miniostorage mongo monitoring monkey mypassword mysecret mysecretpassword mysecurepassword mysql nimda nopassword orthanc
    orthancpassword pacs pass passphrase passw0rd password passwordpassword passwort patroni pgbackrest pgpassword placeholder
    pleasechangeme postgres postgrespassword postgresql postgresqlpassword prometheus public qwerty qwertyuiop qwertz rabbit
    rabbitmq rabbitmqpassword redis redispassword replaceme replicate replication replicator replicatorpassword reppass repuser
    restic root rootpassword rootroot s3cr3t secret secretkey secretpassword secrets secretsecret securepassword server service
    site staging storage super superadmin superpassword supersecret supersecretpassword superuser superuserpassword support
    swordfish system temp temppassword test testing testpassword testtest toor topsecret traefik trustno1 ubuntu user username
    userpassword vagrant valkey vannah vannahcloud vannahhealthcloud vhc vhcpassword welcome
    wjalrxutnfemik7mdengbpxrficyexamplekey yourpassword yourpasswordhere yoursecret yoursecretkey zalando
    """.split()
)
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
#: What only names a secret of the site, in the environment of an app.
_REFERENCE = re.compile(r"\$\{secret\.[A-Za-z0-9_-]+(?:\|url)?\}")
#: How keys of a keyboard and of the alphabet follow each other.
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "zyxwvutsrqponmlkjihgfedcba",
    "9876543210",
    "0123456789abcdef",
)
#: What opens the connection is the owner's, not the site's: it may be short, and one person has one password for login and sudo.
_CONNECTION = "the connection"


@dataclass(frozen=True)
class Secret:
    """One value that is a secret, and where it stands."""

    where: str
    path: str
    value: str
    source: str = ""
    plain: bool = False
    purpose: str = ""
    required: bool = False


def secrets_of(site: Site) -> list[Secret]:
    """Every secret that can be read: those of the files of secrets, and the variables whose option or name says that they are one."""
    found = [
        Secret(file.path, name, value, file.path, not file.encrypted, name) for file in site.secrets for name, value in file.values.items()
    ]
    for definition in site.definitions:
        option = site.schema.options.get(definition.name)
        for path, value, required in _leaves(option, definition.name, definition.name, definition.value):
            purpose = _CONNECTION if definition.name in ANSIBLE_VARIABLES else path
            found.append(Secret(definition.owner, path, str(value), definition.source, not isinstance(value, Vaulted), purpose, required))
    return found


def _leaves(option: Option | None, name: str, path: str, value: Any) -> Iterator[tuple[str, str, bool]]:
    """(path, text, whether it is required) of each secret in a value. A template is not one: its source is checked where it is defined."""
    if isinstance(value, Mapping):
        inner = option.options if option is not None and option.options else {}
        for key, item in value.items():
            yield from _leaves(inner.get(str(key)), str(key), f"{path}.{key}", item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _leaves(option, name, f"{path}[{index}]", item)
    elif isinstance(value, str) and value and not isinstance(value, Template) and not _REFERENCE.fullmatch(value):
        # A verifier is what a server keeps instead of the password; it opens nothing.
        if (option.secret if option is not None else looks_secret(name)) and not value.startswith("SCRAM-SHA-256$"):
            yield path, value, option is not None and option.required
    elif isinstance(value, int) and not isinstance(value, bool) and option is None and looks_secret(name):
        yield path, str(value), False  # a password of digits without quotes; where there is an option the type check speaks of it


def check_files(site: Site) -> Iterator[Finding]:
    """Files of secrets: encrypted, and with the right password."""
    for file in site.secrets:
        if not file.encrypted:
            problem = "the file is in plain text: anyone who reads it controls the site."
            fix = f"run ansible-vault encrypt {file.path}, and renew the secrets if others could read it"
            yield Finding("secret-in-plain", file.path, "-", problem, fix)
        elif file.malformed:
            fix = f'write one line name: "text" for each secret, with ansible-vault edit {file.path}'
            yield Finding("secret-file-form", file.path, "-", f"{file.reason.rstrip('.')}.", fix)
        elif not file.opened:
            fix = "give the right vault password (--vault-password-file, --ask-vault-pass), or restore a damaged file from the recovery kit"
            yield Finding("secret-file-closed", file.path, "-", f"{file.reason.rstrip('.')}.", fix)


def check_values(site: Site) -> Iterator[Finding]:
    """Each secret by itself."""
    in_files = {file.path for file in site.secrets}
    # Names that stand among the secrets beside what they belong to. Who gave them decides how long they are.
    names = {str(item["name"]) for item in site.schema.exported("given_secrets") if item.get("identifies")}
    for secret in secrets_of(site):
        short = secret.path.rpartition(".")[2]
        if secret.plain and secret.where not in in_files:
            problem = "a secret in plain text."
            fix = f"set {short}: the value from ansible-vault encrypt_string"
            if not secret.required:
                fix += ", or remove it where the site's secrets.yml has one"
            yield Finding("secret-in-plain", secret.where, secret.path, problem, fix, secret.source)
        if has_control(secret.value):
            problem = "there is a line break or another control character in the value."
            yield Finding(
                "secret-newline",
                secret.where,
                secret.path,
                problem,
                f"set {short}: the value on one line, without a block scalar",
                secret.source,
            )
        if is_guessable(secret.value.strip()):
            problem = "the value is a well-known default, or a pattern."
            yield Finding(
                "secret-known-default",
                secret.where,
                secret.path,
                problem,
                f"set {short}: the output of openssl rand -base64 24",
                secret.source,
            )
        elif len(secret.value.strip()) < SHORTEST and secret.purpose != _CONNECTION and secret.purpose not in names:
            problem = f"the value is shorter than {SHORTEST} characters."
            yield Finding(
                "secret-too-short", secret.where, secret.path, problem, f"set {short}: the output of openssl rand -base64 24", secret.source
            )


def check_purposes(site: Site) -> Iterator[Finding]:
    """One value for two purposes. The same variable for several hosts is one purpose."""
    by_value: dict[str, list[Secret]] = defaultdict(list)
    for secret in secrets_of(site):
        by_value[secret.value.strip()].append(secret)
    for holders in by_value.values():
        first = min(holders, key=lambda secret: (secret.purpose, secret.where))
        for secret in holders:
            if secret.purpose != first.purpose:
                problem = f"the value is that of {first.path} ({first.where}) too."
                fix = f"set {secret.path.rpartition('.')[2]}: a value of its own"
                yield Finding("secret-two-purposes", secret.where, secret.path, problem, fix, secret.source)


def check_names(site: Site) -> Iterator[Finding]:
    """Names that become a part of a secret's name."""
    stated = site.schema.exported("named_secrets")
    for host in site.hosts.values():
        for variable, key, own in ((item["variable"], item["key"], item["own"]) for item in stated if item["role"] in host.roles):
            where, _variable, source = place(site, host, (variable,), host.name)
            for index, name in _to_be_named(host, variable, key, own):
                if not NAME.fullmatch(f"of_{name}"):
                    shown = "this name" if isinstance(name, Vaulted) else repr(str(name))
                    problem = f"one of the site's secrets would be named after {shown}, and has only letters, digits and _ . - in its name."
                    fix = f"set {key}: such a name, or {own}: its own, from ansible-vault encrypt_string"
                    yield Finding("secret-name-unusable", where, f"{variable}[{index}].{key}", problem, fix, source)


def _to_be_named(host: Host, variable: str, key: str, own: str) -> Iterator[tuple[int, str]]:
    """Entries that get a secret of the site's."""
    for index, entry in enumerate(entries(host.known(variable))):
        name = entry.get(key)
        if (
            entry.get("state", "present") == "present"
            and not entry.get(own)
            and isinstance(name, str)
            and name
            and entry.get("login", True) is True
        ):
            yield index, name


def is_guessable(value: str) -> bool:
    """Whether a value is a known default, one with digits and signs around it, such a word repeated, or a pattern of a few characters."""
    lowered = value.lower()
    bare = lowered.strip(" 0123456789!?.,:;#-_*+=%&/()")
    for text in (lowered, bare, bare.translate(_LEET)):
        letters = re.sub(r"[^a-z0-9]+", "", text)
        for word in (letters, letters.strip("0123456789"), re.sub(r"[^a-z]+", "", text)):
            if word in KNOWN or _repeated(word) in KNOWN:
                return True
    if len(value) < SHORTEST:
        return False
    return len(set(value)) < FEWEST_CHARACTERS or any(lowered in run * 3 for run in _RUNS)


def _repeated(word: str) -> str:
    """The shortest part whose repetition is the word."""
    at = (word + word).find(word, 1)
    return word[:at] if word and at < len(word) else word


RULES = (check_files, check_values, check_purposes, check_names)
