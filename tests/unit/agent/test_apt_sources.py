# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of packages that cannot be read: what apt-get 2.6 and 3.0 said on servers with one of each kind."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import apt_sources
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources.packages import plan_packages
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.packages import calls as updates

UNRESOLVED = """\
Err:1 http://nowhere.invalid/apt stable InRelease
  Could not resolve 'nowhere.invalid'
Get:2 http://deb.debian.org/debian trixie InRelease [140 kB]
Fetched 231 kB in 0s (1173 kB/s)
Reading package lists...
E: Failed to fetch http://nowhere.invalid/apt/dists/stable/InRelease  Could not resolve 'nowhere.invalid'
E: Some index files failed to download. They have been ignored, or old ones used instead.
"""
GONE = """\
Ign:1 http://deb.debian.org/debian no-such-suite InRelease
Err:5 http://deb.debian.org/debian no-such-suite Release
  404  Not Found [IP: 172.17.0.1 3142]
Reading package lists...
E: The repository 'http://deb.debian.org/debian no-such-suite Release' does not have a Release file.
"""
UNSIGNED = "E: The repository 'file:/srv/r ./ Release' is not signed.\n"
EXPIRED = """\
W: An error occurred during the signature verification. The repository is not updated and the previous index files will be used. \
GPG error: https://repo.example.org/deb stable InRelease: The following signatures were invalid: EXPKEYSIG 0123 Vendor
"""
DISC = """\
Err:2 cdrom://[Debian GNU/Linux 12 _Bookworm_] bookworm Release
  Please use apt-cdrom to make this CD-ROM recognized by APT. apt-get update cannot be used to add new CD-ROMs
"""
INDEX = """\
Err:9 https://repo.example.org/deb stable/main amd64 Packages
  File has unexpected size (1 != 2). Mirror sync in progress? [IP: 192.0.2.1 443]
"""
MALFORMED = "E: Malformed entry 1 in list file /etc/apt/sources.list.d/broken.list (Suite)\nE: The list of sources could not be read.\n"
CONFLICT = "E: Conflicting values set for option Signed-By regarding source http://deb.debian.org/debian/ trixie: /x != /y\n"
SECURITY = """\
Err:1 http://deb.debian.org/debian-security trixie-security InRelease
  Connection timed out
E: Failed to fetch http://deb.debian.org/debian-security/dists/trixie-security/InRelease  Connection timed out
"""

#: apt-cache policy, of all sources and of some packages.
POLICY = """\
Package files:
 100 /var/lib/dpkg/status
     release a=now
 500 http://deb.debian.org/debian-security trixie-security/main amd64 Packages
     release v=13,o=Debian,a=stable-security,n=trixie-security,l=Debian-Security,c=main,b=amd64
     origin deb.debian.org
 500 http://apt.postgresql.org/pub/repos/apt trixie-pgdg/main amd64 Packages
     release o=apt.postgresql.org,a=trixie-pgdg,n=trixie-pgdg,l=PostgreSQL for Debian/Ubuntu repository,c=main,b=amd64
     origin apt.postgresql.org
 500 http://deb.debian.org/debian trixie/main amd64 Packages
     release v=13.8,o=Debian,a=stable,n=trixie,l=Debian,c=main,b=amd64
     origin deb.debian.org
Pinned packages:
"""
PACKAGES = """\
postgresql-17:
  Installed: 17.10-0+deb13u1
  Candidate: 17.11-0+deb13u1
  Version table:
     17.11-0+deb13u1 500
        500 http://deb.debian.org/debian trixie/main amd64 Packages
 *** 17.10-0+deb13u1 100
        100 /var/lib/dpkg/status
"""
VENDOR = PACKAGES.replace("http://deb.debian.org/debian trixie/main", "http://apt.postgresql.org/pub/repos/apt trixie-pgdg/main")


@pytest.mark.parametrize(
    ("said", "source", "reason"),
    [
        (UNRESOLVED, ("http://nowhere.invalid/apt", "stable"), "Could not resolve 'nowhere.invalid'"),
        (GONE, ("http://deb.debian.org/debian", "no-such-suite"), "404  Not Found [IP: 172.17.0.1 3142]"),
        (UNSIGNED, ("file:/srv/r", "./"), "is not signed"),
        (
            EXPIRED,
            ("https://repo.example.org/deb", "stable"),
            "The following signatures were invalid: EXPKEYSIG 0123 Vendor",
        ),
        (
            DISC,
            ("cdrom://[Debian GNU/Linux 12 _Bookworm_]", "bookworm"),
            "Please use apt-cdrom to make this CD-ROM recognized by APT. apt-get update cannot be used to add new CD-ROMs",
        ),
        (
            INDEX,
            ("https://repo.example.org/deb", "stable"),
            "File has unexpected size (1 != 2). Mirror sync in progress? [IP: 192.0.2.1 443]",
        ),
    ],
)
def test_which_source_failed_and_why(said: str, source: Any, reason: str) -> None:
    assert apt_sources.failed(said) == {source: reason}


