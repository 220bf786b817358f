# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``vannah.healthcloud.minio_buckets``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_buckets
author: The VannahHealthCloud developers
short_description: Buckets of an object store, with all that belongs to them
description:
  - Makes what the list names, in one task. Buckets that are not listed, and what is not said of a listed one, stay as they are.
  - MinIO gives the state of all buckets with one read. Any other store that speaks S3 is asked bucket by bucket, over a few connections.
  - Whatever cannot be (a name S3 refuses, a lifecycle below the retention, an unknown tier, an object lock on a bucket that was made
    without) is refused before anything is changed.
extends_documentation_fragment: [vannah.healthcloud.minio, vannah.healthcloud.minio.changes]
options:
  backend:
    description: What the store is. V(auto) goes by its own word.
    type: str
    choices: [auto, minio, s3]
    default: auto
  buckets:
    description: Buckets.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The bucket's name.
        type: str
        required: true
      state:
        description: V(absent) removes the bucket. One with objects goes with O(buckets[].drop_data) only.
        type: str
        choices: [present, absent]
        default: present
      drop_data:
        description: Says that an absent bucket goes with all its objects. What a retention keeps stays, and the task fails.
        type: bool
        default: false
      versioning:
        description: Whether versions are kept.
        type: str
        choices: [enabled, suspended]
      object_lock:
        description:
          - A new bucket gets an object lock, and new objects a default retention. C({}) is a lock without a default retention.
          - A lock cannot be added to a bucket that exists. It brings versioning.
        type: dict
        suboptions:
          mode:
            description: V(governance) can be lifted by who is allowed to, V(compliance) by nobody.
            type: str
            choices: [governance, compliance]
          days:
            description: Days for which a version is kept.
            type: int
          years:
            description: Years of 365 days, in place of days.
            type: int
      encryption:
        description: V(sse-s3) encrypts new objects with the server's own key; the server needs one.
        type: str
        choices: [sse-s3, none]
      quota:
        description: Most bytes in the bucket, as V(500GiB) or V(2TB); V(none) for no limit. MinIO only.
        type: str
      policy:
        description:
          - V(none), what anybody may do without credentials (V(download), V(upload), V(public)), or a policy document.
          - The order of statements and lists does not matter.
        type: raw
      tags:
        description: Tags of the bucket, all of them. C({}) takes them away.
        type: dict
      lifecycle:
        description: Rules, all of them. C([]) takes them away.
        type: list
        elements: dict
        suboptions:
          id:
            description: The rule's name in its bucket.
            type: str
            required: true
          enabled:
            description: Whether it is followed.
            type: bool
            default: true
          prefix:
            description: Which objects it is about.
            type: str
            default: ''
          expiry_days:
            description: Days after which the current version expires. Not below the retention.
            type: int
          expired_delete_markers:
            description: Marks of a deletion that hide nothing any more are removed.
            type: bool
            default: false
          transition_days:
            description: Days after which the current version moves to O(buckets[].lifecycle[].tier).
            type: int
          tier:
            description: Tier (MinIO) or storage class (S3).
            type: str
          noncurrent_days:
            description: Days after which a version that is no longer the current one is removed. Not below the retention.
            type: int
          newer_noncurrent_versions:
            description: So many of the newest of them are kept nevertheless.
            type: int
          noncurrent_transition_days:
            description: Days after which such a version moves to O(buckets[].lifecycle[].noncurrent_tier).
            type: int
          noncurrent_tier:
            description: Tier or storage class for such versions.
            type: str
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

- name: A bucket goes, with everything in it
  vannah.healthcloud.minio_buckets:
    access_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_user') }}"
    secret_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_password') }}"
    buckets:
      - {name: scratch, state: absent, drop_data: true}
"""

RETURN = r"""
answers:
  description: Whether a store answered; false in check mode where none does yet.
  type: bool
  returned: always
buckets:
  description: Names of all buckets that are there at the end.
  type: list
  elements: str
  returned: always
steps:
  description: What was done, or would be in check mode.
  type: list
  elements: dict
  returned: always
"""
