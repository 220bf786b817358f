# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``postgresql_objects``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_objects
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Roles, databases, extensions, schemas and grants of a PostgreSQL server
description:
  - Creates or changes what the lists name, in one session over the server's local socket. What they do not name stays as it is.
  - Acts only where the server leads. On a standby nothing is done and RV(leader) is false.
  - Passwords reach the server as SCRAM-SHA-256 verifiers that are computed on the host; an existing verifier is compared with the
    password, so that a second run changes nothing. Nothing of it is logged by the server.
  - In check mode, where no server answers yet, everything is shown as to be made.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  port:
    description: Port of the server; part of its socket's name.
    type: int
    default: 5432
  socket:
    description: Folder of the server's socket.
    type: path
    default: /var/run/postgresql
  user:
    description: The system's and the server's user that is used, by peer authentication; a superuser.
    type: str
    default: postgres
  wait:
    description:
      - Seconds for the server to answer, where it does not yet; the task fails when it did not. A server that has just lost its host, or
        that Patroni restarts, takes a moment. Check mode does not wait.
    type: int
    default: 60
  roles:
    description: Roles. An attribute that is not given stays as it is.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The role's name.
        type: str
        required: true
      state:
        description: V(absent) removes the role; one that owns anything or has privileges is refused.
        type: str
        choices: [present, absent]
        default: present
      login:
        description: Whether it may log in.
        type: bool
        default: true
      password:
        description: Its password, or a SCRAM-SHA-256 verifier. Without it, what is there stays.
        type: str
      superuser:
        description: Whether it may do everything.
        type: bool
      createdb:
        description: Whether it may create databases.
        type: bool
      createrole:
        description: Whether it may create roles.
        type: bool
      replication:
        description: Whether it may replicate.
        type: bool
      connection_limit:
        description: How many connections it may have; -1 for any number.
        type: int
      member_of:
        description: Roles it is made a member of. Other memberships stay.
        type: list
        elements: str
        default: []
      settings:
        description: Settings of its sessions (C(ALTER ROLE ... SET)); null resets one, others stay.
        type: dict
        default: {}
  databases:
    description: Databases.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The database's name.
        type: str
        required: true
      state:
        description: V(absent) drops the database, with O(databases[].drop_data) only.
        type: str
        choices: [present, absent]
        default: present
      drop_data:
        description: Says that an absent database goes with all its data.
        type: bool
        default: false
      owner:
        description: Role that owns it.
        type: str
      encoding:
        description: Encoding, for a new database. An existing one with another is refused.
        type: str
      locale:
        description: Locale, for a new database. An existing one with another is refused.
        type: str
      connection_limit:
        description: How many connections it takes; -1 for any number.
        type: int
      settings:
        description: Settings of its sessions (C(ALTER DATABASE ... SET)); null resets one, others stay.
        type: dict
        default: {}
      extensions:
        description: Extensions in it. Their packages have to be on every member of the cluster.
        type: list
        elements: str
        default: []
      schemas:
        description: Schemas in it.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The schema's name.
            type: str
            required: true
          owner:
            description: Role that owns it.
            type: str
      grants:
        description: Privileges. Others stay.
        type: list
        elements: dict
        default: []
        suboptions:
          role:
            description: The role that gets them; V(public) for all roles.
            type: str
            required: true
          privileges:
            description: Privileges by their SQL names, or C(ALL).
            type: list
            elements: str
            required: true
          object:
            description: >-
              C(database), C(schema NAME), C(all tables in schema NAME) or C(all sequences in schema NAME); those that exist at the time.
            type: str
            required: true
"""

EXAMPLES = r"""
- name: Databases and roles of the applications
  vannah.healthcloud.postgresql_objects:
    roles:
      - name: orthanc
        password: "{{ lookup('vannah.healthcloud.secret', 'postgresql_role_orthanc') }}"
        settings: {statement_timeout: 30s}
      - name: reader
        password: "{{ lookup('vannah.healthcloud.secret', 'postgresql_role_reader') }}"
        member_of: [pg_monitor]
    databases:
      - name: orthanc
        owner: orthanc
        extensions: [pg_trgm]
        grants:
          - {role: reader, privileges: [CONNECT], object: database}
          - {role: reader, privileges: [USAGE], object: schema public}
          - {role: reader, privileges: [SELECT], object: all tables in schema public}
"""

RETURN = r"""
leader: {returned: always, type: bool, description: Whether the server leads; null in check mode where no server answers.}
version:
  description: The server's version; empty in check mode where no server answers.
  type: str
  returned: always
  sample: "17.5"
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
