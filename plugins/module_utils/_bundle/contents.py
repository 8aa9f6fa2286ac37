# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a complete bundle holds, however it is made.

This module util is private to the collection fortytwo.ft_services.
"""

from __future__ import annotations


def one_program_images(versions: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """Return images that hold one program: archive, program, path in the image, the cluster's reference of it."""
    kubernetes, metallb = f"v{versions['kubernetes']}", f"v{versions['metallb']}"
    rows = [
        (f"images/host/{name}.tar", name, f"usr/local/bin/{name}", f"registry.k8s.io/{name}:{kubernetes}")
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    ]
    rows += [
        # kubeadm derives etcd's flags from the tag: any etcd of the same minor version fits.
        ("images/host/etcd.tar", "etcd", "usr/local/bin/etcd", f"registry.k8s.io/etcd:{versions['etcd_tag']}"),
        ("images/host/pause.tar", "pause", "pause", f"registry.k8s.io/pause:{versions['pause']}"),
        ("images/host/coredns.tar", "coredns", "coredns", f"registry.k8s.io/coredns/coredns:v{versions['coredns']}"),
        (
            "images/host/storage-provisioner.tar",
            "storage-provisioner",
            "storage-provisioner",
            f"gcr.io/k8s-minikube/storage-provisioner:{versions['storage_provisioner']}",
        ),
    ]
    rows += [
        (f"images/node/metallb-{name}.tar", f"metallb-{name}", name, f"quay.io/metallb/{name}:{metallb}")
        for name in ("controller", "speaker")
    ]
    rows.append(
        (
            "images/node/kube-network-policies.tar",
            "kube-network-policies",
            "bin/netpol",
            f"registry.k8s.io/networking/kube-network-policies:v{versions['kube_network_policies']}",
        )
    )
    return rows


def paths(versions: dict[str, str]) -> list[str]:
    """Return every file or folder of a complete bundle, however it is made."""
    kubernetes = f"kubernetes/v{versions['kubernetes']}"
    return [
        "bin/minikube",
        "bin/kubectl",
        *(f"{kubernetes}/{name}" for name in ("kubelet", "kubeadm", "kubectl")),
        *(row[0] for row in one_program_images(versions)),
        "images/host/kube-proxy.tar",
        "images/host/node.tar",
        "images/node/alpine.tar",
        "metallb/metallb-native.yaml",
        "apk",
    ]
