"""The chart on a real Kubernetes node: installed, broken, healed and rolled, under questions: `make
kube-test`.

The tests go on from one another, in the order of this file.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.image.podman import IMAGE, ROOT, namespaces
from tests.image.podman import missing as missing_for_images
from tests.kube.cluster import Cluster, cluster, missing, wait_until

CHART = ROOT / "deploy" / "helm" / "dnstide"
NEXT = "next"
"""The tag of the version that is rolled to: the same image, which is a new one to Kubernetes."""

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("DNSTIDE_KUBE_TEST") != "1", reason="takes minutes: `make kube-test` runs it"
    ),
    pytest.mark.skipif(bool(missing() or missing_for_images()), reason=missing() or missing_for_images()),
]


@dataclass
class Release:
    """The chart, installed on a node."""

    node: Cluster
    values: Path
    ca: Path

    def helm(self, verb: str, *words: str) -> None:
        # Servers as old as this one refuse what the default way of helm sends.
        given = ("--values", str(self.values), "--server-side=false", "--wait", "--timeout", "4m")
        self.node.run("helm", verb, "dnstide", CHART, *given, *words)

    def pods(self, component: str) -> list[str]:
        """The pods of a component that do not end."""
        listed = self.node.get("pods", "-l", f"app.kubernetes.io/component={component}")["items"]
        return sorted(pod["metadata"]["name"] for pod in listed if "deletionTimestamp" not in pod["metadata"])

    def is_ready(self, component: str, pods: int) -> bool:
        listed = self.node.get("pods", "-l", f"app.kubernetes.io/component={component}")["items"]
        ready = [
            pod
            for pod in listed
            for condition in pod["status"].get("conditions", [])
            if condition["type"] == "Ready" and condition["status"] == "True"
        ]
        return len(ready) == len(listed) == pods

    def wait(self, seconds: float = 120.0) -> None:
        """Until all is as it was installed."""
        for component, pods in (("head", 1), ("shards", 2), ("gateway", 2)):
            wait_until(lambda c=component, n=pods: self.is_ready(c, n), f"{component} is not ready", seconds)
        wait_until(lambda: self.alive() == [2, 2], f"shards: {self.alive()}", seconds)

    def status(self, pod: str) -> dict[str, Any]:
        """What the gateway of a pod says about itself."""
        ask = "dnstide status --server localhost:8453 --ca /etc/dnstide/tls/tls.crt --format json"
        said = self.node.kubectl("exec", pod, "--", *ask.split(), check=False)
        found: dict[str, Any] = json.loads(said) if said.startswith("{") else {}
        return found

    def alive(self) -> list[int]:
        """How many shards each gateway has that live."""
        told = [self.status(pod).get("shards", []) for pod in self.pods("gateway")]
        return [sum(1 for shard in shards if shard["alive"]) for shards in told]

    @contextmanager
    def questions(self, threads: int = 4) -> Iterator[None]:
        """Asked meanwhile, by clients with default settings: none fails, and none is answered wrongly."""
        command = [
            sys.executable,
            str(ROOT / "tests/kube/load.py"),
            "dnstide:8453",
            str(self.ca),
            str(threads),
        ]
        asking = subprocess.Popen(self.node.enter(*command), stdout=subprocess.PIPE, text=True)
        assert asking.stdout is not None
        try:
            assert asking.stdout.readline() == "asking\n"
            time.sleep(1)
            yield
            time.sleep(2)
            asking.send_signal(signal.SIGTERM)
            told = json.loads(asking.communicate(timeout=120)[0])
        finally:
            asking.kill()
        print(f"{told['asked']} questions, the longest took {told['longest']:.2f} s")
        assert told["asked"] > 50
        assert (told["failed"][:5], told["wrong"][:5]) == ([], [])


@pytest.fixture(scope="module")
def node() -> Iterator[Cluster]:
    """A node with our image under two tags, and what sandboxes of pods run."""
    with cluster() as ours:
        with namespaces() as podman:
            podman.build()
            ours.load(IMAGE, podman.podman, f"dnstide:{NEXT}")
            folder = ours.work / "pause"
            folder.mkdir()
            (ours.work / "pause.c").write_text("#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")
            subprocess.run(["gcc", "-static", "-o", folder / "pause", ours.work / "pause.c"], check=True)
            subprocess.run(["tar", "-C", folder, "-cf", ours.work / "pause.tar", "pause"], check=True)
            entry = 'ENTRYPOINT ["/pause"]'
            podman.podman("import", "-q", "--change", entry, str(ours.work / "pause.tar"), "pause:1")
            ours.load("pause:1", podman.podman)
        yield ours


@pytest.fixture(scope="module")
def release(node: Cluster, small_dir: Path) -> Iterator[Release]:
    """The chart with tables on the node's disk, TLS, and claims that are met by folders of the node."""
    tables = node.work / "tables"
    shutil.copytree(small_dir, tables)
    for path in (tables, *tables.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for number in range(3):
        folder = node.work / f"volume{number}"
        folder.mkdir()
        folder.chmod(0o777)
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": folder.name},
            "spec": {
                "capacity": {"storage": "10Gi"},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "node",
                "hostPath": {"path": str(folder)},
            },
        }
        node.kubectl("apply", "-f", "-", given=json.dumps(volume))
    certificate = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=dnstide "
        "-addext subjectAltName=DNS:dnstide,DNS:localhost -keyout tls.key -out tls.crt"
    )
    subprocess.run(certificate.split(), cwd=node.work, check=True, capture_output=True)
    node.kubectl("create", "secret", "tls", "dnstide-tls", "--cert=tls.crt", "--key=tls.key")
    small = {"requests": {"cpu": "100m", "memory": "256Mi"}}
    values = {
        "image": {"pullPolicy": "Never"},
        "tables": {"volume": {"persistentVolumeClaim": None, "hostPath": {"path": str(tables)}}},
        "head": {"resources": small, "storage": {"storageClass": "node"}},
        "shards": {"resources": small, "cpus": 1, "cache": {"storageClass": "node"}},
        "gateway": {"resources": small, "tls": {"secretName": "dnstide-tls"}, "anonymous": True},
    }
    (node.work / "values.json").write_text(json.dumps(values))
    ours = Release(node, node.work / "values.json", node.work / "tls.crt")
    ours.helm("install")
    try:
        ours.wait()
        yield ours
    finally:
        keep = os.environ.get("DNSTIDE_KUBE_LOGS")
        if keep:
            Path(keep).mkdir(parents=True, exist_ok=True)
            for name in (*ours.pods("head"), *ours.pods("shards"), *ours.pods("gateway")):
                for extra in ((), ("--previous",)):
                    said = node.kubectl("logs", name, "--timestamps", *extra, check=False)
                    (Path(keep) / f"{name}{''.join(extra)}.log").write_text(said)
            (Path(keep) / "events").write_text(node.kubectl("get", "events", "--sort-by=.lastTimestamp"))
            (Path(keep) / "pods").write_text(node.kubectl("get", "pods", "-o", "wide"))


