# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, start, stop and remove a minikube cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minikube
short_description: Create, start, stop and remove a minikube cluster
version_added: 0.1.0
requirements:
  - python >= 3.11
author:
  - The fortytwo.ft_services contributors (@fortytwo)
description:
  - Brings one minikube profile to a wanted state and waits until its cluster is healthy.
  - Settings are checked against each other and against the machine before anything is changed.
  - A profile that exists with other settings is never rebuilt. The module fails and lists, setting by setting,
    what is there and what was asked for.
  - A newer O(kubernetes_version), by patches or by one minor version, is the exception. minikube takes the cluster
    to it by kubeadm, with its objects and volumes; while that goes on, the API server answers nothing. What was cut
    short is done by the next run.
  - A profile whose first start was cut short is made anew, because it never was a cluster and holds nothing. It
    counts as such when its volume has no database of etcd, without which no API server has ever run, or when this
    module began to make it and minikube's own record of that start has no end. Any other profile that does not run
    is started as it is.
  - While minikube works, its steps are shown live by the collection's progress callback.
extends_documentation_fragment:
  - fortytwo.ft_services.attributes
  - fortytwo.ft_services.attributes.full
  - fortytwo.ft_services.minikube
options:
  profile:
    description: Name of the profile. It is also the name of the cluster, of its kubeconfig context, of its node
      and of its network.
    type: str
    default: minikube
  state:
    description:
      - V(present) creates the cluster or starts it, whichever is needed.
      - V(stopped) stops it and keeps its objects and volumes. A profile that does not exist is left so.
      - V(absent) removes the profile with everything in it, and no other profile.
    type: str
    choices: [present, stopped, absent]
    default: present
  driver:
    description:
      - What runs the nodes. A new profile has V(docker) where nothing is said.
      - The module is made for V(docker). Other drivers of minikube get the same call, but are not tested.
    type: str
  container_runtime:
    description: What runs the containers inside of the nodes. A new profile has minikube's default, V(docker), where
      nothing is said.
    type: str
    choices: [docker, containerd, cri-o, crio]
  kubernetes_version:
    description:
      - Version of Kubernetes, all three numbers, for example V(1.34.4).
      - It must be in the range that this minikube supports, unless O(force) is set to V(true).
    type: str
  cpus:
    description: Processors for each node, at least 2.
    type: int
  memory:
    description: Memory for each node in MB (2^20 bytes), at least 2200 and less than the machine has.
    type: int
  disk_size:
    description: Disk for each node in MB (2^20 bytes). The driver V(docker) notes this number and sets no limit.
    type: int
  nodes:
    description:
      - Number of nodes.
      - In an existing cluster more are added, as workers, and those that came last are removed when O(remove_nodes) is
        true. A cluster whose network plug-in connects the pods of one node only takes no more.
    type: int
  remove_nodes:
    description:
      - Whether nodes may be removed when there are more than O(nodes).
      - minikube moves their pods away first. B(Volumes on the disk of a node go with it.)
    type: bool
    default: false
    version_added: 1.0.0
  base_image:
    description:
      - Image of the nodes, for container drivers.
      - An image that was loaded from a file has no digest of a registry, so it must be named without one.
    type: str
  static_ip:
    description:
      - Address of the first node, a private IPv4 address whose last number is between 2 and 254. Its /24 becomes the
        cluster's network.
      - Refused, also in check mode, when that overlaps another network of docker or one that the host has a route to.
    type: str
  cni:
    description: Network plug-in, for example V(bridge), or path of a manifest.
    type: str
  preload:
    description: Whether minikube may use, and download, its archive of images instead of single images.
    type: bool
    default: true
  extra_config:
    description: Options for parts of Kubernetes, as C(COMPONENT.KEY=VALUE). In an existing profile all of them
      must be there; more may be.
    type: list
    elements: str
  feature_gates:
    description: Feature gates of Kubernetes and whether they are on. In an existing profile all of them must be
      there; more may be.
    type: dict
  addons:
    description:
      - minikube's addons and whether each is wanted. Those that are not named stay as they are.
      - Most addons need images that minikube downloads.
    type: dict
    version_added: 1.0.0
  ports:
    description: Ports of the first node to publish on the host, in docker's form, as in V(127.0.0.1:8080:30080).
    type: list
    elements: str
    version_added: 1.0.0
  mount:
    description:
      - Folder of the host that the node shall have, as C(HOST_FOLDER:NODE_FOLDER). Both sides see all changes.
      - minikube takes one.
    type: str
    version_added: 1.0.0
  insecure_registry:
    description: Registries, as HOST:PORT or CIDR, that the node asks without TLS or with a certificate it cannot check.
    type: list
    elements: str
    version_added: 1.0.0
  apiserver_names:
    description: Further names in the certificate of the API server, for who reaches it by another way.
    type: list
    elements: str
    version_added: 1.0.0
  apiserver_ips:
    description: Further addresses in the certificate of the API server.
    type: list
    elements: str
    version_added: 1.0.0
  extra_args:
    description:
      - Further arguments of C(minikube start) for a new profile, each as C(--NAME=VALUE).
      - They are not compared with an existing profile. What an option of this module sets is refused.
    type: list
    elements: str
    version_added: 1.0.0
  encrypt_secrets:
    description:
      - Whether the API server encrypts Secrets before it stores them in etcd, by V(secretbox) (XSalsa20 and Poly1305).
      - In an existing cluster minikube starts the API server anew with the option for it, once; that takes minutes,
        while pods go on. Then all Secrets are written anew.
      - With V(false) the Secrets of a cluster that encrypts are written anew as plain ones. The option stays, so that
        what was encrypted can be read.
      - What is not said stays as it is; a new cluster then stores them plain.
      - It protects copies of etcd and of its files that get around without the key. It does not protect from who may
        read the host's files as root or as the owner of O(secrets_key_file), nor from who may read Secrets by the API.
    type: bool
    version_added: 1.1.0
  secrets_key_file:
    description:
      - File with the key, made with mode 0600 when it is missing, and never replaced. The node has the same key, and
        gives it back where the file was lost.
      - The key is in no output of the module.
      - Needed for O(encrypt_secrets=true).
    type: path
    version_added: 1.1.0
  audit_log:
    description:
      - Whether the API server keeps a log of who did what to which object, C(/var/log/kubernetes/audit/audit.log) in
        the node. What is in the objects is not written there.
      - What the cluster's own parts read, leases, events and probes are left out.
      - It is set in the API server's manifest, as minikube has no option for the folder; each change starts the API
        server anew, which takes half a minute. Where it does not come back, the manifest is put back as it was.
      - What is not said stays as it is, also when a newer Kubernetes writes the manifest anew.
    type: bool
    version_added: 1.1.0
  audit_log_max_age:
    description: How many days old files of the log are kept.
    type: int
    default: 30
    version_added: 1.1.0
  audit_log_max_backups:
    description: How many old files of the log are kept, compressed.
    type: int
    default: 10
    version_added: 1.1.0
  audit_log_max_size:
    description: How large a file of the log gets before the next one begins, in MB.
    type: int
    default: 100
    version_added: 1.1.0
  system_default_admin:
    description:
      - Whether the default service account of the namespace kube-system is an administrator of the cluster, as minikube
        makes it in a new one by the ClusterRoleBinding C(minikube-rbac).
      - Few of minikube's addons need it. What is not said stays as it is.
    type: bool
    version_added: 1.1.0
  binaries_path:
    description:
      - Folder with C(kubelet), C(kubeadm) and C(kubectl) of O(kubernetes_version). Before a start they are linked
        to where minikube looks, so that it downloads nothing.
      - Needs O(kubernetes_version).
    type: path
  wait_timeout:
    description: How long minikube may wait for each part of the cluster to be healthy, in seconds.
    type: int
    default: 600
  force:
    description:
      - Whether to pass C(--force), which minikube asks for when it runs as root.
      - When not set, it is passed if the module runs as root. Only an explicit V(true) lifts the check of
        O(kubernetes_version) against what minikube supports.
    type: bool
  purge:
    description:
      - With O(state=absent), also remove minikube's whole folder with its caches, certificates and settings.
      - The folder is kept, with a warning, as long as another profile is in it.
    type: bool
    default: false
  keep_context:
    description:
      - Leave the current context of the kubeconfig alone when it is another cluster's.
      - Without a current context, the cluster's becomes it.
      - With V(false) the cluster's context becomes the current one at each start.
    type: bool
    default: true
