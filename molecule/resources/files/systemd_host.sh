#!/bin/sh
# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# A host of its own, as a container: Debian with systemd and docker, which the node's image has, Python and an SSH server.
# Its one user is nobody's root: sudo asks for a password, the home folder has a space and an accent, and new files are private.
# Usage: systemd_host.sh create BUNDLE FOLDER   FOLDER gets the keys, the password and the list of known hosts
#        systemd_host.sh run COMMAND... | remove
set -eu
name=ft-services-systemd-host
# In no network that docker or minikube choose by themselves.
network=172.31.77.0/24 address=172.31.77.10
home='/home/stu dênt'

run() { docker exec --interactive --env LC_ALL=C.UTF-8 "$name" "$@"; }

create() {
    bundle=$1 folder=$2
    docker run --name "$name-image" --network host --entrypoint bash --volume /etc/apt:/host-apt:ro \
        --volume /usr/share/keyrings:/usr/share/keyrings:ro --volume /etc/ssl/certs:/etc/ssl/certs:ro fortytwo/kicbase:v0.0.50 -euc '
            mkdir -p /var/lib/apt/lists/partial /root/sources
            cp /host-apt/sources.list.d/debian.sources /root/sources/
            printf "%s\n" "APT::Install-Recommends \"false\";" "Dir::Etc::SourceParts \"/root/sources\";" "Dir::Etc::Parts \"/host-apt/apt.conf.d\";" >/root/apt.conf
            export APT_CONFIG=/root/apt.conf DEBIAN_FRONTEND=noninteractive
            apt-get update -qq
            apt-get install -y -qq python3 python3-venv nftables openssh-server openssl sudo </dev/null
            cp /etc/ssl/certs/ca-certificates.crt /root/authorities.pem' >/dev/null
    docker commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' "$name-image" "$name" >/dev/null
    docker rm "$name-image" >/dev/null
    docker network create --subnet "$network" "$name" >/dev/null
    # As minikube starts a node; what docker writes needs a file system that is none of docker's own.
    docker run --detach --name "$name" --hostname systemd-host --network "$name" --ip "$address" --privileged --cgroupns host \
        --security-opt seccomp=unconfined --tmpfs /run --tmpfs /tmp --volume "$name:/var" --volume /lib/modules:/lib/modules:ro \
        --volume "$bundle:/media/bundle:ro" "$name" >/dev/null
    (umask 077 && mkdir -p "$folder")
    rm -f "$folder/id" "$folder/id.pub"
    ssh-keygen -q -t ed25519 -N '' -f "$folder/id"
    (umask 077 && openssl rand -hex 16 >"$folder/password")
    # Where its packages of Python come from is this machine's own business.
    if [ -f /etc/pip.conf ]; then docker cp --quiet /etc/pip.conf "$name:/etc/pip.conf"; fi
    run sh -euc '
        cp /root/authorities.pem /etc/ssl/certs/ca-certificates.crt
        useradd --create-home --home-dir "$1" --shell /bin/bash --groups docker,sudo student
        echo "session optional pam_umask.so umask=0077" >>/etc/pam.d/common-session
        rm -f /etc/sudoers.d/* /run/nologin
        ssh-keygen -A
        systemctl enable --now ssh' sh "$home" </dev/null >/dev/null 2>&1
    printf 'student:%s\n' "$(cat "$folder/password")" | run chpasswd
    run sh -euc 'umask 077; mkdir -p "$1/.ssh"; cat >"$1/.ssh/authorized_keys"; chown -R student:student "$1/.ssh"' sh "$home" <"$folder/id.pub"
    run cat /etc/ssh/ssh_host_ed25519_key.pub </dev/null | sed "s/^/$address /" >"$folder/known_hosts"
}

remove() {
    docker rm --force --volumes "$name" "$name-image" >/dev/null 2>&1 || true
    docker volume rm --force "$name" >/dev/null
    docker network rm "$name" >/dev/null 2>&1 || true
    docker image rm --force "$name" >/dev/null 2>&1 || true
}

command=$1
shift
"$command" "$@"
