# Where images of apps are made: a server with what they consist of, Debian's own packages.
ARG IMPORTED
FROM ${IMPORTED}
COPY build.list /tmp/build.list
RUN apt-get -qq -o Dir::Etc::sourcelist=/tmp/build.list -o Dir::Etc::sourceparts=- update \
 && DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dir::Etc::sourcelist=/tmp/build.list -o Dir::Etc::sourceparts=- \
    install --yes --no-install-recommends nodejs node-pg > /dev/null \
 && rm -rf /tmp/build.list /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
