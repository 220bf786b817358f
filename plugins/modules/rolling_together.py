# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``rolling_together``; see ``plugins/action/rolling_together.py`` and ``controller/together.py``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rolling_together
short_description: A step of restarting all members of a cluster together
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - The steps of C(playbooks/together.yml), in which all members apply what is new, or all of them go back to their previous version and
    settings.
  - A step knows the results of those before it by the names that the playbook registers them as.
  - What the service is asked stands under C(rolling.together) in the role's C(meta/exports.yml).
options:
  role: {type: str, required: true, description: The role whose hosts form the cluster.}
  step:
    description:
      - Before. V(ask), hold the host and ask how the cluster is. V(judge), whether all of it may be restarted. V(converge), put everything
        in place. V(decide), whether anything waits.
      - There. V(keep) the last good files. V(stop). V(start). V(healthy), wait for the cluster. V(confirm) what the members have now.
      - And back, where they did not take it over. V(stop_again). V(restore) what they had. V(healthy_again).
      - After. V(look), ask how the cluster is. V(show) it. V(verdict), fail where not all members took it over.
    type: str
    required: true
    choices: [ask, judge, converge, decide, keep, stop, start, healthy, confirm, stop_again, restore, healthy_again, look, show, verdict]
  unanswered: {type: bool, default: false, description: Continue where no member answers.}
  continues:
    description: Continue also where the cluster is unhealthy, because an interrupted run left it so, or because nothing is restarted.
    type: bool
    default: false
attributes:
  check_mode: {support: full, description: Reports what would be done and changes nothing.}
  diff_mode: {support: full, description: Shows what the role's converge would change.}
"""

EXAMPLES = r"""
- name: Stop all servers
  vannah.healthcloud.rolling_together:
    role: minio
    step: stop
"""

RETURN = r"""
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
away: {returned: where the member cannot be reached, type: str, description: Why. V(judge) refuses it.}
cut_off: {returned: with O(step=ask), type: bool, description: Whether a run that did this was interrupted.}
problem: {returned: when a member did not take it over, type: str, description: Why. The step itself does not fail.}
picture: {returned: with O(step=judge) and O(step=show), type: list, elements: str, description: The cluster in lines.}
waiting: {returned: with O(step=decide), type: bool, description: Whether the members are stopped and started.}
"""
