# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One module per tool or API that is more than files and units: ``CALLS = {"name": function(params, ctx)}``.

A function returns ``(steps, result)``; the result may be filled in by the steps. In check mode no step is applied. Only the
domain that a payload names is sent to the host, with ``_*.py`` and its own ``<domain>_*.py``.
"""
