# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``caprover_apps``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: caprover_apps
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Create, change or remove apps of a CapRover server, without their images
description:
  - Converges the apps of a list in one task, with one login and one request. Apps that are not listed stay. So do options that are not
    set, unless O(reset_unset) says otherwise.
  - Each update restarts an app, even one without a change. So nothing is sent without a difference, and all differences of an app at once.
  - CapRover saves an update before Docker has accepted it. If Docker refuses it, the old definition is restored and the task fails. A
    change that was not confirmed is noted on the host (C(/var/lib/vannah/caprover.json)), and sent again by the next run.
  - CapRover only adds to a service. Limits and placement that are removed from O(apps[].service_override), and an O(apps[].node) that is
    cleared, are reset with a separate update; a warning names what Docker keeps.
  - Images are deployed with M(vannah.healthcloud.caprover_deploy). A new app shows CapRover's placeholder until then.
notes:
  - Values of an environment are visible in CapRover's API and in C(docker service inspect). They are never shown here.
    O(apps[].secret_files) keeps a secret out of both.
extends_documentation_fragment: [vannah.healthcloud.caprover, vannah.healthcloud.caprover.changes, vannah.healthcloud.service_call]
options:
  previous_password:
    description: The password until M(vannah.healthcloud.caprover_server) replaces it, with which check mode logs in before that.
    type: str
  owner:
    description:
      - A tag that each listed app gets in addition to its own. It names the owner of apps on a server that several teams use.
      - An app that exists without it is refused, unless O(apps[].adopt) is true.
    type: str
  purge:
    description: Removes apps that have the tag O(owner) and are not listed. Their volumes stay. Needs O(owner) and a list with apps.
    type: bool
    default: false
  purge_limit: {type: int, default: 1, description: "So many apps may be removed by O(purge) at once. If there are more, none is."}
  reset_unset:
    description:
      - Whether O(apps[].redirect), O(apps[].basic_auth), O(apps[].nginx_config), O(apps[].pre_deploy), O(apps[].node),
        O(apps[].definition_path), O(apps[].deploy_token) and O(apps[].repository) are reset where they are not set. With V(none) they stay.
      - V(known) resets them in apps that are managed whole, which a note on the host says (C(/var/lib/vannah/caprover.json)). An app is
        managed whole from the first task with this option that creates it, or finds nothing set in them. In other apps what is set may
        protect the app, so it stays, and a warning names it.
      - V(all) resets them in all listed apps, which are managed whole from then on.
    type: str
    choices: [none, known, all]
    default: none
  apps:
    description: Apps.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {type: str, required: true, description: "The app's name: lower-case letters, digits and single hyphens, fewer than 50."}
      state: {type: str, choices: [present, absent], default: present, description: V(absent) removes the app.}
      drop_volumes:
        description: Removes the named volumes of an absent app too. A volume that another app uses stays, and so does one on a worker.
        type: bool
        default: false
      adopt: {type: bool, default: false, description: Takes over an app that exists without the tag O(owner).}
      persistent:
        description:
          - Whether the app may have volumes, which ties it to a node. Fixed when it is created.
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
          - Environment variables. Numbers and booleans become text. Values are never shown.
          - The list is complete, unless O(apps[].merge_env) is true. The order does not matter.
        type: dict
      merge_env: {type: bool, default: false, description: Variables that are not listed stay. One with the value null is removed.}
      node: {type: str, description: Name or ID of the node that the app runs on. Empty for any.}
      expose: {type: bool, description: Whether the app has a domain and is reached through nginx.}
      http_port: {type: int, description: Port in the container that nginx sends requests to. A new app has 80.}
      websocket: {type: bool, description: Whether nginx passes websockets on.}
      domains:
        description: Domains in addition to the app's own, all of them. Their DNS records have to lead to the server first.
        type: list
        elements: dict
        suboptions:
          name: {type: str, required: true, description: The domain.}
          tls: {type: bool, default: false, description: Whether it gets a certificate.}
      tls: {type: bool, description: "Whether the app's own domain C(<name>.<root domain>) has a certificate. It cannot be turned off."}
      force_tls: {type: bool, description: Whether plain HTTP is sent to HTTPS.}
      redirect: {type: str, description: One of the app's domains that all others are sent to. Empty for none.}
      basic_auth:
        description: User and password that nginx asks for. C({}) removes them.
        type: dict
        suboptions:
          user: {type: str, description: The user.}
          password: {type: str, description: The password.}
      description: {type: str, description: What it is for.}
      tags: {type: list, elements: str, description: "Tags, all of them; O(owner) is added."}
      project: {type: str, description: Name of the project that it is shown in. Empty for none.}
      service_override:
        description: Docker's service specification, merged into that of CapRover. A mapping, or text that is sent unchanged.
        type: raw
      secret_files:
        description:
          - Files in C(/run/secrets) of the containers, by name. Each is a secret of the Swarm, so no API and no C(docker inspect) shows its
            value. It is added to O(apps[].service_override), which has to be a mapping.
          - Needs Docker on the host of the task, which has to manage the Swarm. Another value is another secret, and restarts the app.
          - With C({}) secrets that the app had are removed, and those of an app that goes. Not set, they stay.
        type: dict
      pre_deploy: {type: str, description: JavaScript that CapRover runs before each deploy. What it has set stays after it is removed.}
      nginx_config: {type: str, description: Template of the app's nginx server block. Empty is CapRover's own.}
      definition_path: {type: str, description: Path of the captain-definition in the source.}
      deploy_token:
        description: Token with which other programs can deploy this app.
        type: dict
        suboptions:
          enabled: {type: bool, default: true, description: Whether there is one.}
          token: {type: str, description: "The token. Not set, the existing one stays, or CapRover generates one."}
      repository:
        description: Repository that CapRover builds from when its webhook is called. C({}) removes it.
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

- name: Remove an app and its data
  vannah.healthcloud.caprover_apps:
    password: "{{ lookup('vannah.healthcloud.secret', 'caprover_password') }}"
    apps:
      - {name: trial, state: absent, drop_volumes: true}
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether a server answered; false in check mode when none does yet.}
requests: {returned: always, type: int, description: "Number of requests to read the state, with the login."}
apps: {returned: always, type: list, elements: str, description: Names of all apps after the task.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
