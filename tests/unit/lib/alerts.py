# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert rules of roles, held against the metrics that are written and against promtool."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
#: Series with their values, and the minutes after which the alert fires.
Fires = tuple[Mapping[str, str], int]


def exported(role: str) -> list[dict[str, Any]]:
    """The alert rules of a role, as they are written."""
    rules: list[dict[str, Any]] = yaml.safe_load((REPOSITORY / f"roles/{role}/meta/exports.yml").read_text(encoding="utf-8"))["alert_rules"]
    return rules


def labels_of(folder: Path) -> dict[str, set[str]]:
    """Each metric in the files of a folder -> the names of its labels."""
    found: dict[str, set[str]] = {}
    for file in folder.glob("*.prom"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                found[line.partition("{")[0]] = set(re.findall(r'(\w+)="', line))
    return found


def check_metrics(rules: Iterable[Mapping[str, Any]], metrics: Mapping[str, set[str]]) -> None:
    """Every metric of a rule is written, with the labels that the rule selects by and tells."""
    for rule in rules:
        used = set(re.findall(r"\bvannah_\w+", rule["expr"]))
        assert used and used <= set(metrics), rule["alert"]
        for name, selector in re.findall(r"(vannah_\w+)\{([^}]*)\}", rule["expr"]):
            assert set(re.findall(r"(\w+)\s*[!=]", selector)) <= metrics[name], rule["alert"]
        for label in re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])):
            assert label == "instance" or all(label in metrics[name] for name in used), rule["alert"]


def check_texts(rules: list[dict[str, Any]]) -> None:
    """Each rule has a name of its own, a severity, and tells what to do."""
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["annotations"]["description"].startswith("Fix: ") and rule["labels"]["severity"] in ("critical", "warning")


def promtool(folder: Path, rules: list[dict[str, Any]], fires: Iterable[tuple[str, Fires]], quiet: Mapping[str, str]) -> None:
    """Each rule fires with its series, and none of them on a site that is well.

    :param fires: a rule's name with the series that make it fire; every rule is there, some more than once
    :param quiet: series with their values; ``now`` is a time that follows the clock
    """
    if shutil.which("promtool") is None:
        pytest.skip("SKIPPED: no promtool here (Debian: prometheus)")
    fires = list(fires)
    rules = json.loads(re.sub(r"\{% (end)?raw %\}", "", json.dumps(rules)))
    assert {rule["alert"] for rule in rules} == {alert for alert, _series in fires}
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "backup", "rules": rules}]}), encoding="utf-8")
    tests: list[dict[str, Any]] = []
    for alert, (series, minutes) in fires:
        given = [{"series": name, "values": f"{value}x{minutes + 60}"} for name, value in series.items()]
        count = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
        expected = [
            {"expr": count, "eval_time": f"{minutes}m", "exp_samples": [{"labels": "{}", "value": 1}]},
            {"expr": count, "eval_time": "0m", "exp_samples": []},
        ]
        tests.append({"interval": "1m", "input_series": given, "promql_expr_test": expected})
    given = [{"series": name, "values": "0+60x600" if value == "now" else f"{value}x600"} for name, value in quiet.items()]
    silent = [{"expr": 'count(ALERTS{alertstate="firing"})', "eval_time": "9h", "exp_samples": []}]
    tests.append({"interval": "1m", "input_series": given, "promql_expr_test": silent})
    (folder / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run(["promtool", "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
