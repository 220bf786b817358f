# Debian's package cache for the test servers; its configuration is given when it is started.
ARG IMPORTED
FROM ${IMPORTED}
COPY build.list /tmp/build.list
RUN apt-get -qq -o Dir::Etc::sourcelist=/tmp/build.list -o Dir::Etc::sourceparts=- update \
 && DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dir::Etc::sourcelist=/tmp/build.list -o Dir::Etc::sourceparts=- \
    install --yes --no-install-recommends apt-cacher-ng > /dev/null \
 && rm -rf /tmp/build.list /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
VOLUME /var/cache/apt-cacher-ng
STOPSIGNAL SIGTERM
CMD ["/usr/sbin/apt-cacher-ng", "-c", "/etc/vannah-cache"]
