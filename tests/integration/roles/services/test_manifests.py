# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every rendered manifest must hold to."""

from __future__ import annotations

import html.parser
import json
import re
from pathlib import Path

import kubernetes_validate
import pytest

from ansible_collections.fortytwo.ft_services.tests.integration.roles.services.conftest import render

REPOSITORY = Path(__file__).resolve().parents[4]
NAME = "platform.example.org"
SECRET_NAME = re.compile(r"PASS|TOKEN|KEY|SECRET|CREDENTIAL", re.IGNORECASE)


def of(rendered, kind, name=None):
    return [
        each for each in rendered.objects if each["kind"] == kind and (name is None or each["metadata"]["name"] == name)
    ]


def one(rendered, kind, name):
    (found,) = of(rendered, kind, name)
    return found


def pod_of(deployment):
    return deployment["spec"]["template"]["spec"]


def container_of(deployment):
    (container,) = pod_of(deployment)["containers"]
    return container


def ports_of(row):
    """Name, port and target of all ports: those that are listed, and each of the range."""
    ports = [(port["name"], port["port"], port["target"]) for port in row["ports"]]
    span = row.get("port_range")
    numbers = range(span["first"], span["last"] + 1) if span else []
    return ports + [(f"{span['name']}-{number}", number, number) for number in numbers]


def contains(whole, part):
    return part.items() <= whole.items()


def test_the_api_server_of_kubernetes_1_34_knows_every_field(rendered):
    for each in rendered.objects:
        kubernetes_validate.validate(each, "1.34", strict=True)


def test_every_object_stands_once_and_in_the_namespace(rendered):
    keys = [(each["kind"], each["metadata"]["name"]) for each in rendered.objects]
    assert sorted(set(keys)) == sorted(keys)
    for each in rendered.objects:
        if each["kind"] in ("ClusterRole", "ClusterRoleBinding"):
            assert each["metadata"]["name"].startswith("ft-services-")
        elif each["kind"] != "Namespace":
            assert each["metadata"]["namespace"] == "ft-services"


def test_the_namespace_allows_restricted_pods_only_and_no_traffic_by_itself(rendered):
    (namespace,) = of(rendered, "Namespace")
    for mode in ("enforce", "warn", "audit"):
        assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"
    assert one(rendered, "NetworkPolicy", "default-deny")["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }


def test_each_service_is_a_deployment_and_a_container_of_its_name(rendered):
    names = [row["name"] for row in rendered.table]
    assert [each["metadata"]["name"] for each in of(rendered, "Deployment")] == names
    assert [container_of(each)["name"] for each in of(rendered, "Deployment")] == names
    assert [container_of(each)["image"] for each in of(rendered, "Deployment")] == [
        f"fortytwo/{name}" for name in names
    ]


def test_pods_conform_to_the_restricted_standard(rendered):
    allowed_volumes = {"configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected", "downwardAPI"}
    for deployment in of(rendered, "Deployment"):
        pod, container = pod_of(deployment), container_of(deployment)
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & set(pod)
        assert all(set(volume) - {"name"} <= allowed_volumes for volume in pod["volumes"])
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] >= 10000
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not any("hostPort" in port for port in container["ports"])


def test_pods_get_no_token_and_no_addresses_in_their_environment(rendered):
    for deployment in of(rendered, "Deployment"):
        assert pod_of(deployment)["automountServiceAccountToken"] is False
        assert pod_of(deployment)["enableServiceLinks"] is False


def test_no_secret_stands_in_an_environment_or_a_command(rendered):
    for deployment in of(rendered, "Deployment"):
        container = container_of(deployment)
        assert "envFrom" not in container
        assert not {"command", "args"} & set(container)
        for variable in container.get("env", []):
            assert not SECRET_NAME.search(variable["name"])
            assert "secretKeyRef" not in variable.get("valueFrom", {})


def test_all_that_can_be_written_is_bounded(rendered):
    for deployment in of(rendered, "Deployment"):
        volumes = {volume["name"]: volume for volume in pod_of(deployment)["volumes"]}
        mounts = container_of(deployment)["volumeMounts"]
        assert sorted(volumes) == sorted(mount["name"] for mount in mounts)
        for mount in mounts:
            volume = volumes[mount["name"]]
            if {"configMap", "projected", "secret"} & set(volume):
                assert mount["readOnly"] is True
            else:
                assert "persistentVolumeClaim" in volume or volume["emptyDir"]["sizeLimit"]
        assert volumes["run"]["emptyDir"]["medium"] == "Memory"


