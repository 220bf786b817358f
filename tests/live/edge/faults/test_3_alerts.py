# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alert rules of the edge over the metrics that the running engine gives: promtool counts which alerts they raise for which sites."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.live.edge.clients import Clients
from tests.live.edge.engines import Edge
from tests.live.lib.waiting import ceiling, wait_until

#: A site whose server does not listen: each request to it is an error of the edge.
GOOD, BAD = "pacs", "to-nothing"
_SCRAPE = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
_SAMPLE = re.compile(r"^([a-z_]+)(\{.*\})? (\S+)$", re.MULTILINE)
#: Of samples of these a run makes series.
COUNTERS = ("edge_", "traefik_router_", "traefik_service_")
#: Samples with upper bounds of at most so many seconds do not grow where answers are slow.
SLOW = 2.0
_BOUND = re.compile(r'le="([0-9.]+)"')


def scraped(edge: Edge) -> dict[str, float]:
    """Series -> value, as the engine of the first host gives it."""
    host = edge.hosts[0]
    text = edge.site.read(host, "python3", "-c", _SCRAPE, f"http://{edge.site.address(host)}:9113/metrics")
    # mtail adds a label with an empty name of its program, and Prometheus labels of its own.
    return {f"{name}{labels}": float(value) for name, labels, value in _SAMPLE.findall(text) if name.startswith(COUNTERS)}


@pytest.fixture
def growth(edge: Edge, clients: Clients) -> dict[str, float]:
    """By how much each series grows by some requests, of which half end with an error."""
    before = scraped(edge)

    def grown() -> dict[str, float]:
        return {series: value - before.get(series, 0) for series, value in scraped(edge).items()}

    def counted(site: str) -> float:
        return sum(
            value for series, value in grown().items() if re.search(rf'(site="|router="){site}["-]', series) and "_requests_" in series
        )

    for _ in range(5):
        clients.get(f"https://{BAD}.edge.vannah.internal/")
        clients.get(f"https://{GOOD}.edge.vannah.internal/")
    # The log is read a moment later.
    wait_until(lambda: counted(GOOD) >= 5 and counted(BAD) >= 5, "the requests are in the metrics", ceiling(20), 1)
    return grown()


def raised(edge: Edge, clients: Clients, series: dict[str, float], wanted: dict[str, list[str]], up: int = 1) -> None:
    """What promtool says of the rules where each series grows by so much each minute.

    :param wanted: alert -> sites for which it is raised; empty for none in particular
    :param up: whether the engine gives its metrics
    """
    rules = [rule for rule in edge.site.values.exported(edge.hosts[0], "alert_rules") if rule["alert"].startswith("Edge")]
    listed = [{key: value for key, value in rule.items() if key != "role"} for rule in rules]
    assert {rule["alert"] for rule in listed} == {"EdgeDown", "EdgeErrors", "EdgeSlow", "EdgeUpstreamDown"}
    given = [{"series": name, "values": f"0+{value}x60"} for name, value in series.items()]
    given.append({"series": 'up{job="edge",instance="edge1"}', "values": f"{up}x60"})
    expected: list[dict[str, Any]] = []
    for rule in listed:
        sites = [{"labels": f'{{site="{site}"}}' if site else "{}", "value": 1} for site in wanted.get(rule["alert"], [])]
        firing = f'count by (site) (ALERTS{{alertname="{rule["alert"]}",alertstate="firing"}})'
        expected.append({"expr": firing, "eval_time": "40m", "exp_samples": sites})
    tests = {"rule_files": ["rules.yml"], "tests": [{"interval": "1m", "input_series": given, "promql_expr_test": expected}]}
    files = {"rules.yml": json.dumps({"groups": [{"name": "edge", "rules": listed}]}), "tests.yml": yaml.safe_dump(tests)}
    for name, text in files.items():
        edge.site.run(clients.host, "sh", "-c", f"mkdir -p /root/alerts; cat > /root/alerts/{name}", stdin=text)
    done = edge.site.run(clients.host, "sh", "-c", "cd /root/alerts && promtool test rules tests.yml", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_errors_and_servers_that_are_down(edge: Edge, clients: Clients, growth: dict[str, float]) -> None:
    """Of the site with errors, and of no other one."""
    raised(edge, clients, growth, {"EdgeErrors": [BAD], "EdgeUpstreamDown": [BAD]})


def test_nothing_is_raised_without_errors(edge: Edge, clients: Clients, growth: dict[str, float]) -> None:
    """The same requests without those that have failed."""
    raised(edge, clients, {series: value for series, value in growth.items() if BAD not in series}, {})


def test_slow_answers(edge: Edge, clients: Clients, growth: dict[str, float]) -> None:
    """The histogram of the good site as it would be where each answer takes longer than two seconds."""
    slow = {}
    for series, value in growth.items():
        bound = _BOUND.search(series)
        if BAD not in series:
            slow[series] = 0 if bound and float(bound[1]) <= SLOW else value
    raised(edge, clients, slow, {"EdgeSlow": [GOOD]})


def test_no_metrics(edge: Edge, clients: Clients) -> None:
    """The host or its engine is down."""
    raised(edge, clients, {}, {"EdgeDown": [""]}, up=0)