def updating(host: Any, said: str, packages: str = PACKAGES, policy: str = POLICY) -> None:
    host.write("/etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n")
    host.write("/var/lib/dpkg/status", "Package: postgresql-17\nStatus: install ok installed\nVersion: 17.10-0+deb13u1\n\n")
    host.programs.on("dpkg-query", out="ii  postgresql-17:amd64\n")
    host.programs.on("apt-cache", do=lambda argv: Result(0, packages if "--" in argv else policy))
    host.programs.on("update", rc=100, err=said)


@pytest.mark.parametrize("said", [UNRESOLVED, GONE, UNSIGNED, EXPIRED, DISC, INDEX])
@pytest.mark.parametrize("names", [["postgresql-*"], ["postgresql-17"]])
def test_a_broken_source_of_others_is_warned_of(host: Any, said: str, names: list[str]) -> None:
    updating(host, said)
    steps, result = updates.update({"refresh": True, "names": names}, host.ctx)
    assert result["packages"] == [{"name": "postgresql-17", "installed": "17.10-0+deb13u1", "available": "17.11-0+deb13u1"}]
    assert len(steps) == 1
    (source,) = apt_sources.failed(said)
    assert [source[0] in warning and source[1] in warning for warning in host.ctx.warnings] == [True]


@pytest.mark.parametrize(
    ("said", "packages", "policy", "code"),
    [
        (SECURITY, PACKAGES, POLICY, "packages-unreachable"),
        (SECURITY, PACKAGES, POLICY.replace("trixie-security", "elsewhere"), "packages-unreachable"),
        (SECURITY.replace("-security", ""), PACKAGES, POLICY, "packages-unreachable"),
        # The vendor's own packages are installed: what is newer is not known.
        (
            EXPIRED.replace("https://repo.example.org/deb stable", "http://apt.postgresql.org/pub/repos/apt trixie-pgdg"),
            VENDOR,
            POLICY,
            None,
        ),
        # Nothing of Debian was ever read.
        (UNRESOLVED, PACKAGES, POLICY.replace("o=Debian", "o=Another"), "packages-unreachable"),
        (UNRESOLVED, PACKAGES, "Package files:\n", "packages-unreachable"),
        (MALFORMED, PACKAGES, POLICY, "packages-sources"),
        (CONFLICT, PACKAGES, POLICY, "packages-sources"),
        ("E: Could not open file\n", PACKAGES, POLICY, "package-failed"),
        ("E: Write error - write (28: No space left on device)\n" + UNRESOLVED, PACKAGES, POLICY, "no-space"),
    ],
)
def test_what_the_update_needs_has_to_be_read(host: Any, said: str, packages: str, policy: str, code: str | None) -> None:
    updating(host, said, packages, policy)
    with pytest.raises(AgentError) as caught:
        updates.update({"refresh": True, "names": ["postgresql-*"]}, host.ctx)
    assert caught.value.code == (code or "packages-untrusted")


HELD = "Package: postgresql-client-15\nStatus: hold ok installed\nVersion: 15.1\n\n"


@pytest.mark.parametrize("other", ["", HELD])
def test_a_source_of_what_is_not_updated_is_not_needed(host: Any, other: str) -> None:
    """A package that is named and not installed, or held, asks nothing of its source."""
    updating(host, EXPIRED.replace("https://repo.example.org/deb stable", "http://apt.postgresql.org/pub/repos/apt trixie-pgdg"))
    path = host.root / "var/lib/dpkg/status"
    path.write_text(path.read_text() + other)
    more = VENDOR.replace("postgresql-17:", "postgresql-client-15:")
    host.programs.on(
        "apt-cache", do=lambda argv: Result(0, PACKAGES + (more if "postgresql-client-15" in argv else "") if "--" in argv else POLICY)
    )
    updates.update({"refresh": True, "names": ["postgresql-17", "postgresql-client-15"]}, host.ctx)
    assert ["trixie-pgdg" in warning for warning in host.ctx.warnings] == [True]


def test_an_unreadable_list_is_named(host: Any) -> None:
    updating(host, MALFORMED)
    with pytest.raises(AgentError, match=r"broken\.list.*correct or remove that entry"):
        updates.update({"refresh": True, "names": ["postgresql-*"]}, host.ctx)


def test_an_installation_continues_beside_a_broken_source(host: Any, component: Any) -> None:
    """What apt-get could read is enough, and the source is named."""
    host.programs.on("update", rc=100, err=GONE)
    host.programs.on("install", do=lambda argv: install(host))
    found = host.apply(plan_packages, component(packages=["jq"]))
    assert [step.action for step in found] == ["install"]
    assert any("no-such-suite" in warning for warning in host.ctx.warnings)


def install(host: Any) -> Result:
    host.write("/var/lib/dpkg/status", "Package: jq\nStatus: install ok installed\nVersion: 1.7\n\n")
    return Result(0)
