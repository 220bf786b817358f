# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``caprover_apps``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: caprover_apps
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Apps of a CapRover server, with all that belongs to them but the image
description:
  - Makes what the list names, in one task, one login and one read. Apps that are not listed, and what is not said of a listed one, stay.
  - An update restarts an app, also one with nothing new. So nothing is sent without a difference, and all differences of an app at once.
  - CapRover saves an update before Docker has taken it. Where Docker refuses it, the old definition is put back and the task fails. What
    was begun and not seen done is noted on the host (C(/var/lib/vannah/caprover.json)), and sent again by the next run.
  - CapRover only adds to a service. Limits, placement and the like that are taken out of O(apps[].service_override), and an
    O(apps[].node) that is cleared, are undone with an update of their own; a warning says what Docker keeps.
  - Images are deployed with M(vannah.healthcloud.caprover_deploy). A new app shows CapRover's placeholder until then.
notes:
  - Values of an environment are in clear in CapRover's API and in C(docker service inspect). They are never shown here. A Swarm secret
    can be given through O(apps[].service_override).
extends_documentation_fragment: [vannah.healthcloud.caprover, vannah.healthcloud.caprover.changes, vannah.healthcloud.service_call]
options:
  owner:
    description:
      - A tag that each listed app gets, beside its own. It says whose the apps are on a server that several teams use.
      - An app that is there without it is refused, unless O(apps[].adopt) says to take it over.
    type: str
  purge:
    description: Removes apps that carry the tag O(owner) and are not listed. Their volumes stay. Needs O(owner) and a list with apps.
    type: bool
    default: false
  purge_limit: {type: int, default: 1, description: So many apps may be removed so at once. Where there are more nothing is done.}
  apps:
    description: Apps.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {type: str, required: true, description: "The app's name: lower-case letters, digits and single hyphens, fewer than 50."}
      state: {type: str, choices: [present, absent], default: present, description: V(absent) removes the app.}
      drop_volumes:
        description: Says that an absent app goes with its named volumes. One that another app has too stays, and one on a worker is left.
        type: bool
        default: false
      adopt: {type: bool, default: false, description: Takes over an app that is there without the tag O(owner).}
      persistent:
        description:
          - Whether the app may have volumes, which ties it to a node. Fixed when it is made.
          - Without it a new app with volumes is persistent, and another one is not.
        type: bool
      instances: {type: int, description: How many containers. A new app has one.}
      ports:
        description: Ports that the nodes publish, all of them. TCP and UDP both, whatever the app speaks.
        type: list
        elements: dict
        suboptions:
          host: {type: int, required: true, description: Port on every node of the Swarm.}
          container: {type: int, required: true, description: Port in the container.}
      volumes:
        description: Persistent directories, all of them.
        type: list
        elements: dict
        suboptions:
          path: {type: str, required: true, description: Path in the container.}
          volume: {type: str, description: A named volume.}
          host_path: {type: str, description: "A directory of the node, in place of a volume. It has to exist there."}
      environment:
        description:
          - Variables. Numbers and booleans become text. Values are never shown.
          - All of them, unless O(apps[].merge_env). Another order is no difference.
        type: dict
      merge_env: {type: bool, default: false, description: Variables that are not named stay. One with the value null is removed.}
      node: {type: str, description: Name or ID of the node that the app runs on. Empty for any.}
      expose: {type: bool, description: Whether the app has a domain and is reached through nginx.}
      http_port: {type: int, description: Port in the container that nginx sends requests to. A new app has 80.}
      websocket: {type: bool, description: Whether nginx passes websockets on.}
      domains:
        description: Domains beside the app's own, all of them. They have to lead to the server before.
        type: list
        elements: dict
        suboptions:
          name: {type: str, required: true, description: The domain.}
          tls: {type: bool, default: false, description: Whether it gets a certificate.}
      tls: {type: bool, description: "Whether the app's own domain C(<name>.<root domain>) has a certificate. It cannot be turned off."}
      force_tls: {type: bool, description: Whether plain HTTP is sent to HTTPS.}
      redirect: {type: str, description: One of the app's domains that all others are sent to. Empty for none.}
      basic_auth:
        description: User and password that nginx asks for. C({}) takes them away.
        type: dict
        suboptions:
          user: {type: str, description: The user.}
          password: {type: str, description: The password.}
      description: {type: str, description: What it is for.}
      tags: {type: list, elements: str, description: "Tags, all of them; O(owner) is added."}
      project: {type: str, description: Name of the project that it is shown in. Empty for none.}
      service_override:
        description: Docker's service specification, laid over what CapRover makes. A mapping, or text that stays as it is.
        type: raw
      pre_deploy: {type: str, description: JavaScript that CapRover runs before each deploy. What it has set stays when it goes.}
      nginx_config: {type: str, description: Template of the app's nginx server block. Empty is CapRover's own.}
      definition_path: {type: str, description: Path of the captain-definition in what is built.}
      deploy_token:
        description: Token with which CapRover lets others deploy this app.
        type: dict
        suboptions:
          enabled: {type: bool, default: true, description: Whether there is one.}
          token: {type: str, description: "The token. Without it the one that is there stays, or CapRover makes one."}
      repository:
        description: Repository that CapRover builds from when its webhook is called. C({}) takes it away.
        type: dict
        suboptions:
          repo: {type: str, description: "Host and path, as V(github.com/team/web)."}
          branch: {type: str, description: The branch.}
          user: {type: str, description: The user.}
          password: {type: str, description: The user's password.}
          private_key: {type: str, description: "An SSH key without a passphrase, in place of user and password."}
"""

EXAMPLES = r"""
- name: The apps of the clinic
  vannah.healthcloud.caprover_apps:
    password: "{{ lookup('vannah.healthcloud.secret', 'caprover_password') }}"
    owner: clinic
    apps:
      - name: vhc-web
        instances: 2
        http_port: 3000
        environment:
          DATABASE_URL: "postgresql://vhc:{{ lookup('vannah.healthcloud.secret', 'vhc') }}@db.example.org:5000/vannahcloud"
        domains:
          - {name: dev.example.net, tls: true}
        force_tls: true
        service_override: {TaskTemplate: {Resources: {Limits: {MemoryBytes: 536870912}}}}
      - name: vhc-orthanc
        http_port: 8042
        ports:
          - {host: 4242, container: 4242}
        volumes:
          - {path: /var/lib/orthanc/db, volume: orthanc-db}

- name: An app goes, with its data
  vannah.healthcloud.caprover_apps:
    password: "{{ lookup('vannah.healthcloud.secret', 'caprover_password') }}"
    apps:
      - {name: trial, state: absent, drop_volumes: true}
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether a server answered; false in check mode where none does yet.}
requests: {returned: always, type: int, description: "How many requests it took to read, with the login."}
apps: {returned: always, type: list, elements: str, description: Names of all apps that are there at the end.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
