# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``registry_images``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_images
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Images of a registry, loaded from files
description:
  - Makes a registry have the images that the list names. What it does not name stays as it is.
  - An image that the registry has by its digest is not looked for in its file, which may be gone where O(images[].digest) is given.
  - A file is read on the host of the task. With C(delegate_to=localhost) it is one of the controller, which then has to reach the
    registry.
  - Uploads what the registry does not have, and the manifest last, so an image that is there is whole.
extends_documentation_fragment: [vannah.healthcloud.registry, vannah.healthcloud.registry.changes, vannah.healthcloud.service_call]
options:
  images:
    description: Images.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {type: str, required: true, description: "The image's name without the registry, such as V(vhc/api-server)."}
      digest:
        description:
          - Digest of its manifest, or of the index of its platforms. Left out, that of the one image in O(images[].source).
          - For O(images[].state=absent) it has to be given.
        type: str
        default: ""
      tag: {type: str, default: "", description: A tag that has to mean it too. Another image that has it loses it.}
      source:
        description:
          - A file of C(docker save), or an OCI layout as a directory or a tar file.
          - What Docker 24 and older save gets a manifest with the layers uncompressed, as the file has them.
        type: path
        default: ""
      state:
        description: V(absent) removes the image with all its tags. Its blobs go with the next garbage collection.
        type: str
        choices: [present, absent]
        default: present
  wait: {type: int, default: 60, description: "Seconds to wait for a registry that starts. Check mode does not wait."}
"""

EXAMPLES = r"""
- name: Images of a site without internet
  vannah.healthcloud.registry_images:
    user: site
    password: "{{ lookup('vannah.healthcloud.secret', 'registry_user_site') }}"
    images:
      - name: vhc/api-server
        tag: "4.2"
        digest: sha256:5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270
        source: /srv/images/api-server.tar
"""

RETURN = r"""
answers: {returned: success, type: bool, description: Whether the registry answered; in check mode it need not.}
images: {returned: success, type: list, elements: str, description: "name@digest of all images that are, or in check mode would be, there."}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
