# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server as its owner has it, before the site comes: the host checks get past what does not matter and refuse what does, unchanged."""

from __future__ import annotations

import json
import time

from tests.live.lib.site import Site

#: A login that prints and has a strict umask, sudo with one too, root shut out of SSH, sshd started by a socket on another port, a language
#: that is not there, a vendor's source of packages that is gone, locales that the owner wants.
SETUP = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends sudo > /dev/null
rm -rf /var/lib/apt/lists/*
useradd --create-home --shell /bin/bash ops
install -d -m 0700 -o ops -g ops /home/ops/.ssh
install -m 0600 -o ops -g ops /root/.ssh/authorized_keys /home/ops/.ssh/authorized_keys
printf '%s\n' 'echo "Welcome, $USER"' 'echo 0' 'umask 077' 'neofetch' | cat - /home/ops/.bashrc > /home/ops/bashrc
mv /home/ops/bashrc /home/ops/.bashrc
echo 'echo "Authorised use only"' > /etc/profile.d/banner.sh
printf '%s\n' 'ops ALL=(ALL) NOPASSWD: ALL' 'Defaults umask=0077, umask_override, lecture=always' > /etc/sudoers.d/ops
chmod 0440 /etc/sudoers.d/ops
echo 'LANG=tlh_KX.UTF-8' > /etc/default/locale
echo 'deb http://packages.vendor.invalid/apt stable main' > /etc/apt/sources.list.d/vendor.list
printf '%s\n' '# mine' 'en_GB.UTF-8 UTF-8' > /etc/locale.gen
printf '%s\n' 'PermitRootLogin no' 'LoginGraceTime 30' > /etc/ssh/sshd_config.d/50-cloud-init.conf
mkdir -p /etc/systemd/system/ssh.socket.d
printf '%s\n' '[Socket]' 'ListenStream=' 'ListenStream=2222' > /etc/systemd/system/ssh.socket.d/port.conf
systemctl daemon-reload
systemctl --quiet disable --now ssh.service
systemctl --quiet enable --now ssh.socket
"""
#: Holds the lock of apt's lists as apt-get does (fcntl(2)), until it is told to let go.
BUSY = r"""
use Fcntl;
open(my $file, ">>", "/var/lib/apt/lists/lock") or die;
my $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
fcntl($file, F_SETLK, $lock) or die;
for (1 .. 300) { last if -e "/run/let-go"; sleep 1; }
"""


def test_the_host_checks_get_past_it(site: Site) -> None:
    """python3 is installed although apt is at work at first and one source is gone."""
    (host,) = site.hosts("all")
    site.run(host, "sh", "-c", SETUP, timeout=120)
    site.run(host, "mkdir", "-p", "/var/lib/apt/lists")
    site.docker("exec", "--detach", site.container(host), "perl", "-e", BUSY)
    printed, told = [], []
    begun = time.monotonic()
    with site.start_playbook("host_checks.yml") as process:
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line)
            if "waits to install python3" in line:
                told.append(time.monotonic() - begun)
                site.run(host, "touch", "/run/let-go")
    assert process.returncode == 0, "".join(printed[-60:])
    assert told and told[0] < 60, f"the wait was printed after {told[:1]} s"
    assert any("/var/lib/apt/lists/lock" in line for line in printed), "".join(printed[-60:])


def test_a_login_that_would_be_lost_is_refused_before_any_change(site: Site) -> None:
    """The settings of the site would let in only another user."""
    (host,) = site.hosts("all")
    done = site.playbook("host_checks.yml", "-e", json.dumps({"base_ssh_settings": {"AllowUsers": ["another"]}}))
    assert done.returncode != 0
    assert "contact-role-check" in done.stdout and "the login user ops (AllowUsers)" in done.stdout, done.stdout[-4000:]
    assert site.run(host, "ls", "/etc/vannah", "/var/lib/vannah", check=False).stdout == ""
