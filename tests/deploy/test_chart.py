"""The Helm chart, rendered by helm and held against Kubernetes's own schemas. Nothing is installed here: see
tests/kube.
"""

import json
import re
import subprocess
from typing import Any

import pytest
import yaml
from dnstide.gateway import Settings

from tests.deploy.kube import CHART, RELEASES, ROOT, check, check_restricted, helm, pods, probes, render

pytestmark = pytest.mark.skipif(helm() is None, reason="needs helm: `make tools` fetches it where npm is")

CLEAR = {"gateway": {"insecure": True}}
TLS = {"gateway": {"tls": {"secretName": "tls"}, "anonymous": True}}
EVERYTHING: dict[str, Any] = {
    "image": {"tag": "1", "pullSecrets": [{"name": "registry"}]},
    "ray": {"tokenSecret": "mine"},
    "tables": {"volume": {"persistentVolumeClaim": None, "hostPath": {"path": "/export"}}},
    "head": {"storage": {"persistent": False}, "priorityClassName": "high", "nodeSelector": {"a": "b"}},
    "shards": {"kind": "DaemonSet", "cpus": 4, "tolerations": [{"operator": "Exists"}]},
    "gateway": {
        "tls": {"secretName": "tls", "clientCA": True},
        "tokensSecret": "tokens",
        "settings": {"max_inflight": 1000000, "log_level": "debug", "reflection": True, "ping_seconds": 0.25},
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
        ],
    },
    "service": {"headless": False, "annotations": {"a": "b"}},
    "metrics": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    "networkPolicy": {"clients": [{"podSelector": {}}], "prometheus": [{"namespaceSelector": {}}]},
    "podAnnotations": {"a": "b"},
    "podLabels": {"a": "b"},
}


def environment(pod: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in pod["spec"]["containers"][0]["env"]}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("values", [CLEAR, TLS, EVERYTHING], ids=["clear", "tls", "everything"])
def test_kubernetes_takes_it(values: dict[str, Any], release: str) -> None:
    """Every field is one that the release knows, and of the right type."""
    manifests = render(values, release)
    check(manifests, release)
    kinds = {manifest["kind"] for manifest in manifests}
    assert {"Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget"} <= kinds


def test_helm_finds_nothing_to_say() -> None:
    """`helm lint --strict`."""
    program = helm()
    assert program
    done = subprocess.run(
        [program, "lint", "--strict", str(CHART), "--set", "gateway.insecure=true"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("values", [CLEAR, EVERYTHING], ids=["clear", "everything"])
def test_pods_are_restricted_and_probed_natively(values: dict[str, Any]) -> None:
    """No right that is not needed; no process is started for a probe; the temporary folders are the pod's
    own.
    """
    found = pods(render(values))
    assert found.keys() == {"head", "shards", "gateway"}
    for pod in found.values():
        check_restricted(pod)
        assert all("grpc" in probe for _, probe in probes(pod))
        assert [kind for kind, _ in probes(pod)] == ["startupProbe", "readinessProbe", "livenessProbe"]
        mounts = pod["spec"]["containers"][0]["volumeMounts"]
        assert {"/tmp", "/dev/shm"} <= {mount["mountPath"] for mount in mounts}
        assert environment(pod)["RAY_AUTH_MODE"] == "token"


def test_an_old_kubernetes_gets_what_it_knows() -> None:
    """Before 1.24 there are no gRPC probes: ports are looked at, and the gateway is asked by a command."""
    found = pods(render(CLEAR, "1.20"))
    for component, pod in found.items():
        for kind, probe in probes(pod):
            asked = component == "gateway" and kind == "readinessProbe"
            assert ("exec" in probe) is asked
            assert ("tcpSocket" in probe) is not asked


def test_selectors_meet_their_pods() -> None:
    """Services, budgets, policies and workloads mean pods that are there; no two workloads take the same."""
    manifests = render(TLS)
    labels = {component: pod["metadata"]["labels"] for component, pod in pods(manifests).items()}
    for manifest in manifests:
        spec = manifest.get("spec", {})
        selector = spec.get("podSelector") or spec.get("selector")
        if selector is None:
            continue
        wanted = selector.get("matchLabels", selector).items()
        met = [component for component, has in labels.items() if wanted <= has.items()]
        assert met, manifest["metadata"]["name"]
        if manifest["kind"] in ("StatefulSet", "DaemonSet", "Deployment"):
            assert len(met) == 1


def test_ports_fit() -> None:
    """What probes, services and policies name is what the gateway listens on."""
    manifests = render(TLS)
    pod = pods(manifests)["gateway"]
    given = environment(pod)
    ports = {port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0]["ports"]}
    assert {
        name: int(given[f"DNSTIDE_{name.upper()}_LISTEN"].rpartition(":")[2])
        for name in ("health", "metrics")
    } == {
        "health": ports["health"],
        "metrics": ports["metrics"],
    }
    assert given["DNSTIDE_LISTEN"].endswith(f":{ports['grpc']}")
    assert {probe["grpc"]["port"] for _, probe in probes(pod)} == {ports["health"]}
    (policy,) = [
        one
        for one in manifests
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"].endswith("gateway")
    ]
    opened = {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]}
    assert opened == {ports["grpc"], ports["metrics"]}


def test_settings_are_those_of_the_gateway() -> None:
    """The chart gives only settings that exist, and values as they were meant."""
    given = {
        name.removeprefix("DNSTIDE_").lower(): value
        for name, value in environment(pods(render(EVERYTHING))["gateway"]).items()
        if name.startswith("DNSTIDE_")
    }
    assert given.keys() <= Settings.model_fields.keys()
    settings = Settings(**given)
    assert (settings.max_inflight, settings.ping_seconds, settings.reflection) == (1_000_000, 0.25, True)
    assert settings.tls_client_ca
    assert settings.tokens


def test_a_pod_has_time_to_drain() -> None:
    """Kubernetes waits longer than the gateway does, with the word to clients before it."""
    spec = pods(render({"gateway": {"insecure": True, "drainSeconds": 100}}))["gateway"]["spec"]
    assert spec["terminationGracePeriodSeconds"] >= 110
    assert spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "3"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "give gateway.tls.secretName"),
        ({"gateway": {"tls": {"secretName": "tls"}}}, "say who may ask"),
        ({"gateway": {"insecure": True, "tls": {"clientCA": True}}}, "clientCA needs gateway.tls.secretName"),
        ({"gateway": {"replicas": "two"}}, "replicas"),
        ({"gateway": {"insecure": True, "settings": {"max-inflight": 3}}}, "max-inflight"),
        ({"gatway": {}}, "gatway"),
        ({"shards": {"kind": "Deployment"}}, "kind"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], said: str) -> None:
    """By name, before anything is installed."""
    with pytest.raises(ValueError, match=said):
        render(values)


def test_schema_and_values_hold_the_same() -> None:
    """Every value has a place in the schema, and the other way about."""

    def paths(tree: Any, schema: dict[str, Any], at: str) -> None:
        if "properties" not in schema:
            return
        known = schema["properties"].keys() - {"global"}
        assert tree.keys() == known, at
        for name in tree:
            paths(tree[name], schema["properties"][name], f"{at}.{name}")

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    paths(values, json.loads((CHART / "values.schema.json").read_text()), "")


def test_the_chart_is_of_our_version() -> None:
    """Chart and image go together."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = (ROOT / "VERSION").read_text().strip()
    assert (chart["version"], chart["appVersion"]) == (version, version)
    notes = (CHART / "templates" / "NOTES.txt").read_text()
    assert re.search(r"rollout status deployment/", notes)
