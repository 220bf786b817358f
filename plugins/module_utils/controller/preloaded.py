# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Done before Ansible forks, when the first action of a run is imported: every worker inherits the roles and the compiled templates."""

from __future__ import annotations

import contextlib

from . import bytecode

bytecode.use_cache()  # before the others are imported

from .. import site_map
from ..console import stream
from . import collect, compiled

with contextlib.suppress(site_map.SiteMapError):  # preflight says it
    collect.preload(entry.role for entry in site_map.load().roles)
compiled.warm()
compiled.use_everywhere()
stream.write_at_once()
