"""Alerts and dashboard against what they are for: a real Prometheus that scrapes a real gateway."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pytest
import yaml
from dnstide.api.v1 import service_pb2_grpc
from dnstide.gateway.member import State
from dnstide.gateway.testing import running_gateway

from tests.deploy.prometheus import ROOT, Prometheus, program, running_prometheus
from tests.gateway.test_rpc import CALLS
from tests.gateway.test_server import wait_until

MONITORING = ROOT / "deploy" / "monitoring"
RULES = [
    rule
    for group in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
VARIABLES = {"$__rate_interval": "10s", "$instance": ".*"}
COMPARISON = re.compile(r" (==|!=|<=|>=|<|>) (?!bool )")


def promtool(*arguments: str | Path, **options: Any) -> None:
    """Fails where promtool finds a fault or has a remark."""
    done = subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, cwd=MONITORING, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_sound() -> None:
    """Syntax, templates and the configuration that names them."""
    promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "prometheus.yml")


def test_the_rules_fire_when_they_should() -> None:
    """Every alert has a test of when it fires and when not yet, and says what to do."""
    promtool("test", "rules", "alerts_test.yml")
    tests = yaml.safe_load((MONITORING / "alerts_test.yml").read_text())["tests"]
    assert [test["name"] for test in tests] == [rule["alert"] for rule in RULES]
    for test in tests:
        samples = [sample for each in test["promql_expr_test"] for sample in each["exp_samples"]]
        assert samples == [{"labels": f'{{alertname="{test["name"]}"}}', "value": 1}]
        assert any(not each["exp_samples"] for each in test["promql_expr_test"])
    for rule in RULES:
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_the_rules_and_the_dashboard_ask_for_what_is_documented() -> None:
    """No metric is asked for that does not stand in docs/operations.md."""
    text = (ROOT / "docs" / "operations.md").read_text()
    documented = set(re.findall(r"`((?:dnstide|process)_\w+)`", text))
    for expression in [*EXPRESSIONS, *(rule["expr"] for rule in RULES)]:
        asked = re.findall(r"\b(?:dnstide|process)_\w+", expression)
        assert {re.sub("_bucket$", "", name) for name in asked} <= documented


def test_the_dashboard_can_be_imported() -> None:
    """Its panels have numbers of their own, do not lie on one another, and take the source that is chosen."""
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            references = [target["refId"] for target in panel["targets"]]
            assert len(set(references)) == len(references) > 0
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert names == {"datasource", "instance"}


@contextmanager
def asked_all_the_time(address: str) -> Iterator[None]:
    """Every kind of call, one after another, whatever becomes of each."""
    stop = threading.Event()

    def ask() -> None:
        with grpc.insecure_channel(address) as channel:
            stub = service_pb2_grpc.DnstideStub(channel)
            while not stop.wait(0.02):
                for method, request in CALLS.values():
                    try:
                        reply = getattr(stub, method)(request, timeout=20)
                        list(reply) if method in ("QueryVolume", "RankNames") else reply
                    except grpc.RpcError:
                        continue

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def without_data(prometheus: Prometheus, expressions: list[str]) -> list[str]:
    """The expressions that have no number to show. Fails where one is no expression."""
    return [expression for expression in expressions if not prometheus.values(expression)]


@pytest.mark.cluster
@pytest.mark.usefixtures("ray_cluster")
def test_every_expression_has_data_while_a_shard_is_killed(small_dir: Path, tmp_path: Path) -> None:
    """Those of the dashboard as they are, those of the alerts as comparisons; and no rule has an error."""
    from dnstide.gateway.ray_backend import RayBackend

    expressions = []
    for expression in EXPRESSIONS:
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)
        assert "$" not in expression
        expressions.append(expression)
    # A comparison leaves out what it does not hold for; with `bool` it says 0 or 1.
    alerts = [COMPARISON.sub(r" \1 bool ", rule["expr"]) for rule in RULES]
    assert all(" bool " in alert for alert in alerts)

    backend = RayBackend(
        str(small_dir), shards=2, threads=1, cache_dir=str(tmp_path / "cache"), summarize=True
    )
    with (
        running_gateway(small_dir, backend=backend, metrics_listen="127.0.0.1:0") as running,
        running_prometheus(
            tmp_path, [running.gateway.metrics_address], MONITORING / "alerts.yml"
        ) as prometheus,
        asked_all_the_time(running.address),
    ):
        wait_until(lambda: prometheus.values("rate(dnstide_rows_read_total[10s]) > 0") != [], 60)
        member = running.gateway.pool.members["127.0.0.1/0"]
        assert member.client is not None
        os.kill(member.client.place.pid, signal.SIGKILL)
        wait_until(lambda: member.restarts == 1 and member.state is State.ALIVE, 60)
        restarts = 'dnstide_shard_restarts_total{shard="127.0.0.1/0"}'
        wait_until(lambda: prometheus.values(restarts) == [1], 60)
        wait_until(lambda: prometheus.values(f"increase({restarts}[5m])") > [0], 60)
        asked = [*expressions, *alerts]
        end = time.monotonic() + 60
        while (silent := without_data(prometheus, asked)) and time.monotonic() < end:
            time.sleep(1)
        assert silent == []
        rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
        assert [(rule["name"], rule["health"]) for rule in rules] == [(r["alert"], "ok") for r in RULES]
        assert not [alert for alert in prometheus.get("alerts")["alerts"] if alert["state"] == "firing"]
        with urlopen(f"http://{running.gateway.metrics_address}/metrics") as response:
            promtool("check", "metrics", input=response.read().decode())