def test_it_answers(release: Release) -> None:
    """Both gateways are asked by name, and answer right."""
    with release.questions():
        time.sleep(5)
    calls = []
    for pod in release.node.get("pods", "-l", "app.kubernetes.io/component=gateway")["items"]:
        text = release.node.run("curl", "-s", f"http://{pod['status']['podIP']}:9453/metrics")
        lines = [line for line in text.splitlines() if line.startswith('dnstide_calls_total{kind="volume"')]
        calls.append(sum(float(line.split()[-1]) for line in lines))
    assert min(calls) > sum(calls) / 4, calls


def test_pods_are_restricted(release: Release) -> None:
    """No right, no writable root, not root, in what the kernel says."""
    for pod in (*release.pods("head"), *release.pods("shards"), *release.pods("gateway")):
        status = release.node.kubectl("exec", pod, "--", "cat", "/proc/1/status")
        assert "\nUid:\t10001" in status
        assert "\nCapBnd:\t0000000000000000\n" in status
        assert "\nNoNewPrivs:\t1\n" in status
        assert "\nSeccomp:\t2\n" in status


def test_a_shard_pod_is_deleted(release: Release) -> None:
    """It ends within 5 s, and no question fails."""
    (pod, _) = release.pods("shards")
    with release.questions():
        begun = time.monotonic()
        release.node.kubectl("delete", "pod", pod)
        assert time.monotonic() - begun < 10
        release.wait()


