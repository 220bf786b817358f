# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo` and `make test` need on a machine: tools, an engine, images and a package cache.

Standard library only, because it runs before the virtual environment exists.
`PYTHONPATH=scripts:collections python3 -m testbed --help` lists the verbs.
"""
