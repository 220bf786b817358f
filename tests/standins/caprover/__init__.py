# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a CapRover server: it speaks the API of version 1.15.3 as it was recorded, and is not CapRover.

- ``model``: what a server keeps, and its refusals
- ``swarm``: the services that it makes. Here they are entries in memory; a class with the same methods may make real ones.
- ``system``, ``apps``, ``builds``: what the calls do
- ``server``: HTTP and HTTPS: one write at a time, plain texts for what is not handled, a restart that ends all tokens

It exists because CapRover's own images are not available where the tests run. What it has not been recorded to answer is a 404.
"""
