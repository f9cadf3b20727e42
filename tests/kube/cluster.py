"""A real Kubernetes node with its control plane, in namespaces of its own: etcd, API server, controllers,
scheduler, kubelet, proxy, containerd and a DNS for the services. Needs root; nothing of it is left when it
ends.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dnstide-kube"
OURS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
    "helm",
)
DEBIAN = (
    "etcd",
    "containerd",
    "ctr",
    "runc",
    "dnsmasq",
    "iptables",
    "conntrack",
    "unshare",
    "nsenter",
    "podman",
)
NODE = "10.88.4.1"
PODS = "10.88.5.0/24"
# The kubelet writes kernel settings: it gets files in place of the machine's.
KERNEL = [
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
]


def path_with_ours() -> str:
    return f"{HOME / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin"


def missing() -> str:
    """What this machine lacks for a node; empty where it lacks nothing."""
    if os.geteuid() != 0:
        return "needs root"
    absent = [name for name in (*OURS, *DEBIAN) if shutil.which(name, path=path_with_ours()) is None]
    if absent:
        return f"needs {', '.join(absent)}"
    tried = subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True)
    return "needs the right to make namespaces" if tried.returncode else ""


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> None:
    """Fails with `what` unless the condition comes true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.2)


class Cluster:
    """One node, ready for pods. Commands run in its namespaces, where names of services are known."""

    def __init__(self, work: Path, holder: int) -> None:
        self.work = work
        self.holder = holder
        self.socket = work / "containerd.sock"
        self.config = work / "kubeconfig"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._names: dict[str, list[str]] = {}
        self._ended = threading.Event()

    def enter(self, *words: str | Path) -> list[str]:
        return ["nsenter", "-t", str(self.holder), "-m", "-n", f"--wd={self.work}", *map(str, words)]

    def environment(self) -> dict[str, str]:
        # helm and kubectl keep what they found out about a server, and another may have had its address.
        ours = {"KUBECONFIG": str(self.config), "PATH": path_with_ours(), "HOME": str(self.work)}
        return {**os.environ, **ours}

    def run(self, *words: str | Path, check: bool = True, seconds: float = 300.0, given: str = "") -> str:
        """What a command prints; its errors are shown where it fails."""
        done = subprocess.run(
            self.enter(*words),
            input=given,
            capture_output=True,
            text=True,
            timeout=seconds,
            env=self.environment(),
        )
        assert not check or done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def kubectl(self, *words: str, check: bool = True, given: str = "") -> str:
        return self.run("kubectl", *words, check=check, given=given)

    def get(self, *words: str) -> Any:
        """Objects as Python values."""
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def pids(self, pod: str, comm: str) -> list[int]:
        """The processes of that name in a pod, by their numbers on the machine."""
        uid = self.get("pod", pod)["metadata"]["uid"]
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "comm").read_text().strip() == comm and uid in (entry / "cgroup").read_text():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def start(self) -> None:
        """Everything in its order; returns when the node is ready."""
        self._start_containerd()
        self._start_api_server()
        kubeconfig = f"--kubeconfig={self.config}"
        self._spawn(
            "kube-controller-manager",
            kubeconfig,
            f"--service-account-private-key-file={self.work}/sa.key",
            "--use-service-account-credentials",
            "--leader-elect=false",
            "--secure-port=10257",
            "--cert-dir=cm",
        )
        self._spawn(
            "kube-scheduler",
            kubeconfig,
            "--leader-elect=false",
            "--secure-port=10259",
            "--cert-dir=scheduler",
        )
        self._spawn(
            "kubelet",
            kubeconfig,
            "--container-runtime=remote",
            f"--container-runtime-endpoint=unix://{self.socket}",
            "--cgroup-driver=cgroupfs",
            f"--root-dir={self.work}/kubelet",
            f"--cert-dir={self.work}/kubelet/pki",
            "--hostname-override=node1",
            f"--node-ip={NODE}",
            "--fail-swap-on=false",
            "--oom-score-adj=0",
            "--eviction-hard=",
            "--resolv-conf=",
            "--enforce-node-allocatable=",
            "--register-node",
            "--authentication-token-webhook=false",
            "--anonymous-auth=true",
            "--authorization-mode=AlwaysAllow",
            "--healthz-port=0",
            "--read-only-port=0",
            "--image-gc-high-threshold=100",
            f"--cluster-dns={NODE}",
            "--cluster-domain=cluster.local",
        )
        self._spawn(
            "kube-proxy",
            kubeconfig,
            "--hostname-override=node1",
            f"--cluster-cidr={PODS}",
            "--oom-score-adj=0",
            "--conntrack-max-per-core=0",
            "--healthz-bind-address=",
            "--metrics-bind-address=127.0.0.1:10249",
        )
        self._start_dns()
        wait_until(self._is_ready, "the node does not get ready", 90)

    def stop(self) -> None:
        self._ended.set()
        listed = self.run("ctr", "-a", self.socket, "-n", "k8s.io", "task", "ls", "-q", check=False)
        for process in reversed(self._processes[1:]):
            process.terminate()
        for task in listed.split():
            self.run("ctr", "-a", self.socket, "-n", "k8s.io", "task", "kill", "-s", "9", task, check=False)
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def load(self, image: str, podman: Callable[..., Any], *tags: str) -> None:
        """Takes an image over from podman, under further names too."""
        archive = self.work / "image.tar"
        podman("save", "-q", "-o", str(archive), image)
        ctr = ("ctr", "-a", self.socket, "-n", "k8s.io", "images")
        self.run(*ctr, "import", archive, seconds=600)
        archive.unlink()
        for tag in (image, *tags):
            self.run(*ctr, "tag", "--force", f"localhost/{image}", f"docker.io/library/{tag}")

    def _spawn(self, name: str, *flags: str) -> None:
        with (self.work / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                self.enter(name, *flags),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self.environment(),
            )
        self._processes.append(process)

    def _start_containerd(self) -> None:
        for name in KERNEL:
            copy = self.work / name.replace("/", "_")
            copy.write_text((Path("/proc/sys") / name).read_text())
            self.run("mount", "--bind", copy, f"/proc/sys/{name}")
        resolv = self.work / "resolv.conf"
        resolv.write_text(f"nameserver {NODE}\nsearch default.svc.cluster.local\noptions ndots:5\n")
        self.run("mount", "--bind", resolv, "/etc/resolv.conf")
        bridge = f"ip link add node0 type bridge; ip addr add {NODE}/24 dev node0; ip link set node0 up"
        self.run("sh", "-ec", f"{bridge}; ip route add default dev node0; mount --make-rshared /")
        plugins = [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "ipMasq": False,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": PODS}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ]
        (self.work / "cni").mkdir()
        (self.work / "kubelet").mkdir()
        network = {"cniVersion": "0.4.0", "name": "pods", "plugins": plugins}
        (self.work / "cni" / "10-bridge.conflist").write_text(json.dumps(network))
        cri = '[plugins."io.containerd.grpc.v1.cri"'
        settings = (
            "version = 2",
            f'root = "{self.work}/containerd"',
            f'state = "{self.work}/containerd-state"',
            "oom_score = 0",
            f'[grpc]\naddress = "{self.socket}"',
            f'{cri}]\nsandbox_image = "localhost/pause:1"\nrestrict_oom_score_adj = true',
            f'{cri}.cni]\nbin_dir = "/usr/lib/cni"\nconf_dir = "{self.work}/cni"',
        )
        (self.work / "containerd.toml").write_text("\n".join(settings) + "\n")
        self._spawn("containerd", "-c", f"{self.work}/containerd.toml")
        wait_until(
            lambda: "Version" in self.run("ctr", "-a", self.socket, "version", check=False), "no containerd"
        )

    def _start_api_server(self) -> None:
        self.run("openssl", "genrsa", "-out", self.work / "sa.key", "2048")
        token = secrets.token_hex(16)
        (self.work / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
        self._spawn("etcd", "--data-dir", f"{self.work}/etcd", "--unsafe-no-fsync")
        self._spawn(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:2379",
            f"--bind-address={NODE}",
            "--cert-dir=certs",
            f"--token-auth-file={self.work}/tokens.csv",
            "--authorization-mode=RBAC",
            f"--advertise-address={NODE}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--service-account-key-file={self.work}/sa.key",
            f"--service-account-signing-key-file={self.work}/sa.key",
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged=true",
            "--kubelet-preferred-address-types=InternalIP",
        )
        cluster = {"server": f"https://{NODE}:6443", "insecure-skip-tls-verify": True}
        self.config.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "c", "cluster": cluster}],
                    "users": [{"name": "u", "user": {"token": token}}],
                    "contexts": [
                        {"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "default"}}
                    ],
                    "current-context": "x",
                }
            )
        )
        wait_until(lambda: "ok" in self.kubectl("get", "--raw", "/readyz", check=False), "no API server", 90)

    def _is_ready(self) -> bool:
        listed = json.loads(self.kubectl("get", "nodes", "-o", "json"))["items"]
        return any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for node in listed
            for condition in node["status"]["conditions"]
        )

    def _start_dns(self) -> None:
        """dnsmasq over a file that follows services and endpoints, as the cluster's DNS would."""
        (self.work / "names").touch()
        self._spawn(
            "dnsmasq",
            "-k",
            "--no-resolv",
            "--no-hosts",
            f"--listen-address={NODE}",
            "--bind-interfaces",
            "--local=/#/",
            f"--addn-hosts={self.work}/names",
            "--pid-file=",
            "--user=root",
            "--local-ttl=1",
        )
        dns = self._processes[-1]

        def follow() -> None:
            while not self._ended.wait(0.5):
                try:
                    lines = self._addresses()
                except (AssertionError, subprocess.TimeoutExpired, KeyError, ValueError):
                    continue
                if lines != (self.work / "names").read_text():
                    (self.work / "names").write_text(lines)
                    dns.send_signal(1)

        threading.Thread(target=follow, daemon=True).start()

    def _addresses(self) -> str:
        lines = []
        endpoints = {one["metadata"]["name"]: one for one in self.get("endpoints")["items"]}
        for service in self.get("services")["items"]:
            name = service["metadata"]["name"]
            address = service["spec"]["clusterIP"]
            ready = [
                one["ip"]
                for subset in endpoints.get(name, {}).get("subsets") or []
                for one in subset.get("addresses") or []
            ]
            for ip in sorted(ready) if address == "None" else [address]:
                lines.append(f"{ip} {name}.default.svc.cluster.local\n")
        return "".join(lines)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A node that is ready. Its logs are shown where it does not become so."""
    HOME.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="node-", dir=HOME))
    work.chmod(0o755)
    hold = "umount /sys/fs/cgroup/unified 2>/dev/null; ip link set lo up; echo up; exec sleep infinity"
    holder = subprocess.Popen(
        ["unshare", "-m", "-n", "--propagation", "private", "bash", "-c", hold],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    node = Cluster(work, holder.pid)
    try:
        try:
            node.start()
        except BaseException:
            for log in sorted(work.glob("*.log")):
                print(f"== {log.name}\n" + "\n".join(log.read_text().splitlines()[-8:]))
            raise
        yield node
    finally:
        node.stop()
        holder.kill()
        holder.wait()
        shutil.rmtree(work, ignore_errors=True)
