"""Manifests of Kubernetes: rendered, taken apart, and held against the schemas of its releases."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "dnstide"
RELEASES = ("1.28", "1.32", "1.37")
"""From old to new, of those whose schemas are at hand."""

Manifest = dict[str, Any]


def helm() -> str | None:
    """The program, of this environment or of the machine."""
    places = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return shutil.which("helm", path=places)


def render(values: Manifest, release: str = "1.37") -> list[Manifest]:
    """The chart with these values, for a server of that release. Raises ValueError with what helm said."""
    program = helm()
    assert program is not None
    command = [program, "template", "dnstide", str(CHART), "--values", "-", "--kube-version", f"v{release}.0"]
    done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise ValueError(done.stderr)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def check(manifests: list[Manifest], release: str) -> None:
    """Each is one that the release takes, and has no field that it does not know."""
    for manifest in manifests:
        if manifest["apiVersion"].startswith(("v1", "apps/", "policy/", "networking.k8s.io/")):
            kubernetes_validate.validate(manifest, release, strict=True)


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """The pods that the manifests make, by component."""
    found = {}
    for manifest in manifests:
        template = manifest.get("spec", {}).get("template")
        if manifest["kind"] in ("StatefulSet", "DaemonSet", "Deployment") and template:
            found[template["metadata"]["labels"]["app.kubernetes.io/component"]] = template
    return found


def check_restricted(pod: Manifest) -> None:
    """The pod keeps the standard `restricted` of Kubernetes, and has a root that nobody can write to."""
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] >= 10000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    for container in (*spec["containers"], *spec.get("initContainers", ())):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def probes(pod: Manifest) -> Iterator[tuple[str, Manifest]]:
    """The probes of all containers, with their kinds."""
    for container in pod["spec"]["containers"]:
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if kind in container:
                yield kind, container[kind]
