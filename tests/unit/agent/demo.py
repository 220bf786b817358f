# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A demo component that is a file and a service, and what an answer says of it."""

from __future__ import annotations

from typing import Any

from .fake_host import component, service


def config(content: str = "good 1\n", **more: Any) -> dict[str, Any]:
    return {"path": "/etc/demo.conf", "content": content, **more}


def demo(content: str = "good 1\n", unit: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return component(files=[config(content)], units=[service(**(unit or {}))], **more)


def one(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["error"] is None, answer["error"]
    found: dict[str, Any]
    (found,) = answer["components"]
    return found


def ok(answer: dict[str, Any]) -> dict[str, Any]:
    found = one(answer)
    assert found["error"] is None, found["error"]
    return found


def verbs(found: dict[str, Any]) -> list[str]:
    return [f"{step['action']} {step['target']}" for step in found["steps"]]
