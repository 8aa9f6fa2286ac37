#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# A host of its own, as a container: Debian with systemd and docker, which the node's image has, and Python.
# Usage: systemd_host.sh create BUNDLE SITE_PACKAGES   (a tar archive of the collection on standard input)
#        systemd_host.sh playbook PLAYBOOK ARGUMENTS... | run COMMAND... | remove
set -eu
name=ft-services-systemd-host
clone=/root/clone

run() { docker exec -i -e LC_ALL=C.UTF-8 "$name" "$@"; }

create() {
    bundle=$1 packages=$2
    docker run --name "$name-image" --network host --entrypoint bash --volume /etc/apt:/host-apt:ro \
        --volume /usr/share/keyrings:/usr/share/keyrings:ro --volume /etc/ssl/certs:/etc/ssl/certs:ro fortytwo/kicbase:v0.0.50 -euc '
            mkdir -p /var/lib/apt/lists/partial /root/sources
            cp /host-apt/sources.list.d/debian.sources /root/sources/
            printf "%s\n" "APT::Install-Recommends \"false\";" "Dir::Etc::SourceParts \"/root/sources\";" "Dir::Etc::Parts \"/host-apt/apt.conf.d\";" >/root/apt.conf
            export APT_CONFIG=/root/apt.conf DEBIAN_FRONTEND=noninteractive
            apt-get update -qq
            apt-get install -y -qq python3 python3-venv nftables </dev/null' >/dev/null
    docker commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' "$name-image" "$name" >/dev/null
    docker rm "$name-image" >/dev/null
    # As minikube starts a node; what docker writes needs a file system that is none of docker's own.
    docker run --detach --name "$name" --hostname systemd-host --privileged --cgroupns host --security-opt seccomp=unconfined \
        --tmpfs /run --tmpfs /tmp --volume "$name:/var" --volume /lib/modules:/lib/modules:ro \
        --volume "$bundle:/bundle:ro" --volume "$packages:/packages:ro" "$name" >/dev/null
    run sh -euc '
        python3 -m venv --without-pip /opt/ft_services
        echo /packages >/opt/ft_services/lib/python3.11/site-packages/packages.pth
        # The bundle notes what it has verified.
        mkdir -p /var/overlay/upper /var/overlay/work /root/bundle
        echo "overlay /root/bundle overlay lowerdir=/bundle,upperdir=/var/overlay/upper,workdir=/var/overlay/work 0 0" >/etc/fstab
        mount /root/bundle
        mkdir -p /root/clone/.venv/collections/ansible_collections/fortytwo
        ln -s ../../../.. /root/clone/.venv/collections/ansible_collections/fortytwo/ft_services' </dev/null
    run tar --extract --no-same-owner --directory "$clone"
}

playbook() {
    docker exec --workdir "$clone" --env ANSIBLE_CONFIG="$clone/ansible.cfg" --env PYTHONPATH=/packages --env LC_ALL=C.UTF-8 --env HOME=/root "$name" \
        /opt/ft_services/bin/python -m ansible playbook --inventory inventory/hosts.yml --extra-vars '{"bundle_mode": "offline", "bundle_path": "/root/bundle"}' "$@"
}

remove() {
    docker rm --force --volumes "$name" "$name-image" >/dev/null 2>&1 || true
    docker volume rm --force "$name" >/dev/null
    docker image rm --force "$name" >/dev/null 2>&1 || true
}

command=$1
shift
"$command" "$@"
