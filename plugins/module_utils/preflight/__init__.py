# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight is: pure functions over the model of a site that answer with findings.

``model`` holds the site, ``schema`` the options of all roles, ``values`` and ``definitions`` compare the one with the other, ``rules``
look across hosts, ``host_checks`` judges what hosts answered. Only ``reader`` and ``templates`` know ansible-core.
"""
