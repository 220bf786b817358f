# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of work that is no stage of the demo, as the stages show theirs."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator

from ansible_collections.vannah.healthcloud.plugins.module_utils.console import stream, texts

from . import shell


@contextlib.contextmanager
def shown(what: str, expected: float) -> Iterator[None]:
    """Show what is done and for how long while the body runs. In a stage, which shows its own, nothing is added.

    :param expected: seconds that it takes on two cores
    """
    if os.environ.get("VANNAH_STAGE"):
        yield
        return
    began = time.monotonic()
    plain = not stream.is_live(sys.stdout, os.environ.get("TERM"))
    live = stream.Live(sys.stdout, threading.RLock(), lambda: f"{what}  {texts.elapsed(time.monotonic() - began, expected)}", plain=plain)
    before, shell.before_output = shell.before_output, live.erase
    live.start()
    try:
        yield
    finally:
        live.end()
        shell.before_output = before
