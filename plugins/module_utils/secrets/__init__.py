# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's secrets: made once, encrypted at once, read by lookups, never changed by a second run.

``store`` reads and completes ``secrets.yml``, ``generate`` makes values, ``files`` writes so that a killed run leaves the
old file or the new one, ``site`` finds the site's folder, ``kit`` makes the recovery kit, ``keys`` says what of SSH is not in it.
"""
