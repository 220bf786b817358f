# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on hosts: standard library only, relative imports only, Python 3.11 and newer.

The package is sent over the connection's standard input and never lies on the host. A run with nothing to change is
the common one, so modules are imported where they are needed and not at the top: each one is compiled on the host.
Even ``typing``, ``dataclasses`` and ``subprocess`` are worth avoiding there.
"""
