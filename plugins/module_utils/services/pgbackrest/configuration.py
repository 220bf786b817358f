# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pgBackRest's configuration of a site: that of the backup server and that of each database server.

Sections and options are those of https://pgbackrest.org/configuration.html, as 2.45 (Debian 12) and 2.55 (Debian 13) know them.
The backup server has the repositories, their keys and all members of the cluster; it finds out itself which member leads. A database
server knows only its own member and the backup server: it gets neither the keys of the repositories nor those of the off-site store. Both
ends run pgBackRest's TLS server and accept certificates of the site's CA with the names that are listed (``tls-server-auth``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

Value = str | list[str]
Sections = dict[str, dict[str, Value]]

CIPHER = "aes-256-cbc"
#: Options that a variable of the role sets, or that would take away what the role promises -> the fix.
OWNED = {
    "archive-async": "remove it: WAL is archived asynchronously",
    "archive-push-queue-max": "pgbackrest_archive_queue_max",
    "backup-standby": "pgbackrest_from_standby",
    "compress": "pgbackrest_compress_type",
    "compress-level": "pgbackrest_compress_level",
    "compress-type": "pgbackrest_compress_type",
    "config": "remove it: the role writes the file",
    "log-path": "remove it: the role's jobs read the logs there",
    "online": "remove it: a backup of files that a server writes to cannot be restored",
    "process-max": "pgbackrest_processes",
    "spool-path": "remove it: the role's jobs measure the queue there",
    "stanza": "pgbackrest_stanza",
}
#: Beginnings of such options.
OWNED_BEGINNINGS = {
    "pg": "remove it: the role knows the members of the cluster",
    "repo": "pgbackrest_retention, pgbackrest_offsite or another variable of the role",
    "tls-server": "pgbackrest_port",
}


class ConfigurationError(ValueError):
    """A value cannot be written; the text names its option and never the value."""


def server(site: Mapping[str, Any]) -> Sections:
    """Configuration of the backup server.

    :param site: ``stanza``; ``port`` of the TLS servers; ``pki``: ``certificate``, ``key``, ``ca``, paths on the host; ``members``:
        ``name``, ``port``, ``path`` (data directory) of each database server; ``repository``: see :func:`_repository`;
        ``offsite``: see :func:`_offsite`, empty without one; ``from_standby``: whether a standby is read; ``processes``;
        ``compress``: ``type``, ``level`` (or None); ``settings``: options over the role's own, None removes one
    """
    general = _general(site)
    general |= {"start-fast": "y", "backup-standby": "y" if site["from_standby"] and len(site["members"]) > 1 else "n"}
    general |= _repository("repo1", site["repository"])
    if site.get("offsite"):
        general |= _offsite("repo2", site["offsite"])
    general |= _tls(site, [member["name"] for member in site["members"]])
    stanza: dict[str, Value] = {}
    for number, member in enumerate(site["members"], 1):
        stanza |= {
            f"pg{number}-host": member["name"],
            f"pg{number}-host-type": "tls",
            f"pg{number}-host-port": str(site["port"]),
            f"pg{number}-host-cert-file": site["pki"]["certificate"],
            f"pg{number}-host-key-file": site["pki"]["key"],
            f"pg{number}-host-ca-file": site["pki"]["ca"],
            f"pg{number}-path": member["path"],
            f"pg{number}-port": str(member["port"]),
            f"pg{number}-socket-path": "/run/postgresql",
        }
    return {"global": _with(general, site.get("settings") or {}), site["stanza"]: stanza}


def database(site: Mapping[str, Any], name: str) -> Sections:
    """Configuration of a database server.

    :param site: as for :func:`server`, with ``server`` (name of the backup server) and ``queue_max`` (as ``16GiB``), without secrets
    :param name: the database server
    """
    (member,) = [one for one in site["members"] if one["name"] == name]
    general = _general(site)
    for number in range(1, 3 if site.get("offsite") else 2):
        general |= {
            f"repo{number}-host": site["server"],
            f"repo{number}-host-type": "tls",
            f"repo{number}-host-user": "postgres",
            f"repo{number}-host-port": str(site["port"]),
            f"repo{number}-host-cert-file": site["pki"]["certificate"],
            f"repo{number}-host-key-file": site["pki"]["key"],
            f"repo{number}-host-ca-file": site["pki"]["ca"],
        }
    general |= {"archive-async": "y", "spool-path": "/var/spool/pgbackrest", "archive-push-queue-max": str(site["queue_max"])}
    general |= _tls(site, [site["server"]])
    stanza: dict[str, Value] = {"pg1-path": member["path"], "pg1-port": str(member["port"]), "pg1-socket-path": "/run/postgresql"}
    return {"global": _with(general, site.get("settings") or {}), site["stanza"]: stanza}


def scratch(site: Mapping[str, Any], path: str) -> Sections:
    """Configuration of restores on the backup server: its repositories, and a member that is local.

    :param site: as for :func:`server`
    :param path: where restores go when the command does not say it
    """
    made = server(site)["global"]
    general = {option: value for option, value in made.items() if not option.startswith("tls-server") and option not in ("backup-standby",)}
    return {"global": general, site["stanza"]: {"pg1-path": path}}


def _general(site: Mapping[str, Any]) -> dict[str, Value]:
    level = site["compress"].get("level")
    return {
        "process-max": str(site["processes"]),
        "compress-type": site["compress"]["type"],
        **({} if level is None else {"compress-level": str(level)}),
        "log-path": "/var/log/pgbackrest",
        "log-level-console": "warn",
        "log-level-file": "info",
    }


def _tls(site: Mapping[str, Any], clients: Iterable[str]) -> dict[str, Value]:
    return {
        "tls-server-address": "*",
        "tls-server-port": str(site["port"]),
        "tls-server-cert-file": site["pki"]["certificate"],
        "tls-server-key-file": site["pki"]["key"],
        "tls-server-ca-file": site["pki"]["ca"],
        "tls-server-auth": [f"{client}={site['stanza']}" for client in clients],
    }


def _repository(prefix: str, given: Mapping[str, Any]) -> dict[str, Value]:
    """:param given: ``path``; ``cipher`` (the passphrase); ``retention``: see :func:`_retention`; ``bundle``, ``block`` (bools)"""
    return {
        f"{prefix}-path": given["path"],
        f"{prefix}-cipher-type": CIPHER,
        f"{prefix}-cipher-pass": given["cipher"],
        f"{prefix}-bundle": "y" if given.get("bundle", True) else "n",
        **({f"{prefix}-block": "y"} if given.get("block") else {}),
        **_retention(prefix, given["retention"]),
    }


def _retention(prefix: str, given: Mapping[str, Any]) -> dict[str, Value]:
    """:param given: ``full`` (a count, or days where ``type`` is ``time``), ``type``, ``differential``, ``archive`` (counts or None)"""
    return {
        f"{prefix}-retention-full": str(given["full"]),
        f"{prefix}-retention-full-type": given.get("type") or "count",
        **({f"{prefix}-retention-diff": str(given["differential"])} if given.get("differential") else {}),
        **({f"{prefix}-retention-archive": str(given["archive"])} if given.get("archive") else {}),
    }


def _offsite(prefix: str, given: Mapping[str, Any]) -> dict[str, Value]:
    """A repository on any S3.

    :param given: as :func:`_repository`; ``endpoint``: ``https://host[:port]`` or ``host[:port]``; ``bucket``, ``region``, ``key``,
        ``secret``; ``uri_style`` (``host`` or ``path``); ``ca``: a file on the host, or nothing for what the host trusts
    """
    host, port = endpoint(str(given["endpoint"]))
    return {
        f"{prefix}-type": "s3",
        f"{prefix}-s3-endpoint": host,
        f"{prefix}-s3-bucket": given["bucket"],
        f"{prefix}-s3-region": given["region"],
        f"{prefix}-s3-key": given["key"],
        f"{prefix}-s3-key-secret": given["secret"],
        f"{prefix}-s3-uri-style": given["uri_style"],
        **({f"{prefix}-storage-port": str(port)} if port != 443 else {}),
        **({f"{prefix}-storage-ca-file": given["ca"]} if given.get("ca") else {}),
        **_repository(prefix, given),
    }


def endpoint(text: str) -> tuple[str, int]:
    """Host and port of an S3 endpoint.

    :raises ConfigurationError: it is not one, or one without TLS
    """
    problem = endpoint_problem(text)
    if problem:
        raise ConfigurationError(problem)
    url = urlsplit(text if "//" in text else f"//{text}")
    return str(url.hostname), url.port or 443


def endpoint_problem(text: str) -> str:
    """Why an S3 endpoint is refused; empty where it is one with TLS."""
    try:
        url = urlsplit(text if "//" in text else f"//{text}")
        port = url.port
    except ValueError:
        return f"{text} is not a URL"
    if url.scheme not in ("", "https"):
        return f"{text} has no TLS: keys would travel without encryption"
    if not url.hostname or port == 0 or any(sign.isspace() for sign in text):
        return f"{text!r} is not the endpoint of an object store"
    if url.username is not None or url.path not in ("", "/") or url.query or url.fragment:
        return f"{url.hostname} has a user, a bucket or a path in its endpoint"
    return ""


def _with(general: dict[str, Value], settings: Mapping[str, Any]) -> dict[str, Value]:
    made = dict(general)
    for option, value in settings.items():
        if value is None:
            made.pop(option, None)
        else:
            made[str(option)] = [_text(one) for one in value] if isinstance(value, list) else _text(value)
    return made


def _text(value: Any) -> str:
    """A YAML value as pgBackRest writes it."""
    return ("y" if value else "n") if isinstance(value, bool) else str(value)


def owned(option: str) -> str:
    """What to write in place of an option of ``pgbackrest_settings``; empty where it may be set there."""
    if option in OWNED:
        return _instruction(OWNED[option])
    for beginning, fix in OWNED_BEGINNINGS.items():
        rest = option.removeprefix(beginning)
        if rest != option and (rest.startswith("-") or rest[:1].isdigit()):
            return _instruction(fix)
    return ""


def _instruction(said: str) -> str:
    return said if said.startswith("remove it") else f"use {said}"


def text_of(sections: Sections) -> str:
    """The text of pgbackrest.conf.

    :raises ConfigurationError: a value is empty, has a line break, or begins or ends with a space: pgBackRest would read another one
    """
    lines: list[str] = []
    for section, options in sections.items():
        lines += ([""] if lines else []) + [f"[{section}]"]
        for option, value in options.items():
            for one in value if isinstance(value, list) else [value]:
                if not one or one != one.strip() or not one.isprintable():
                    raise ConfigurationError(f"{section}: the value of {option} is empty, or has a line break or a space at an end")
                lines.append(f"{option}={one}")
    return "\n".join(lines) + "\n"
