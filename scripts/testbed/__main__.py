# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of the set-up, as the Makefile calls them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from . import cache, checkout, controller, controller_images, demo, engine, environment, images, lock, machine, progress, venv
from .shell import ROOT, SetupError, full_disk, say, warn
from .stages import StageError


def check(*, containers: bool, space: bool = True) -> None:
    """:raises SetupError: this machine cannot do it; nothing was touched."""
    found = machine.refusals(machine.this_machine(), containers=containers, space=space)
    if found:
        raise SetupError("\n".join(found))


def verb_venv() -> None:
    """Make the virtual environment."""
    check(containers=False)
    venv.ensure()


def _up(tags: tuple[str, ...], refuse: Callable[[], object] = lambda: None) -> None:
    """:param refuse: asks an engine that may have been started just now whether its servers are of this checkout"""
    # What was set up before has taken its space already.
    check(containers=True, space=not (engine.answers() and images.are_current(tags)))
    venv.ensure()
    with lock.alone("set-up"):
        machine.install(machine.missing_packages(machine.PROGRAMS))
        engine.ensure()
        refuse()
        images.ensure(tags)
        _cache()


def _cache() -> None:
    try:
        cache.ensure()
    except SetupError as error:
        # Slower, and nothing else: each server downloads its own packages.
        warn(f"no package cache: {error}")


def verb_demo() -> None:
    """Make the demo, or re-converge it."""
    answers = engine.answers()
    if answers:
        demo.refuse_other()
    check(containers=True, space=not (answers and images.are_current(images.DEMO)))
    if controller.is_needed(sys.version_info[:2]):
        warn(
            "this Python has only ansible-core 2.19, which is no longer maintained. Use a controller with Debian 13 for a site of your own."
        )
    with lock.alone("demo"):
        demo.up(lambda: _up(images.DEMO, demo.refuse_other))


def verb_test() -> None:
    """Make what the tests need: images, the package cache, controllers of other releases."""
    _up(tuple(images.IMAGES))
    with lock.alone("set-up"):
        controller_images.ensure(controller.OLDER)
        if controller.is_needed(sys.version_info[:2]):
            controller_images.ensure(controller.CURRENT)


def _remove_from_engine() -> None:
    say("Removing the demo's servers, its network, the package cache and the images (up to a minute)")
    with progress.shown("Removing the demo", 30):
        demo.remove_servers()
        in_use = checkout.all_servers()
        if not in_use:
            cache.remove(volume=True)
            images.remove_all()
    if in_use:
        say(f"The package cache and the images stay, because other test servers use them: {', '.join(in_use)}")
    others = engine.containers() if engine.MARK.is_file() else []
    if others:
        say(f"The Docker Engine was started for the demo. It keeps running, because other containers use it: {', '.join(others)}")
    elif engine.MARK.is_file():
        with progress.shown("Stopping the Docker Engine that was started for the demo", 10):
            stopped = engine.stop()
        if stopped:
            say("The Docker Engine that was started for this is stopped.")


def verb_down() -> None:
    """Remove the demo and what was made for it."""
    if os.geteuid() != 0:
        raise SetupError("This needs root: the demo's containers and files belong to it. Run it as root (sudo make demo-down).")
    # An engine that does not run has nothing of a demo that this checkout has not made.
    if engine.answers() or (demo.has_files() and engine.is_there()):
        started = not engine.answers()
        engine.ensure()
        try:
            demo.refuse_other()
        except SetupError:
            if started:
                engine.stop()
            raise
        _remove_from_engine()
    demo.remove_files()
    say("The demo is removed; Debian packages, .venv, the logs in .cache/logs and .cache/artifacts stay.")


def verb_runs() -> None:
    """Refuse where the servers of the demo do not run, before each of them is waited for."""
    if not os.access(ROOT / demo.KEYS, os.R_OK | os.X_OK):
        raise SetupError(f"{ROOT / demo.KEYS} with the key of the demo cannot be read. Fix: run it as root (sudo make ...).")
    if not (engine.answers() and demo.refuse_other() and demo.running()):
        raise SetupError("The demo does not run: none of its servers is there. Fix: run `make demo`")


VERBS = {
    "venv": (verb_venv, "the virtual environment with the locked tools"),
    "demo": (verb_demo, "the demo: tools, engine, images, servers; converge and verify"),
    "test": (verb_test, "everything that the tests need: the same with the images of both releases"),
    "runs": (verb_runs, "whether servers of the demo run"),
    "down": (verb_down, "remove the demo, images and package cache, stop the engine if it was started for this"),
}


def main() -> int:
    """Do one verb; the exit status."""
    parser = argparse.ArgumentParser(prog="testbed", description="Set up what tests and demo need on this machine.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    for name, (_, text) in VERBS.items():
        verbs.add_parser(name, help=text)
    chosen = parser.parse_args()
    environment.apply()
    try:
        VERBS[chosen.verb][0]()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    except StageError:
        return 2  # it has said why
    except OSError as error:
        full = full_disk(error)
        if full is None:
            raise
        print(full, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("Stopped; the next run continues from here.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