def test_mounted_objects_exist_and_secret_files_are_for_owner_and_group_only(rendered):
    secrets = {each["name"] for each in rendered.inputs["secrets"]}
    for deployment in of(rendered, "Deployment"):
        for volume in pod_of(deployment)["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["secretName"] in secrets
                assert volume["secret"]["defaultMode"] == 0o440
            if "configMap" in volume:
                assert of(rendered, "ConfigMap", volume["configMap"]["name"])
            if "persistentVolumeClaim" in volume:
                assert of(rendered, "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])


def test_a_changed_file_or_secret_makes_a_new_pod(rendered):
    for deployment in of(rendered, "Deployment"):
        annotations = deployment["spec"]["template"]["metadata"]["annotations"]
        assert re.fullmatch("[0-9a-f]{32}", annotations["ft-services/config"])
        for volume in pod_of(deployment)["volumes"]:
            if "secret" in volume:
                assert annotations[f"ft-services/secret-{volume['secret']['secretName']}"] == "c0ffee"
        # By it the status page knows when the certificate in use ends.
        assert ("ft-services/certificate-until" in annotations) == any(
            volume.get("secret", {}).get("secretName", "").endswith("-tls") for volume in pod_of(deployment)["volumes"]
        )


def test_probes_and_resources_are_complete(rendered):
    for deployment, row in zip(of(rendered, "Deployment"), rendered.table, strict=True):
        container = container_of(deployment)
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["timeoutSeconds"] >= 3
        assert container["startupProbe"]["exec"]["command"] == row["liveness"]
        readiness = row.get("readiness", row["liveness"])
        assert container["readinessProbe"]["exec"]["command"][-len(readiness) :] == readiness
        assert container["livenessProbe"]["exec"]["command"] == row["liveness"]
        startup = container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"]
        assert startup == row.get("startup_seconds", 60)
        hung = container["livenessProbe"]["periodSeconds"] * container["livenessProbe"]["failureThreshold"]
        assert hung == row.get("liveness_timeout", 90)
        assert deployment["spec"]["progressDeadlineSeconds"] > startup
        for part in ("requests", "limits"):
            assert set(container["resources"][part]) == {"cpu", "memory", "ephemeral-storage"}


def test_selectors_choose_exactly_the_pods_of_their_service(rendered):
    labels = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"] for each in of(rendered, "Deployment")
    }
    jobs = {
        each["metadata"]["name"]: each["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
        for each in of(rendered, "CronJob")
    }
    labels |= jobs
    chosen = [
        (each["metadata"]["name"], each["spec"]["selector"]["matchLabels"]) for each in of(rendered, "Deployment")
    ]
    chosen += [(each["metadata"]["name"], each["spec"]["selector"]) for each in of(rendered, "Service")]
    chosen += [
        (each["metadata"]["name"], each["spec"]["selector"]["matchLabels"])
        for each in of(rendered, "PodDisruptionBudget")
    ]
    chosen += [
        (each["metadata"]["name"], each["spec"]["podSelector"]["matchLabels"])
        for each in of(rendered, "NetworkPolicy")
        if each["metadata"]["name"] != "default-deny"
    ]
    # A job has none of the others but a policy; only who runs in several pods has a budget.
    assert len(chosen) == 3 * (len(labels) - len(jobs)) + len(jobs) + len(of(rendered, "PodDisruptionBudget"))
    for name, selector in chosen:
        assert [found for found, own in labels.items() if contains(own, selector)] == [name]


def test_ports_of_service_container_policy_and_table_agree(rendered):
    for row in rendered.table:
        table = ports_of(row)
        service = one(rendered, "Service", row["name"])["spec"]["ports"]
        assert [(port["name"], port["port"], port["targetPort"]) for port in service] == table
        container = container_of(one(rendered, "Deployment", row["name"]))["ports"]
        assert [(port["name"], port["containerPort"]) for port in container] == [(each[0], each[2]) for each in table]
        called = any(row["name"] in other.get("egress_to", []) for other in rendered.table)
        rules = one(rendered, "NetworkPolicy", row["name"])["spec"].get("ingress", [])
        assert len(rules) == (row["type"] == "LoadBalancer" or called)
        for rule in rules:
            assert [port["port"] for port in rule["ports"]] == [each[2] for each in table]
        assert all(target >= 1024 for _name, _port, target in table)
        # Kubernetes' limit for the name of a container's port.
        assert all(len(name) <= 15 for name, _port, _target in table)


def test_the_load_balancer_is_the_only_way_in(rendered):
    for row in rendered.table:
        service = one(rendered, "Service", row["name"])
        assert row["type"] in ("LoadBalancer", "ClusterIP")
        assert service["spec"]["type"] == row["type"]
        # 0 is none, also where there was one.
        wanted = {0} if row["type"] == "LoadBalancer" else {None}
        assert {port.get("nodePort") for port in service["spec"]["ports"]} == wanted
        annotations = service["metadata"].get("annotations", {})
        if row["type"] == "LoadBalancer":
            assert service["spec"]["allocateLoadBalancerNodePorts"] is False
            assert service["spec"]["externalTrafficPolicy"] == "Cluster"
            assert annotations == {
                "metallb.io/loadBalancerIPs": "192.168.49.200",
                "metallb.io/allow-shared-ip": "ft-services",
            }
        else:
            assert annotations == {}
    public = [port for row in rendered.table if row["type"] == "LoadBalancer" for _name, port, _target in ports_of(row)]
    assert sorted(set(public)) == sorted(public), "services that share an address cannot share a port"


def test_a_certificate_is_valid_for_the_names_by_which_its_service_is_called(rendered):
    wanted = {each["name"]: each for each in rendered.inputs["certificates"]}
    for row in rendered.table:
        if row.get("tls"):
            assert f"{row['name']}.ft-services.svc.cluster.local" in wanted[row["name"]]["dns_names"]
            addresses = ["192.168.49.200"] if row["type"] == "LoadBalancer" else []
            assert wanted[row["name"]]["ip_addresses"] == addresses


def test_images_expose_the_ports_run_as_the_user_and_hold_the_probe_of_the_table(real):
    for row in real.table:
        dockerfile = (REPOSITORY / "images" / row["name"] / "Dockerfile").read_text()
        (user,) = re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE)
        assert user == f"{row['uid']}:{row['uid']}"
        (exposed,) = re.findall(r"^EXPOSE (.+)$", dockerfile, re.MULTILINE)
        spans = [word.partition("-") for word in exposed.split()]
        numbers = [number for first, _dash, last in spans for number in range(int(first), int(last or first) + 1)]
        assert sorted(numbers) == sorted(target for _name, _port, target in ports_of(row))
        assert f"/usr/local/bin/{row['liveness'][0]}\n" in dockerfile


def test_ftps_announces_the_address_and_the_ports_that_are_published(real):
    (row,) = (row for row in real.table if row["name"] == "ftps")
    data = one(real, "ConfigMap", "ftps")["data"]
    assert data["address.conf"] == "MasqueradeAddress 192.168.49.200\n"
    settings = dict(line.split(" ", 1) for line in data["passive.conf"].splitlines())
    first, last = map(int, settings["PassivePorts"].split())
    passive = [port for name, port, _target in ports_of(row) if name.startswith("passive-")]
    assert passive == list(range(first, last + 1))
    assert int(settings["MaxClients"]) == len(passive)


def test_service_users_differ(rendered):
    uids = [row["uid"] for row in rendered.table]
    assert sorted(set(uids)) == sorted(uids)


def test_storage_is_claimed_and_never_shared_by_two_pods(extended):
    claim = one(extended, "PersistentVolumeClaim", "sample-store")
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    deployment = one(extended, "Deployment", "sample-store")
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert {"name": "storage", "mountPath": "/data"} in container_of(deployment)["volumeMounts"]
    nginx = one(extended, "Deployment", "nginx")["spec"]["strategy"]
    assert nginx == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def test_policies_open_exactly_what_the_table_reaches(extended):
    store = one(extended, "NetworkPolicy", "sample-store")["spec"]
    (rule,) = store["ingress"]
    (peer,) = rule["from"]
    assert peer["podSelector"]["matchExpressions"][0]["values"] == ["nginx", "sample-web"]
    assert [each["ports"][0]["port"] for each in store["egress"]] == [10250]
    web = one(extended, "NetworkPolicy", "sample-web")["spec"]
    assert [[port["port"] for port in each["ports"]] for each in web["egress"]] == [[53, 53], [5001]]
    assert "from" not in web["ingress"][0]


def test_a_service_that_reaches_nothing_may_open_no_connection(real):
    reached = {row["name"] for row in real.table}
    for row in real.table:
        if not reached & set(row.get("egress_to", [])):
            policy = one(real, "NetworkPolicy", row["name"])["spec"]
            assert "egress" not in policy
            assert "Egress" in policy["policyTypes"]


def test_blocks_of_a_service_reach_its_pod(extended):
    container = container_of(one(extended, "Deployment", "sample-store"))
    assert container["env"][0]["name"] == "HOST_IP"
    assert {"name": "extra", "mountPath": "/extra"} in container["volumeMounts"]
    assert one(extended, "ConfigMap", "sample-web")["data"] == {"web.conf": "first\n\n  second\n"}
    assert of(extended, "ConfigMap", "sample-store") == []
    assert one(extended, "ConfigMap", "sample-store-more")["data"] == {"more": "yes"}


def test_the_front_door_leads_on_as_the_table_says(extended, real):
    routes = one(extended, "ConfigMap", "nginx")["data"]["services.routes"]
    assert routes.count("return 307 https://$host:5091/;") == 2
    assert "location = /web {" in routes
    assert "location /web/ {" in routes
    assert "https://sample-store.ft-services.svc.cluster.local:5000;" in routes
    assert "proxy_ssl_verify on;" in routes
    rows_with_front = [row for row in real.table if "route" in row]
    assert one(real, "ConfigMap", "nginx")["data"]["services.routes"].count("location = ") == len(rows_with_front)


class Page(html.parser.HTMLParser):
    """Collects the page's text, its links, and what it loads."""

    def __init__(self, text):
        super().__init__()
        self.text, self.links, self.loaded, self.open = "", [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "link"):
            self.open.append(tag)
        self.links += [value for name, value in attrs if tag == "a" and name == "href"]
        self.loaded += [
            value for name, value in attrs if name in ("src", "srcset") or (tag == "link" and name == "href")
        ]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", ["real", "extended"])
def test_the_status_page_lists_every_service_and_loads_only_files_of_its_image(name, request):
    rendered = request.getfixturevalue(name)
    data = one(rendered, "ConfigMap", "nginx")["data"]
    page = Page(data["index.html"])
    assert page.open == []
    site = REPOSITORY / "images/nginx/site"
    assert sorted(page.loaded) == sorted(f"/{file.name}" for file in site.iterdir())
    for row in rendered.table:
        assert row["title"] in page.text
    assert "https://192.168.49.200/" in page.links
    assert "ft@192.168.49.200" in page.text
    assert "SHA256:hostkey" in page.text
    # Who can change the page can change a fingerprint on it.
    assert "00:11:22" not in page.text
    for command in (link["command"] for row in rendered.table for link in row.get("links", []) if "command" in link):
        assert command in page.text
        assert not command.startswith("kubectl ") or command.startswith("kubectl --context ft-services -n ft-services ")
    places = set(re.findall(r"get secret (\S+) -o jsonpath='{\.data\.(\S+)}'", page.text))
    secrets = {each["name"]: each["data"] for each in rendered.inputs["secrets"]}
    passwords = {
        entry["name"] for entry in rendered.inputs["credentials"] if entry.get("kind", "password") == "password"
    }
    assert {secrets[name][key].get("credential") for name, key in places} == passwords
    for link in page.links:
        assert not link.startswith("/docs/") or data[link.removeprefix("/docs/")].startswith("# ")
    status = json.loads(data["status.json"])
    assert [each["name"] for each in status["services"]] == [row["name"] for row in rendered.table]
    assert status["ca_sha256"] == "00:11:22"
    ends = {each["name"] for each in status["services"] if each["certificate_until"] == "2027-12-25"}
    assert ends == {row["name"] for row in rendered.table if row.get("tls")}


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """The manifests of a platform with a name, and with a certificate of its owner's."""
    own = {
        "services_hostname": NAME,
        "certificates_source": "files",
        "__services_public": {"stat": {"exists": True}},
    }
    return render(tmp_path_factory.mktemp("named"), **own)


def test_a_name_is_in_links_redirects_and_certificates_and_ftp_keeps_the_address(named):
    links = [link.get("url") or link["command"] for row in named.table for link in row.get("links", ())]
    assert [text for text in links if "192.168.49.200" in text] == []
    assert sum(NAME in text for text in links) > len(named.table) / 2
    config = {entry["metadata"]["name"]: entry.get("data") for entry in named.objects if entry["kind"] == "ConfigMap"}
    assert json.loads(config["wordpress"]["wordpress.json"])["url"] == f"https://{NAME}:5050"
    assert config["nginx"]["address.name"].strip() == f"server_name {NAME};"
    assert config["ftps"]["address.conf"].strip() == "MasqueradeAddress 192.168.49.200"
    public = {row["name"] for row in named.table if row["type"] == "LoadBalancer"}
    for entry in named.inputs["certificates"]:
        assert (NAME in entry["dns_names"]) == (entry["name"] in public)
        assert ("192.168.49.200" in entry["ip_addresses"]) == (entry["name"] in public)


def test_what_clients_are_shown_is_the_owners_and_the_rest_the_platforms(named, real):
    def shown(rendered, service):
        [secret] = [entry for entry in rendered.inputs["secrets"] if entry["name"] == f"{service}-tls"]
        return {key: Path(part["file"]).name for key, part in secret["data"].items()}

    assert shown(named, "nginx") == {"tls.crt": "public.crt", "tls.key": "public.key", "ca.crt": "ca.crt"}
    assert shown(named, "mysql") == {"tls.crt": "mysql.crt", "tls.key": "mysql.key", "ca.crt": "ca.crt"}
    # The front door leads to it by its name in the cluster.
    assert shown(named, "phpmyadmin") == {
        "tls.crt": "phpmyadmin.crt",
        "tls.key": "phpmyadmin.key",
        "public.crt": "public.crt",
        "public.key": "public.key",
        "ca.crt": "ca.crt",
    }
    assert shown(real, "nginx")["tls.crt"] == "nginx.crt"
    assert shown(real, "phpmyadmin")["public.crt"] == "phpmyadmin.crt"


def test_several_pods_are_spread_over_nodes_and_a_node_is_emptied_one_by_one(rendering, real):
    assert of(real, "PodDisruptionBudget") == []
    found = rendering(services_replicas={"nginx": 2})
    for each in found.objects:
        kubernetes_validate.validate(each, "1.34", strict=True)
    for row in found.table:
        deployment = one(found, "Deployment", row["name"])
        several = row["name"] == "nginx"
        assert deployment["spec"]["replicas"] == (2 if several else 1)
        assert ("topologySpreadConstraints" in pod_of(deployment)) == several
    (spread,) = pod_of(one(found, "Deployment", "nginx"))["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    (budget,) = of(found, "PodDisruptionBudget")
    assert (budget["metadata"]["name"], budget["spec"]["maxUnavailable"]) == ("nginx", 1)


def test_a_server_outside_takes_the_place_of_a_service(rendering, tmp_path):
    authority = tmp_path / "db.crt"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    server = {"host": "10.1.2.3", "port": 3307, "ca": str(authority), "secret": "mine"}
    found = rendering(services_external={"mysql": server})
    for each in found.objects:
        kubernetes_validate.validate(each, "1.34", strict=True)
    assert "mysql" not in [each["metadata"]["name"] for each in found.objects]
    assert not [each for each in found.inputs["credentials"] if each["name"].startswith("mysql_")]
    peers = {"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"port": 3307, "protocol": "TCP"}]}
    allowed = [
        each["metadata"]["name"] for each in of(found, "NetworkPolicy") if peers in each["spec"].get("egress", [])
    ]
    assert allowed == ["wordpress", "phpmyadmin"]
    for name in allowed:
        volumes = pod_of(one(found, "Deployment", name))["volumes"]
        (secrets,) = [each["projected"]["sources"] for each in volumes if each["name"] == "secrets"]
        assert [each["secret"]["name"] for each in secrets] == [name, "mine"]
        data = {each["name"]: each["data"] for each in found.inputs["secrets"]}[name]
        assert data["database_ca.crt"] == {"file": str(authority)}
        assert "database_password" not in data


def test_the_server_that_takes_mail_is_opened_to_wordpress_and_its_password_is_in_no_manifest(rendering, real):
    server = {"host": "192.0.2.7", "from": "site@example.org", "user": "site", "password": "s3cret-of-mail"}
    found = rendering(services_smtp=server)
    peers = {"to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}], "ports": [{"port": 587, "protocol": "TCP"}]}
    allowed = [
        each["metadata"]["name"] for each in of(found, "NetworkPolicy") if peers in each["spec"].get("egress", [])
    ]
    assert allowed == ["wordpress"]
    data = {each["name"]: each["data"] for each in found.inputs["secrets"]}
    assert data["wordpress"]["smtp_password"]["file"].endswith("/state/smtp_password")
    assert "s3cret-of-mail" not in str(found.objects) + str(found.inputs) + str(found.table)
    config = json.loads(one(found, "ConfigMap", "wordpress")["data"]["wordpress.json"])
    assert config["mail"]["host"] == "192.0.2.7"
    without = {each["name"]: each["data"] for each in real.inputs["secrets"]}
    assert "smtp_password" not in without["wordpress"]
    assert json.loads(one(real, "ConfigMap", "wordpress")["data"]["wordpress.json"])["mail"] == {}