def test_a_raylet_of_a_shard_is_killed(release: Release) -> None:
    """The container ends with it and is started again."""
    (_, pod) = release.pods("shards")
    (raylet,) = release.node.pids(pod, "raylet")
    with release.questions():
        os.kill(raylet, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{raylet}").exists(), "it lives")
        wait_until(lambda: release.node.pids(pod, "raylet"), "it is not started again")
        release.wait()


def test_a_gateway_is_deleted(release: Release) -> None:
    """Clients go on with the other one."""
    (pod, _) = release.pods("gateway")
    with release.questions():
        release.node.kubectl("delete", "pod", pod)
        release.wait()


def test_a_raylet_of_a_gateway_is_killed(release: Release) -> None:
    """The gateway ends by itself, and is back in its pod."""
    (pod, _) = release.pods("gateway")
    (raylet,) = release.node.pids(pod, "raylet")
    with release.questions():
        os.kill(raylet, signal.SIGKILL)
        wait_until(
            lambda: release.node.get("pod", pod)["status"]["containerStatuses"][0]["restartCount"] == 1,
            "the gateway goes on",
        )
        release.wait()


def test_the_control_store_is_killed(release: Release) -> None:
    """It is started again and remembers: nobody else is."""
    (pod,) = release.pods("head")
    (server,) = release.node.pids(pod, "gcs_server")
    before = restarts(release)
    with release.questions():
        os.kill(server, signal.SIGKILL)
        wait_until(
            lambda: server not in (again := release.node.pids(pod, "gcs_server")) and again, "no store"
        )
        release.wait()
        time.sleep(30)
    assert restarts(release) == before


def test_the_head_is_deleted(release: Release) -> None:
    """Its state lies on its claim: shards and gateways go on."""
    (pod,) = release.pods("head")
    before = restarts(release)
    with release.questions():
        release.node.kubectl("delete", "pod", pod)
        release.wait()
        time.sleep(30)
    assert restarts(release) == before


def test_a_roll_to_another_version(release: Release) -> None:
    """Head, shards and gateways are replaced under questions, and none fails."""
    with release.questions():
        release.helm("upgrade", "--set", f"image.tag={NEXT}")
        release.wait()
    images = {
        pod["spec"]["containers"][0]["image"]
        for pod in release.node.get("pods", "-l", "app.kubernetes.io/name=dnstide")["items"]
    }
    assert images == {f"dnstide:{NEXT}"}
    token = release.node.get("secret", "dnstide-ray-token")["data"]["token"]
    assert token, "the token was made anew, and the head takes no work"


def test_a_cordoned_machine_gives_one_pod_at_a_time(release: Release) -> None:
    """The second shard cannot be evicted while the first has no place; questions go on."""
    first, second = release.pods("shards")
    release.node.kubectl("cordon", "node1")
    try:
        with release.questions():
            assert "Success" in evict(release, first)
            wait_until(lambda: release.is_ready("shards", 1) or len(release.pods("shards")) == 2, "not gone")
            assert "disruption budget" in evict(release, second)
    finally:
        release.node.kubectl("uncordon", "node1")
    release.wait()


def evict(release: Release, pod: str) -> str:
    """What the server says to an eviction."""
    body = {
        "apiVersion": "policy/v1beta1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": "default"},
    }
    path = f"/api/v1/namespaces/default/pods/{pod}/eviction"
    done = subprocess.run(
        release.node.enter("kubectl", "create", "--raw", path, "-f", "-"),
        input=json.dumps(body), capture_output=True, text=True, env=release.node.environment(),
    )  # fmt: skip
    return done.stdout + done.stderr


def restarts(release: Release) -> dict[str, int]:
    """How often the containers of shards and gateways were started again, by pod."""
    return {
        pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"]
        for component in ("shards", "gateway")
        for pod in release.node.get("pods", "-l", f"app.kubernetes.io/component={component}")["items"]
    }
