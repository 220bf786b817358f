# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``component``; what it does is in ``plugins/action/component.py`` and on the host in the agent."""

from __future__ import annotations

DOCUMENTATION = r"""
module: component
short_description: Converge one component of a host
version_added: 0.1.0
author:
  - The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - A component is a part of a host that belongs together, such as a daemon with its packages, files, units and certificates. The host is
    converged to what the task defines in one call, and a second run changes nothing.
  - Templates are rendered on the controller. Nothing but C(python3) is needed on the host, and nothing is left on it beside what the task
    says and a record of it in C(/var/lib/vannah).
  - What left the definition since the last run is removed, that is files, links, units, drop-ins and cron entries. Packages and users are
    only removed with O(purge), and data never is.
  - Units are restarted when they were started with something other than what should run, not because a task reported a change. The
    next run finishes an interrupted run.
  - Where a unit does not become ready with new files, the previous ones are restored, the unit runs with them, and the task fails. Where
    that interrupted a unit that ran before, the same definition is not tried again until it changes or the variable
    C(component_retry=true) is given. A failed first start is tried again by the next run.
  - All changed files are checked together (O(validate)) before any unit is touched, and all of them are restored when a check fails.
notes:
  - A run holds a lease on each host. A host that another run holds is refused, with that run's name; see M(vannah.healthcloud.lease).
  - Values that came from vaulted variables or from the site's secrets are taken out of results, diffs and error texts.
  - Modes are text. Write them in quotes.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: debian
options:
  name:
    description:
      - The component's name on the host. No two components of a host share one.
    type: str
    required: true
  state:
    description:
      - V(absent) removes what the component made.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - With O(state=absent) also removes the packages and users that the component brought.
    type: bool
    default: false
  groups:
    description:
      - Groups.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The group's name.
        type: str
        required: true
      gid:
        description: Its number, where a specific one is required.
        type: int
      system:
        description: Whether a new group gets its number from those of the system.
        type: bool
        default: true
      state:
        description: Whether it exists.
        type: str
        choices: [present, absent]
        default: present
  users:
    description:
      - Users.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The user's name.
        type: str
        required: true
      uid:
        description: Its number, where a specific one is required.
        type: int
      group:
        description: Its primary group. By default a new user gets one of its own name.
        type: str
      groups:
        description: Supplementary groups. They are added, never removed.
        type: list
        elements: str
        default: []
      comment:
        description: Its description (GECOS).
        type: str
        default: ""
      home:
        description: Its home directory.
        type: path
      shell:
        description: Its login shell.
        type: str
        default: /usr/sbin/nologin
      system:
        description: Whether a new user gets its number from those of the system.
        type: bool
        default: true
      create_home:
        description: Whether the home directory is made for a new user.
        type: bool
        default: false
      state:
        description: Whether it exists.
        type: str
        choices: [present, absent]
        default: present
  packages:
    description:
      - Debian packages. A plain string is taken as a name.
      - C(apt) only runs when something is missing. Daemons are not started or restarted by it, and changed conffiles are kept.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The package's name.
        type: str
        required: true
      state:
        description: Whether it is installed.
        type: str
        choices: [present, absent]
        default: present
      version:
        description: A pin, either exact or a prefix that ends in C(*). It becomes a file in C(/etc/apt/preferences.d).
        type: str
      hold:
        description: Whether the package is kept from being upgraded.
        type: bool
        default: false
  directories:
    description:
      - Directories.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The directory.
        type: path
        required: true
      owner:
        description: Its owner.
        type: str
        default: root
      group:
        description: Its group.
        type: str
        default: root
      mode:
        description: Its mode.
        type: str
        default: "0755"
      mounted:
        description: Only where a file system is mounted at the path. A bare mount point is left as it is.
        type: bool
        default: false
      validate:
        description: Program and arguments that are asked before the directory is made, or gets its owner and mode. Where they refuse, it
          is left as it is.
        type: list
        elements: str
      state:
        description: V(absent) removes it only when it is empty.
        type: str
        choices: [present, absent]
        default: present
  links:
    description:
      - Symbolic links.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The link.
        type: path
        required: true
      target:
        description: What it points to. Needed unless the link is absent.
        type: str
      state:
        description: Whether it exists.
        type: str
        choices: [present, absent]
        default: present
  files:
    description:
      - Files, each with at most one of O(files[].template), O(files[].content), O(files[].src) and O(files[].artifact). Without any of them
        only owner and mode of an existing file are kept.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The file on the host.
        type: path
        required: true
      template:
        description: Name of a template below C(templates/) of the role or the playbook.
        type: str
      content:
        description: Its text.
        type: str
      src:
        description: Name of a file of the controller below C(files/) of the role or the playbook.
        type: str
      artifact:
        description: A big file of the controller that is only sent to a host that does not have it.
        type: dict
        suboptions:
          src:
            description: The file on the controller.
            type: path
            required: true
          sha256:
            description: Its hash. A file with another one is refused before anything is installed.
            type: str
            required: true
      owner:
        description: Its owner.
        type: str
        default: root
      group:
        description: Its group.
        type: str
        default: root
      mode:
        description: Its mode.
        type: str
        default: "0644"
      before:
        description: V(packages) writes the file before packages are installed, such as a source or a preference of apt.
        type: str
        choices: [packages]
      validate:
        description: Program and arguments that check the new file before it takes its place; C(%s) stands for it. Only for a file that
          can be checked by itself.
        type: list
        elements: str
      sensitive:
        description: Whether diffs say only that the file differs.
        type: bool
        default: false
      on_change:
        description: What a change of the file asks of units. By default what each unit says in O(units[].on_change).
        type: str
        choices: [restart, reload, defer, none]
      units:
        description: The units of the component that the file concerns. By default all of them.
        type: list
        elements: str
      state:
        description: Whether it exists.
        type: str
        choices: [present, absent]
        default: present
  validate:
    description:
      - Programs with their arguments, each a list. They run when files have changed, on the real paths, before any unit is touched.
    type: list
    elements: list
    default: []
  certificates:
    description:
      - Certificates from the site's own authority. The key is generated on the host and never leaves it.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The certificate's name within the component.
        type: str
        required: true
      key:
        description: Where the key lies on the host.
        type: path
        required: true
      cert:
        description: Where the certificate lies, followed by the authority's.
        type: path
        required: true
      ca:
        description: Where the authority's certificate is written, if anywhere.
        type: path
      common_name:
        description: The subject's common name.
        type: str
        required: true
      names:
        description: DNS names.
        type: list
        elements: str
        default: []
      addresses:
        description: IP addresses.
        type: list
        elements: str
        default: []
      usages:
        description: Whether it proves a server, a client or both.
        type: list
        elements: str
        choices: [server, client]
        default: [server, client]
      days:
        description: How long it is valid.
        type: int
        default: 90
      renew_before:
        description: Days before its expiry at which it is renewed.
        type: int
        default: 30
      owner:
        description: Owner of key and certificate.
        type: str
        default: root
      group:
        description: Group of key and certificate.
        type: str
        default: root
      key_mode:
        description: Mode of the key.
        type: str
        default: "0640"
      on_change:
        description: What a new certificate asks of units.
        type: str
        choices: [restart, reload, defer, none]
        default: reload
      units:
        description: The units of the component that it concerns. By default all of them.
        type: list
        elements: str
  sysctls:
    description:
      - Settings of the kernel, kept in C(/etc/sysctl.d).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The setting's name.
        type: str
        required: true
      value:
        description: Its value.
        type: str
        required: true
  cron:
    description:
      - Files in C(/etc/cron.d).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The file's name.
        type: str
        required: true
      schedule:
        description: Five fields, or V(@daily) and the like.
        type: str
        required: true
      user:
        description: Who runs the command.
        type: str
        default: root
      command:
        description: One line for the shell.
        type: str
        required: true
      environment:
        description: Variables of the file.
        type: dict
        default: {}
      state:
        description: Whether it exists.
        type: str
        choices: [present, absent]
        default: present
  units:
    description:
      - Units of systemd.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The unit's name with its suffix.
        type: str
        required: true
      content:
        description: A whole unit file, written to C(/etc/systemd/system).
        type: str
      template:
        description: The same from a template.
        type: str
      dropins:
        description: Drop-in files of the unit, each with O(units[].dropins[].content) or O(units[].dropins[].template).
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The file's name without C(.conf).
            type: str
            required: true
          content:
            description: Its text.
            type: str
          template:
            description: Name of its template.
            type: str
      state:
        description: V(unmanaged) leaves alone whether it runs; V(absent) removes it.
        type: str
        choices: [started, stopped, unmanaged, absent]
        default: started
      enabled:
        description: Whether it starts with the host.
        type: bool
        default: true
      masked:
        description: Whether it cannot be started at all.
        type: bool
        default: false
      on_change:
        description: What a change asks of the unit. V(defer) reports RV(pending_restart) and leaves the restart to
          M(vannah.healthcloud.component_restart).
        type: str
        choices: [restart, reload, defer, none]
        default: restart
      watch:
        description: More paths whose change concerns the unit, each with V(restart), V(reload), V(defer) or V(none).
        type: dict
        default: {}
      watch_packages:
        description: Packages whose new version concerns the unit. By default those of the component.
        type: list
        elements: str
      watch_command:
        description: A program and its arguments that change nothing and print what the unit really runs with. When it prints something
          else than after the unit was started or reloaded, it was changed without the files, and the unit is reloaded (restarted
          where it cannot reload), whatever its C(on_change) is; only with C(defer) that waits. Also run in check mode.
        type: list
        elements: str
      no_block:
        description: Whether the run does not wait for systemd, as with members of a cluster that wait for each other to start.
        type: bool
        default: false
      socket:
        description: A socket unit that may start the service in place of C(systemctl enable). On a host where it listens the service is
          neither enabled nor started here, and one that runs is restarted where it would be reloaded, because a daemon that reloads may
          lose the socket it was given.
        type: str
      driver:
        description:
          - Who restarts it. V(systemd), or a service that restarts it in systemd's place, which is a folder of
            C(module_utils/agent/services) with C(restart.py).
        type: str
        default: systemd
      driver_options:
        description: What the driver's C(rivals.py) has to know of the service, as is documented there.
        type: dict
        default: {}
      ready:
        description: How the unit shows that it works. Without it, it is ready when systemd says that it is active.
        type: dict
        suboptions:
          tcp:
            description: An address as host:port that accepts a connection.
            type: str
          http:
            description: A URL that answers with one of O(units[].ready.status).
            type: str
          status:
            description: The status codes that count as ready.
            type: list
            elements: int
            default: [200]
          ca:
            description: Certificates that prove the server on https, else those of the host.
            type: path
          cert:
            description: The client's certificate for mutual TLS.
            type: path
          key:
            description: The client's key for mutual TLS.
            type: path
          command:
            description: Program and arguments; ready when it exits with 0.
            type: list
            elements: str
          user:
            description: Who runs the command.
            type: str
          timeout:
            description: Seconds until it counts as failed.
            type: int
            default: 60
  lockout_guard:
    description:
      - Seconds after which the host itself reverts a changed configuration unless a new connection succeeded. For what can lock
        the controller out. V(0) is none.
    type: int
    default: 0
seealso:
  - module: vannah.healthcloud.converge
  - module: vannah.healthcloud.component_restart
"""

