# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of registries, and URLs of their mirrors, as dockerd takes them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_NAME = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


def insecure_problem(text: str) -> str:
    """Why an entry of docker_insecure_registries is refused; empty where it is one registry's name."""
    if "://" in text:
        return "this is a URL: Docker takes a name without scheme"
    if "/" in text:
        return "this is a network, and every server at one of its addresses would be trusted"
    if "*" in text or not _NAME.fullmatch(text):
        return "this is not the name of a registry"
    return ""


def mirror_problem(text: str, insecure: Iterable[str]) -> str:
    """Why an entry of docker_registry_mirrors is refused.

    :param insecure: docker_insecure_registries
    """
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return "this is no URL"
    if url.scheme not in ("http", "https") or not url.hostname or (port is not None and not port):
        return "this is not the URL of a registry"
    if url.username is not None or url.password is not None:
        return "a user or password in it would be readable in docker info"
    if url.path not in ("", "/") or url.query or url.fragment:
        return "there is a path behind the host, which Docker does not take"
    if url.scheme == "http" and url.netloc not in insecure:
        return f"it is contacted without TLS, and {url.netloc} is not in docker_insecure_registries"
    return ""
