# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``caprover_deploy``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: caprover_deploy
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Deploy images or sources to apps of a CapRover server
description:
  - Deploys the apps of a list one after the other and waits until each is healthy. What an app already runs is not deployed again.
  - A deploy waits until no app is being built, because a queued build that fails stops the whole server for 45 s.
  - CapRover does not know whether a container runs. Docker is asked on this host, and a URL if O(apps[].health) sets one. A version
    that does not become healthy is replaced by the previous one, and held back until it changes.
  - A build that fails shows its log, without the values of the app's environment.
extends_documentation_fragment: [vannah.healthcloud.caprover, vannah.healthcloud.caprover.changes, vannah.healthcloud.service_call]
options:
  previous_password:
    description: The password until M(vannah.healthcloud.caprover_server) replaces it, with which check mode logs in before that.
    type: str
  build_timeout: {type: int, default: 900, description: Seconds for a build or a pull.}
  apps:
    description: Existing apps. Each has one of O(apps[].image), O(apps[].captain_definition) and O(apps[].tarball).
    type: list
    elements: dict
    required: true
    suboptions:
      name: {type: str, required: true, description: The app's name.}
      image:
        description:
          - Name of an image, best with its digest. The same name is not deployed again, so a tag that has moved is not noticed.
        type: str
      captain_definition:
        description: A captain-definition with C(schemaVersion) 2, as a mapping or JSON. The same content is not deployed again.
        type: raw
      tarball:
        description: A tar file of this host with captain-definition or Dockerfile. The same content is not deployed again.
        type: path
      after:
        description:
          - Names of apps, earlier in the list, that have to be healthy before this one is deployed. While one of them is held back or not
            healthy, this one is not deployed, and the task fails.
        type: list
        elements: str
        default: []
      force: {type: bool, default: false, description: "Deploys also what is already deployed, and what is held back."}
      health:
        description:
          - How the health of the app is checked.
          - An app with 0 instances counts as healthy, and nothing is asked.
          - Not set, Docker is asked if this host is a manager of the Swarm. On other hosts health is not checked, and the task warns of it.
        type: dict
        suboptions:
          docker: {type: bool, default: true, description: Whether Docker is asked on this host. Its tasks have to run and stay the same.}
          url: {type: str, description: "A URL that has to answer, such as C(http://127.0.0.1/healthz). Redirects are not followed."}
          host: {type: str, description: "Name in the request's Host header, by which nginx chooses the app."}
          user: {type: str, description: "User for the URL, where nginx asks for one (O(apps[].health.password))."}
          password: {type: str, description: "The user's password."}
          statuses: {type: list, elements: int, default: [200], description: Statuses of a good answer.}
          ca: {type: path, description: File on the host with the CA of that URL's certificate.}
          timeout: {type: int, default: 120, description: Seconds until it has to be healthy.}
          steady: {type: int, default: 10, description: "Seconds for which it has to stay so. An image that exits runs for a moment."}
"""

EXAMPLES = r"""
- name: Deploy the apps of the clinic
  vannah.healthcloud.caprover_deploy:
    password: "{{ lookup('vannah.healthcloud.secret', 'caprover_password') }}"
    apps:
      - name: vhc-web
        image: registry.example.org:5000/vhc/web-app@sha256:9b2c5f0d3a...
        health: {url: "http://127.0.0.1/api/health", host: vhc-web.apps.example.org}
      - name: vhc-proxy
        captain_definition:
          schemaVersion: 2
          dockerfileLines: ["FROM registry.example.org:5000/nginx:1.26", "COPY default.conf /etc/nginx/conf.d/"]
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether a server answered; false in check mode when none does yet.}
requests: {returned: always, type: int, description: "Number of requests to read the state, with the login."}
unchanged: {returned: always, type: list, elements: str, description: Names of the listed apps that already run what is requested.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