notes:
  - Settings that are not given are not compared with an existing profile; a new one has minikube's defaults there.
  - Before a start, image files in minikube's cache that differ from the docker daemon's image of the same name
    are removed, because minikube would load the old ones for ever.
  - A cluster is not stopped when its node image keeps Kubernetes' volumes in memory, where stopping would lose them.
  - minikube makes the cluster's context the current one of the kubeconfig, unless O(keep_context) prevents it.
  - minikube gives the images of its cache to the nodes of a new profile only. A node that is added later pulls those of
    Kubernetes (kube-proxy, pause) and of the network plug-in. Where no registry can be reached, load them with
    M(fortytwo.ft_services.image_load) and its option O(fortytwo.ft_services.image_load#module:nodes) while minikube
    waits for the node, or after that failed; the node then becomes ready by itself.
seealso:
  - module: fortytwo.ft_services.minikube_info
  - name: minikube start
    description: Meaning of the settings.
    link: https://minikube.sigs.k8s.io/docs/commands/start/
"""

EXAMPLES = r"""
- name: Have a cluster running
  fortytwo.ft_services.minikube:
    profile: demo
    kubernetes_version: 1.34.4
    cpus: 2
    memory: 4096
    static_ip: 192.168.49.2
    cni: bridge
  register: cluster

- name: Have a cluster from files alone
  fortytwo.ft_services.minikube:
    profile: demo
    kubernetes_version: 1.34.4
    base_image: fortytwo/kicbase:v0.0.50
    binaries_path: /srv/bundle/kubernetes/v1.34.4
    preload: false

- name: Have a cluster that encrypts its Secrets and tells who did what
  fortytwo.ft_services.minikube:
    profile: demo
    encrypt_secrets: true
    secrets_key_file: /root/.local/state/demo/secrets.key
    audit_log: true
    audit_log_max_age: 90

- name: Have a cluster of two nodes, with an addon and a registry of this host
  fortytwo.ft_services.minikube:
    profile: pair
    nodes: 2
    cni: kindnet
    insecure_registry:
      - 192.168.49.1:5000
    addons:
      metrics-server: true
      storage-provisioner: false

- name: Take it back to one node
  fortytwo.ft_services.minikube:
    profile: pair
    nodes: 1
    remove_nodes: true

- name: Stop the cluster and keep its data
  fortytwo.ft_services.minikube:
    profile: demo
    state: stopped

- name: Remove the cluster with its data
  fortytwo.ft_services.minikube:
    profile: demo
    state: absent
"""

RETURN = r"""
actions:
  description:
    - What was done, or would be in check mode. C(create), C(start), C(upgrade) (started with a newer
      Kubernetes), C(continue_upgrade) (one that was cut short), C(stop), C(delete), C(update_context) (the kubeconfig
      pointed elsewhere), C(purge), C(add_node) and C(remove_node) (once for each node), C(enable_addons) and
      C(disable_addons).
    - C(keep_key) (the key was written to its file), C(configure) (started with an option of the API server that it did
      not have), C(configure_encryption) and C(configure_audit_log) (the API server was started anew),
      C(encrypt_secrets) and C(decrypt_secrets) (all Secrets were written anew), C(grant_default_admin) and
      C(revoke_default_admin).
    - C(delete) followed by C(create) is a profile that never was a cluster.
  returned: success
  type: list
  elements: str
  sample: [create]
profile:
  description: Name of the profile.
  returned: success
  type: str
  sample: ft-services
state:
  description: What the cluster is now; C(running), C(stopped), C(degraded) or C(absent). In check mode, what it
    would be.
  returned: success
  type: str
  sample: running
valid:
  description: Whether minikube calls the profile valid.
  returned: success
  type: bool
  sample: true
status:
  description: What minikube says about the control plane.
  returned: success
  type: dict
  sample:
    host: Running
    kubelet: Running
    api_server: Running
    kubeconfig: Configured
nodes:
  description: The nodes.
  returned: success
  type: list
  elements: dict
  sample:
    - name: ft-services
      ip: 192.168.49.2
      control_plane: true
      host: Running
      kubelet: Running
ip:
  description: Address of the first control plane node; null when not known yet.
  returned: success
  type: str
  sample: 192.168.49.2
api_server:
  description: URL at which this host reaches the API server; null when not known yet. Where docker runs in a virtual
    machine, without root or on another host, that is a forwarded port.
  returned: success
  type: str
  sample: https://192.168.49.2:8443
kubeconfig:
  description: File with the cluster's context.
  returned: success
  type: str
  sample: /root/.kube/config
context:
  description: Name of the context.
  returned: success
  type: str
  sample: ft-services
docker_host:
  description: Address at which this host reaches the docker daemon inside of the node; null when there is none.
  returned: success
  type: str
  sample: tcp://192.168.49.2:2376
docker_tls_path:
  description: Folder with ca.pem, cert.pem and key.pem for this daemon; null when there is none.
  returned: success
  type: str
  sample: /root/.minikube/certs
network:
  description: Name of the docker network of the nodes; null with other drivers.
  returned: success
  type: str
  sample: ft-services
subnet:
  description: The network's addresses; null when not known.
  returned: success
  type: str
  sample: 192.168.49.0/24
gateway:
  description: The host's address in this network; null when not known.
  returned: success
  type: str
  sample: 192.168.49.1
home:
  description: Folder with minikube's files.
  returned: success
  type: str
  sample: /root/.minikube
encrypt_secrets:
  description: Whether Secrets that are written now are encrypted; null for a cluster that does not run.
  returned: success
  type: bool
  sample: true
secrets:
  description: How many Secrets are encrypted in etcd, and how many are not; null when not known.
  returned: success
  type: dict
  sample: {encrypted: 31, plain: 0}
audit_log:
  description:
    - The API server's audit log, as it is kept now; null without one.
    - C(bytes) is the size of the file that is written now, C(bodies) the number of lines with what is in an object,
      among the last 4 MB of it.
  returned: success
  type: dict
  sample:
    path: /var/log/kubernetes/audit/audit.log
    max_age: 30
    max_backups: 10
    max_size: 100
    bytes: 81920
    bodies: 0
settings:
  description: Settings of the profile; all null without one.
  returned: success
  type: dict
  sample:
    driver: docker
    container_runtime: docker
    kubernetes_version: v1.34.4
    cpus: 2
    memory: 4096
    disk_size: 20000
    nodes: 1
    base_image: fortytwo/kicbase:v0.0.50
    static_ip: 192.168.49.2
    cni: bridge
    extra_config: []
    feature_gates: []
    ports: []
    mount: null
    insecure_registry: []
    apiserver_names: []
    apiserver_ips: []
    addons: [default-storageclass, storage-provisioner]
problems:
  description: Settings that cannot work, each with what to write instead.
  returned: failure for this reason
  type: list
  elements: str
  sample: ["cpus 8 is more than this machine's 2: write 2 or less"]
differences:
  description: Settings that differ from those of the existing profile, and why they cannot be changed.
  returned: failure for this reason
  type: list
  elements: dict
  sample:
    - setting: memory
      current: 4096
      asked: 6144
      reason: fixed when a cluster is made
error:
  description: minikube's own error; C(name), C(exitcode), C(message), C(advice), C(url).
  returned: failure of minikube
  type: dict
  sample:
    name: PROVIDER_DOCKER_NOT_RUNNING
    exitcode: "69"
    message: Cannot connect to the Docker daemon
    advice: Start the Docker service
    url: https://minikube.sigs.k8s.io/docs/drivers/docker/
stderr_lines:
  description: Last lines of minikube's error output.
  returned: failure of minikube
  type: list
  elements: str
  sample: []
"""

from ansible_collections.fortytwo.ft_services.plugins.module_utils._python import require_python

require_python()

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.cluster import Cluster
from ansible_collections.fortytwo.ft_services.plugins.module_utils._minikube.facts import connection_spec


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **connection_spec(),
            "profile": {"type": "str", "default": "minikube"},
            "state": {"type": "str", "choices": ["present", "stopped", "absent"], "default": "present"},
            "driver": {"type": "str"},
            "container_runtime": {"type": "str", "choices": ["docker", "containerd", "cri-o", "crio"]},
            "kubernetes_version": {"type": "str"},
            "cpus": {"type": "int"},
            "memory": {"type": "int"},
            "disk_size": {"type": "int"},
            "nodes": {"type": "int"},
            "remove_nodes": {"type": "bool", "default": False},
            "base_image": {"type": "str"},
            "static_ip": {"type": "str"},
            "cni": {"type": "str"},
            "preload": {"type": "bool", "default": True},
            "extra_config": {"type": "list", "elements": "str"},
            "feature_gates": {"type": "dict"},
            "addons": {"type": "dict"},
            "ports": {"type": "list", "elements": "str"},
            "mount": {"type": "str"},
            "insecure_registry": {"type": "list", "elements": "str"},
            "apiserver_names": {"type": "list", "elements": "str"},
            "apiserver_ips": {"type": "list", "elements": "str"},
            "extra_args": {"type": "list", "elements": "str"},
            "encrypt_secrets": {"type": "bool"},
            "secrets_key_file": {"type": "path", "no_log": False},
            "audit_log": {"type": "bool"},
            "audit_log_max_age": {"type": "int", "default": 30},
            "audit_log_max_backups": {"type": "int", "default": 10},
            "audit_log_max_size": {"type": "int", "default": 100},
            "system_default_admin": {"type": "bool"},
            "binaries_path": {"type": "path"},
            "wait_timeout": {"type": "int", "default": 600},
            "force": {"type": "bool"},
            "purge": {"type": "bool", "default": False},
            "keep_context": {"type": "bool", "default": True},
        },
        required_by={"binaries_path": ["kubernetes_version"]},
        required_if=[("encrypt_secrets", True, ["secrets_key_file"])],
        supports_check_mode=True,
    )
    module.exit_json(**Cluster(module).run())


if __name__ == "__main__":
    main()
