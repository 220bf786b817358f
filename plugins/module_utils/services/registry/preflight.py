# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of images: its name, its users, what it loads, its mirror, settings that have one place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ...agent.services.registry import wanted
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules import Area
from ...preflight.rules.directories import directory_problem
from ...preflight.rules.entries import entries, is_open
from ...preflight.rules.places import finding, place

ROLE = "registry"
SECRETS_FILE = "secrets.yml"
MIRROR_PASSWORD = "registry_mirror_password"
#: What bcrypt looks at (crypt(5)).
LONGEST_PASSWORD = 72

CODES = (
    Code(
        "registry-name",
        "The registry's name is not a host name or IPv4 address, or has a port or a scheme: images are named after it.",
        "Set registry_name: a name that the Docker hosts resolve, such as registry.example.org, or remove it for the host's own.",
    ),
    Code(
        "registry-users",
        "The registry has no user, a user is listed twice, or a name or a password is one that it cannot take.",
        "Set registry_users: entries of different names without colon, passwords of at most 72 bytes.",
    ),
    Code(
        "registry-login",
        "The Docker hosts are to log in with a user that the registry does not have.",
        "Set registry_login: a name of registry_users, or none; or remove it for the first of them.",
    ),
    Code(
        "registry-image",
        "An entry of registry_images is not an image, or its file is not named by its whole path.",
        "Set name, digest or source (an absolute path on the registry's host), and tag where the image has one.",
    ),
    Code(
        "registry-mirror-url",
        "What is mirrored is not the URL of another registry, or would be told the account's password without encryption.",
        "Set registry_mirror_url: https://host:port without a path, such as https://registry-1.docker.io.",
    ),
    Code(
        "registry-mirror-password",
        "The mirror has an account at the other registry, and its password is not among the site's secrets."
        " The owner of the account must provide it.",
        "Write registry_mirror_password into secrets.yml, with ansible-vault edit (create, where there is none yet).",
    ),
    Code(
        "registry-setting-refused",
        "A key of registry_settings has a variable of its own, or would take away TLS, the users or garbage collection.",
        "Use the variable that the message names, or remove the key.",
    ),
    Code(
        "registry-data-directory",
        "A directory of the registry is relative, one that others share, or is not kept across restarts or visible to the unit.",
        "Write an absolute path of its own, such as /var/lib/docker-registry.",
    ),
)

#: What Docker takes before the first slash of an image's name (github.com/distribution/reference, regexp.go): no underscore, no IPv6.
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
#: Paths of registry_settings that are refused: what is wrong, and the fix.
REFUSED = {
    ("auth",): ("every client that reaches the registry could push to it, or no user could log in", "registry_users"),
    ("http", "addr"): ("it has a variable of its own", "registry_port"),
    ("http", "tls"): ("passwords would go over the network without encryption, or Docker not trust the certificate", ""),
    ("http", "draintimeout"): ("it has a variable of its own", "registry_drain_timeout"),
    ("http", "debug", "addr"): ("it has a variable of its own", "registry_metrics_port"),
    ("storage", "filesystem", "rootdirectory"): ("it has a variable of its own", "registry_data_directory"),
    ("storage", "maintenance", "readonly"): ("garbage collection sets it, and takes it back", ""),
    ("proxy",): ("the registry would take no pushes", "registry_mirror"),
    ("version",): ("the registry reads no other version", ""),
}


def registry_hosts(site: Site) -> Iterator[Host]:
    """Hosts with the role."""
    return (host for host in site.hosts.values() if ROLE in host.roles)


def check_name(site: Site) -> Iterator[Finding]:
    """What all images are named after."""
    for host in registry_hosts(site):
        text = host.text("registry_name") or host.name
        if not _HOST.fullmatch(text):
            problem = f"{text!r} is not a name that names of images can begin with."
            fix = "set registry_name: a name without port and scheme, such as registry.example.org"
            yield finding(site, host, ("registry_name",), ROLE, "registry-name", problem, fix)


def check_users(site: Site) -> Iterator[Finding]:
    """Names, passwords, and whose of them the Docker hosts use."""
    for host in registry_hosts(site):
        given = host.known("registry_users")
        if not isinstance(given, list | tuple):
            continue
        where, name, source = place(site, host, ("registry_users",), ROLE)
        if not given:
            fix = "set registry_users: [{name: site}], whose password is made"
            yield Finding("registry-users", where, name, "no client could pull or push.", fix, source)
        known: list[str] = []
        for index, entry in enumerate(entries(list(given))):
            user, password = entry.get("name"), entry.get("password")
            if isinstance(user, str):
                problem = "the registry takes a name up to its first colon." if ":" in user else ""
                problem = "there is no name." if not user.strip() else problem
                problem = f"{user} is listed twice." if user in known else problem
                if problem:
                    yield Finding("registry-users", where, f"{name}[{index}].name", problem, "set name: letters and digits", source)
                known.append(user)
            if isinstance(password, str) and len(password.encode()) > LONGEST_PASSWORD:
                problem = f"the password is longer than {LONGEST_PASSWORD} bytes, and bcrypt does not look at the rest."
                yield Finding(
                    "registry-users", where, f"{name}[{index}].password", problem, "set password: a shorter one, or remove it", source
                )
        login = host.text("registry_login")
        if login not in ("", "none", *known) and not is_open(given):
            problem = f"the registry has no user {login}."
            yield finding(
                site, host, ("registry_login",), ROLE, "registry-login", problem, f"set registry_login: {' or '.join((*known, 'none'))}"
            )


