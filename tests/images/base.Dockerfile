# A server without python3 and sudo, from what debootstrap made.
ARG IMPORTED
FROM ${IMPORTED}
ARG RELEASE
COPY files/ /
# The sources are those of a new server, whatever mirror debootstrap used. Host keys and machine id are each server's own.
RUN rm -f /etc/apt/sources.list /etc/ssh/ssh_host_* /var/lib/dbus/machine-id && : > /etc/machine-id \
 && printf 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: %s %s-updates\nComponents: main\nSigned-By: %s\n\nTypes: deb\nURIs: http://deb.debian.org/debian-security\nSuites: %s-security\nComponents: main\nSigned-By: %s\n' \
    "$RELEASE" "$RELEASE" /usr/share/keyrings/debian-archive-keyring.gpg "$RELEASE" /usr/share/keyrings/debian-archive-keyring.gpg \
    > /etc/apt/sources.list.d/debian.sources \
 && ln -s /dev/null /etc/systemd/system/systemd-modules-load.service \
 && ln -s /dev/null /etc/systemd/system/console-getty.service \
 && ln -s /dev/null /etc/systemd/system/getty.target \
 && ln -s ../test-server.service /etc/systemd/system/sysinit.target.wants/test-server.service \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /var/log/*.log
# systemd asks both: what it runs in, and whether cgroup v1 will do (257 and newer refuse it else; nothing to it on v2).
ENV container=docker SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1
STOPSIGNAL SIGRTMIN+3
CMD ["/sbin/init"]
