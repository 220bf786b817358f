# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the object store's fault tests: the site, its store, the objects that must survive, and a report of what was measured."""

from __future__ import annotations

import pytest

from tests.live.lib.site import Site
from tests.live.minio.store import Store, content, objects_of_tests, sizes

BUCKET = "dicom"


@pytest.fixture(scope="session")
def store(site: Site) -> Store:
    """Its object store."""
    return Store.of(site)


@pytest.fixture(scope="session")
def objects(store: Store) -> dict[str, int]:
    """Objects of DICOM's sizes in a bucket that the inventory declares; name -> size."""
    store.wait_healthy(60)
    found = sizes(objects_of_tests())
    store.put_all(BUCKET, found)
    return found


@pytest.fixture(scope="session")
def versions(store: Store) -> dict[str, bytes]:
    """Versions of one object that a retention keeps, below a mark of its deletion; version -> bytes."""
    client = store.client(store.hosts[0])
    bodies = [content(f"kept {number}", 900_000 + number) for number in range(3)]
    found = {client.put_object(Bucket="reports", Key="kept.pdf", Body=body)["VersionId"]: body for body in bodies}
    client.delete_object(Bucket="reports", Key="kept.pdf")
    return found