def check_images(site: Site) -> Iterator[Finding]:
    """What is loaded from files."""
    for host in registry_hosts(site):
        given = host.known("registry_images")
        if not isinstance(given, list | tuple) or is_open(given):
            continue
        where, name, source = place(site, host, ("registry_images",), ROLE)
        for number, problem, fix in wanted.problems([entry if isinstance(entry, Mapping) else {} for entry in given]):
            yield Finding("registry-image", where, f"{name}[{number}]", f"{problem}.", fix, source)
        for number, entry in enumerate(given):
            path = entry.get("source") if isinstance(entry, Mapping) else None
            if path and not str(path).startswith("/"):
                fix = "set source: the whole path of the file on the registry's host"
                yield Finding("registry-image", where, f"{name}[{number}]", f"{path} is a relative path.", fix, source)


def check_mirror(site: Site) -> Iterator[Finding]:
    """The other registry, and the account there."""
    for host in registry_hosts(site):
        if host.known("registry_mirror") is not True:
            continue
        text, user = host.text("registry_mirror_url"), host.text("registry_mirror_user")
        problem = _url_problem(text, user)
        if problem:
            fix = "set registry_mirror_url: https://host:port of another registry, such as https://registry-1.docker.io"
            yield finding(site, host, ("registry_mirror_url",), ROLE, "registry-mirror-url", problem, fix)
        readable = all(file.opened and not file.malformed for file in site.secrets)
        if user and readable and not any(MIRROR_PASSWORD in file.values for file in site.secrets) and not host.known(MIRROR_PASSWORD):
            problem = f"{MIRROR_PASSWORD} of the account {user} is not in {SECRETS_FILE}, and only its owner knows it."
            fix = f"set {MIRROR_PASSWORD} in {SECRETS_FILE} (ansible-vault edit {SECRETS_FILE})"
            yield finding(site, host, ("registry_mirror_user",), ROLE, "registry-mirror-password", problem, fix)


def _url_problem(text: str, user: str) -> str:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return f"{text} is no URL."
    if url.scheme not in ("http", "https") or not url.hostname or (port is not None and not port):
        return f"{text!r} is no URL of a registry."
    if url.username is not None or url.path not in ("", "/") or url.query or url.fragment:
        return f"{text} has a user or a path in it."
    if url.scheme == "http" and user:
        return f"the password of {user} would go to {url.hostname} without encryption."
    return ""


def check_settings(site: Site) -> Iterator[Finding]:
    """Keys of registry_settings, whatever they are set to."""
    for host in registry_hosts(site):
        given = host.known("registry_settings")
        for path, (problem, fix) in REFUSED.items():
            if _has(given, path):
                where, name, source = place(site, host, ("registry_settings",), ROLE)
                yield Finding(
                    "registry-setting-refused",
                    where,
                    f"{name}.{'.'.join(path)}",
                    f"{problem}.",
                    f"set {fix} in its place" if fix else "remove it",
                    source,
                )


def _has(given: Any, path: tuple[str, ...]) -> bool:
    """Whether a mapping has a key below keys, or takes away what it would be in."""
    for number, key in enumerate(path):
        if given is UNKNOWN or not isinstance(given, Mapping) or key not in given:
            return False
        given = given[key]
        if number < len(path) - 1 and given is None:
            return True
    return True


def check_directories(site: Site) -> Iterator[Finding]:
    """Where images lie."""
    for host in registry_hosts(site):
        names = ["registry_data_directory", *(["registry_mirror_data_directory"] if host.known("registry_mirror") is True else [])]
        for name in names:
            text = host.known(name)
            problem = directory_problem(text, "the registry's", homes_hidden=True) if isinstance(text, str) else None
            if problem:
                fix = f"set {name}: an absolute path of its own, such as /var/lib/docker-registry"
                yield finding(site, host, (name,), ROLE, "registry-data-directory", problem, fix)


RULES = (check_name, check_users, check_images, check_mirror, check_settings, check_directories)

AREA = Area("The registry of images", CODES, RULES)
