# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench``: what a run with nothing to change costs, as ratios within one run.

Nothing is asserted here; figures are for people. The demo site has to be up (``make demo``).

  site       the whole demo site against ``ansible all -m ping`` and against the same roles in builtin tasks
  component  one component against the same end state in builtin tasks, and fifteen in one call against fifteen tasks
  scale      1, 5 and 20 light hosts, which are servers of the benchmark's own
  edge       nginx and Traefik of the role edge against the same programs with a bare configuration, and 500 sites; only when it is asked
             for: on the servers of the scenario edge (tests/benchmarks/edge.py)
  roles      the whole demo site with three more roles on every host, against ping; only when it is asked for: it installs their packages
             there, and `make demo-down` with `make demo` gives the demo back as it was
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks import edge
from tests.benchmarks.light_servers import light_servers
from tests.benchmarks.measure import CommandFailed, Comparison, Sample, compare, executable, line, run_once
from tests.benchmarks.more_roles import PACKAGES, with_exporters

REPOSITORY = Path(__file__).resolve().parents[2]
PLAYBOOKS = Path(__file__).parent / "playbooks"


def playbook(inventory: str, path: str | Path, *arguments: str) -> list[str]:
    """Argv of a playbook's run."""
    return [executable("ansible-playbook"), "-i", inventory, str(path), *arguments]


def ping(inventory: str, *arguments: str) -> list[str]:
    """Argv of the yardstick: one builtin module that does nothing, on every host."""
    return [executable("ansible"), "-i", inventory, "all", "-m", "ansible.builtin.ping", *arguments]


def show(comparison: Comparison, first: str, second: str) -> None:
    """Print both sides and the median ratio of the pairs."""
    print(comparison.name)
    print(line(first, comparison.first))
    print(line(second, comparison.second))
    print(f"  {'ratio, median of ' + str(len(comparison.first)) + ' pairs':<34} {comparison.ratio():7.2f}\n", flush=True)


def host_cost(argv: Sequence[str]) -> dict[str, dict[str, float]]:
    """What the agent reports of one run, by host."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "cost.json"
        environment = {
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record_cost",
            "VANNAH_COST_FILE": str(target),
        }
        run_once(argv, environment)
        costs: dict[str, dict[str, float]] = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
        return costs


def show_host_cost(argv: Sequence[str]) -> None:
    """Print the agent's own account of one run."""
    for host, cost in sorted(host_cost(argv).items()):
        total = (cost["self"] + cost["children"]) * 1000
        parts = f"self {cost['self'] * 1000:.0f}, children {cost['children'] * 1000:.0f}"
        print(f"  {host:<12} host CPU {total:6.0f} ms in {cost['calls']:.0f} calls ({parts}), peak {cost['maxrss_kb'] / 1024:.0f} MiB")
    print()


def bench_site(options: argparse.Namespace) -> None:
    """The whole demo site with nothing to change."""
    site = playbook(options.inventory, "playbooks/site.yml", *options.arguments)
    show(
        compare("No-change run of the whole site against ping", site, ping(options.inventory, *options.arguments), options.pairs),
        "site.yml",
        "ansible all -m ping",
    )
    show_host_cost(site)
    builtin = playbook(options.inventory, PLAYBOOKS / "site_builtin.yml", *options.arguments)
    show(
        compare("The same roles as components and in builtin tasks", builtin, site, max(1, options.pairs // 2)), "builtin tasks", "site.yml"
    )


def bench_component(options: argparse.Namespace) -> None:
    """One host, one component."""
    limit = ("--limit", options.host)
    one = playbook(options.inventory, PLAYBOOKS / "one_component.yml", *limit, *options.arguments)
    builtin = playbook(options.inventory, PLAYBOOKS / "builtin_tasks.yml", *limit, *options.arguments)
    show(compare("One component, nothing to change, one host", builtin, one, options.pairs), "builtin tasks", "component")
    show_host_cost(one)
    fifteen = playbook(options.inventory, PLAYBOOKS / "fifteen_in_one_call.yml", *limit, *options.arguments)
    many = playbook(options.inventory, PLAYBOOKS / "fifteen_tasks.yml", *limit, *options.arguments)
    show(compare("Fifteen components: in fifteen tasks and in one call", many, fifteen, options.pairs), "fifteen tasks", "one call")
    growth = compare("Fifteen components in one call against one", fifteen, one, options.pairs)
    show(growth, "fifteen in one call", "one")
    peaks = [statistics.median(s.peak_mib for s in side) for side in (growth.first, growth.second)]
    print(f"  controller's largest process grows by {100 * (peaks[0] / peaks[1] - 1):.1f} % from 1 to 15 components\n")
    show_host_cost(fifteen)


def bench_scale(options: argparse.Namespace) -> None:
    """How the cost grows with hosts."""
    for count in (1, 5, 20):
        hosts = "1 light host" if count == 1 else f"{count} light hosts"
        with light_servers(count) as inventory:
            one = playbook(inventory, PLAYBOOKS / "one_component.yml")
            builtin = playbook(inventory, PLAYBOOKS / "builtin_tasks.yml")
            show(
                compare(f"{hosts}, one component against ping", one, ping(inventory), options.pairs),
                "component",
                "ansible all -m ping",
            )
            show(
                compare(f"{hosts}, builtin tasks against one component", builtin, one, max(1, options.pairs // 2)),
                "builtin tasks",
                "component",
            )


def bench_roles(options: argparse.Namespace) -> None:
    """The demo site with more roles: whether a run without changes costs more with each of them."""
    with with_exporters(REPOSITORY, options.inventory) as copy:
        os.chdir(copy)
        try:
            site = playbook(options.inventory, "playbooks/site.yml", *options.arguments)
            print(f"converging the demo with {len(PACKAGES)} more roles", flush=True)
            run_once(site)
            name = f"No-change run of the whole site with {len(PACKAGES)} more roles on every host, against ping"
            show(compare(name, site, ping(options.inventory, *options.arguments), options.pairs), "site.yml", "ansible all -m ping")
        finally:
            os.chdir(REPOSITORY)


#: Run only when they are named.
CHOSEN: dict[str, Callable[[argparse.Namespace], None]] = {
    "edge": lambda options: edge.main(["--pairs", str(options.pairs)]),
    "roles": bench_roles,
}
PARTS: dict[str, Callable[[argparse.Namespace], None]] = {"site": bench_site, "component": bench_component, "scale": bench_scale}


def main() -> int:
    """Run the parts that were asked for, all by default."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, *CHOSEN, []], default=[], help="site, component, scale (default: these three), edge, roles"
    )
    parser.add_argument("--inventory", default="inventories/demo")
    parser.add_argument("--vault-password-file", default="inventories/demo/.vault_password")
    parser.add_argument("--host", default="app1", help="the host of the one-host comparisons")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    options.arguments = ["--vault-password-file", options.vault_password_file] if Path(options.vault_password_file).exists() else []
    os.chdir(REPOSITORY)
    machine = f"{platform.machine()}, {os.cpu_count()} cores shared by controller and hosts, Python {platform.python_version()}"
    print(f"{machine}; medians, ranges in brackets\n")
    try:
        for part in options.parts or PARTS:
            {**PARTS, **CHOSEN}[part](options)
    except CommandFailed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    return 0


__all__ = ["Sample", "main"]

if __name__ == "__main__":
    raise SystemExit(main())
