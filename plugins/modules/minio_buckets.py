# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``minio_buckets``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_buckets
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Buckets of an object store, with all that belongs to them
description:
  - Creates or changes what the list names, in one task. Buckets that are not listed, and what is not said of a listed one, stay as they
    are.
  - MinIO gives the state of all buckets with one read. Any other store that speaks S3 is asked bucket by bucket, over a few connections.
  - Whatever cannot be (a name S3 refuses, a lifecycle below the retention, an unknown tier, an object lock on a bucket that was made
    without) is refused before anything is changed.
extends_documentation_fragment: [vannah.healthcloud.minio, vannah.healthcloud.minio.changes, vannah.healthcloud.service_call]
options:
  backend:
    description: What the store is. V(auto) relies on how it identifies itself.
    type: str
    choices: [auto, minio, s3]
    default: auto
  buckets:
    description: Buckets.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {type: str, required: true, description: The bucket's name.}
      state:
        description: V(absent) removes the bucket. One with objects is removed with O(buckets[].drop_data) only.
        type: str
        choices: [present, absent]
        default: present
      drop_data:
        description: Says that an absent bucket goes with all its objects. What a retention keeps stays, and the task fails.
        type: bool
        default: false
      versioning: {type: str, choices: [enabled, suspended], description: Whether versions are kept.}
      object_lock:
        description:
          - A new bucket gets an object lock, and new objects a default retention. C({}) is a lock without a default retention.
          - A lock cannot be added to a bucket that exists. It brings versioning.
        type: dict
        suboptions:
          mode:
            description: V(governance) can be lifted by users with that permission, V(compliance) by no user.
            type: str
            choices: [governance, compliance]
          days: {type: int, description: Days for which a version is kept.}
          years: {type: int, description: "Years of 365 days, in place of days."}
      encryption:
        description: V(sse-s3) encrypts new objects with the server's own key; the server needs one.
        type: str
        choices: [sse-s3, none]
      quota: {type: str, description: "Most bytes in the bucket, as V(500GiB) or V(2TB); V(none) for no limit. MinIO only."}
      policy:
        description:
          - V(none), what is allowed without credentials (V(download), V(upload), V(public)), or a policy document.
          - The order of statements and lists does not matter.
        type: raw
      tags: {type: dict, description: "Tags of the bucket, all of them. C({}) removes them."}
      lifecycle:
        description: Rules, all of them. C([]) removes them.
        type: list
        elements: dict
        suboptions:
          id: {type: str, required: true, description: The rule's name in its bucket.}
          enabled: {type: bool, default: true, description: Whether it is active.}
          prefix: {type: str, default: "", description: Which objects it applies to.}
          expiry_days: {type: int, description: Days after which the current version expires. Not below the retention.}
          expired_delete_markers: {type: bool, default: false, description: Delete markers without a version below them are removed.}
          transition_days: {type: int, description: "Days after which the current version moves to O(buckets[].lifecycle[].tier)."}
          tier: {type: str, description: Tier (MinIO) or storage class (S3).}
          noncurrent_days:
            description: Days after which a version that is no longer the current one is removed. Not below the retention.
            type: int
          newer_noncurrent_versions: {type: int, description: How many of the newest of them are retained nevertheless.}
          noncurrent_transition_days:
            description: Days after which such a version moves to O(buckets[].lifecycle[].noncurrent_tier).
            type: int
          noncurrent_tier: {type: str, description: Tier or storage class for such versions.}
          abort_incomplete_days:
            description: Days after which parts of uploads that never ended are removed. MinIO does so after a day and has no such rule.
            type: int
"""

EXAMPLES = r"""
- name: Buckets of the archive
  vannah.healthcloud.minio_buckets:
    access_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_user') }}"
    secret_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_password') }}"
    buckets:
      - name: dicom
        object_lock: {mode: compliance, years: 10}
        encryption: sse-s3
        quota: 20TiB
        tags: {data: patients}
        lifecycle:
          - {id: cold, transition_days: 365, tier: COLD}
      - name: scratch
        encryption: sse-s3
        lifecycle:
          - {id: gone, expiry_days: 7}
  run_once: true

- name: Remove a bucket with all its objects
  vannah.healthcloud.minio_buckets:
    access_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_user') }}"
    secret_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_password') }}"
    buckets:
      - {name: scratch, state: absent, drop_data: true}
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether a store answered; false in check mode where none does yet.}
buckets: {returned: always, type: list, elements: str, description: Names of all buckets that are there at the end.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