EXAMPLES = r"""
- name: Export the host's figures
  vannah.healthcloud.component:
    name: node_exporter
    packages: [prometheus-node-exporter]
    files:
      - path: /etc/default/prometheus-node-exporter
        content: |
          ARGS="--collector.systemd"
    units:
      - name: prometheus-node-exporter.service
        ready:
          http: http://127.0.0.1:9100/metrics
          timeout: 30

- name: Serve a site, checked by nginx itself before it is reloaded
  vannah.healthcloud.component:
    name: nginx
    packages: [nginx]
    files:
      - path: /etc/nginx/sites-enabled/intranet.conf
        template: intranet.conf.j2
        on_change: reload
    validate:
      - [/usr/sbin/nginx, -t]
    units:
      - name: nginx.service
        ready:
          tcp: 127.0.0.1:80

- name: Remove what the component made, and its package
  vannah.healthcloud.component:
    name: node_exporter
    state: absent
    purge: true
"""

RETURN = r"""
steps:
  description: What was done, or under check mode would be done, each in a line.
  returned: always
  type: list
  elements: str
  sample: ["file /etc/default/prometheus-node-exporter: update", "unit prometheus-node-exporter.service: restart"]
components:
  description: The same for each component, with RV(components[].drift), RV(components[].restarted) and the like where there is any.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The component.
      type: str
    role:
      description: Its role; empty for a component of a task.
      type: str
    changed:
      description: Whether anything of it was changed.
      type: bool
    steps:
      description: What was done.
      type: list
      elements: str
    drift:
      description: Paths that had been changed outside of this collection.
      type: list
      elements: str
    restarted:
      description: Units that were restarted.
      type: list
      elements: str
    reloaded:
      description: Units that were reloaded.
      type: list
      elements: str
    pending_restart:
      description: Units that wait for a restart.
      type: list
      elements: str
pending_restart:
  description: Units that wait for M(vannah.healthcloud.component_restart).
  returned: always
  type: list
  elements: dict
  contains:
    component:
      description: The component.
      type: str
    role:
      description: Its role.
      type: str
    unit:
      description: The unit.
      type: str
healed:
  description: What an interrupted run had left and this run undid.
  returned: when there was any
  type: list
  elements: str
code:
  description: A stable word for what went wrong.
  returned: failed
  type: str
  sample: not-ready
cost:
  description: What the run cost the host, as seconds of CPU (C(cost.self), C(cost.children)), seconds (C(cost.wall)) and KiB of memory.
  returned: when the host answered
  type: dict
ansible_facts:
  description: The host's few facts, as C(ansible_facts.vannah).
  returned: success
  type: dict
  contains:
    vannah:
      description: See M(vannah.healthcloud.host_facts).
      type: dict
"""
