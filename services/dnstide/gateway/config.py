"""The settings of one gateway: flags, environment and `--help` all come from the fields below."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_LISTEN = "127.0.0.1:8453"


class Settings(BaseSettings):
    """Every setting, each also as DNSTIDE_<NAME> in the environment. Frozen: read once, at start."""

    model_config = SettingsConfigDict(
        env_prefix="DNSTIDE_", frozen=True, extra="forbid", cli_kebab_case=True, cli_implicit_flags=True
    )

    mtbl_dir: Path = Field(description="directory of MTBL tables, the same path on every node")
    all_files: bool = Field(False, description="tables count too that a fileset (dns.fileset) does not name")
    listen: str = Field(DEFAULT_LISTEN, description="HOST:PORT to serve on; port 0 picks a free one")
    shards: int = Field(0, ge=0, le=1024, description="shard actors on each node; 0: one")
    threads: int = Field(0, ge=0, le=1024, description="threads in each shard; 0: cores over shards")
    ray_address: str | None = Field(None, description="Ray cluster to join; none: start one")
    wait_nodes: int = Field(
        0, ge=0, le=1024, description="answer once the tables of so many nodes are known; 0: of those there"
    )
    forget_nodes: bool = Field(False, description="do not expect what absent nodes held before this start")
    direct_channel: bool = Field(True, description="ask shards over sockets, not through Ray")

    cache_dir: Path | None = Field(None, description="summaries of tables; none: the user's cache directory")
    summarize: bool = Field(True, description="make summaries of tables in the background")

    block_cache_mib: int = Field(
        64, ge=0, le=1 << 20, description="memory for decoded blocks in each shard, in MiB; 0: none"
    )

    rescan_seconds: float = Field(10.0, gt=0, description="time between two looks at the directory")
    watch_directory: bool = Field(True, description="look at the directory as soon as files come or go")
    discover_seconds: float = Field(2.0, gt=0, description="time between two looks at the cluster's nodes")
    drain_seconds: float = Field(30.0, ge=0, description="time that running questions get after SIGTERM")
    default_deadline: float = Field(60.0, gt=0, description="seconds for a call that brings no deadline")
    max_deadline: float = Field(600.0, gt=0, description="longest deadline that is granted, in seconds")

    max_names: int = Field(10_000, ge=1, le=10_000, description="most names in one question")
    max_inflight: int = Field(256, ge=1, description="most questions at once; further ones are refused")
    ping_seconds: float = Field(0.5, gt=0, description="time between two pings of a shard")
    ping_timeout: float = Field(1.0, gt=0, description="a shard silent for so long is passed over")

    insecure: bool = Field(False, description="serve without TLS on an address that others can reach")
    tls_cert: Path | None = Field(None, description="PEM file with the server's certificate chain")
    tls_key: Path | None = Field(None, description="PEM file with the key of tls_cert")
    tls_client_ca: Path | None = Field(None, description="PEM file with the CAs whose clients are let in")
    tokens: Path | None = Field(None, description="TOML file of the tokens that callers have to bring")
    anonymous: bool = Field(False, description="let anybody ask over TLS on an address that others can reach")
    health_listen: str | None = Field(None, description="HOST:PORT for health checks in clear; none: off")
    metrics_listen: str | None = Field(None, description="HOST:PORT for Prometheus metrics; none: off")
    audit_log: str | None = Field(
        None, description="file for a line of JSON for each call; -: standard output"
    )
    traces: bool = Field(False, description="send OpenTelemetry traces, as the OTEL_ variables say")
    reflection: bool = Field(False, description="offer gRPC reflection")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level logged")

    @field_validator("listen", "health_listen", "metrics_listen")
    @classmethod
    def _check_listen(cls, value: str | None) -> str | None:
        if value is not None:
            split_address(value)
        return value

    @model_validator(mode="after")
    def _check_exposure(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("--tls-cert and --tls-key go together, set both or none")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("--tls-client-ca needs --tls-cert and --tls-key")
        if not (self.insecure or self.tls_cert is not None or is_loopback(self.listen)):
            raise ValueError(
                f"listen address {self.listen} is open to others: set --tls-cert and --tls-key, "
                "or --insecure to serve it in clear"
            )
        known = self.tokens is not None or self.tls_client_ca is not None
        if not (known or self.anonymous or self.insecure or is_loopback(self.listen)):
            raise ValueError(
                f"listen address {self.listen} is open to others, and anybody could ask: set --tokens or "
                "--tls-client-ca, or --anonymous to let them"
            )
        return self


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` or `[IPV6]:PORT`. Raises ValueError."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"listen address {address!r} is not HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


def with_port(address: str, port: int) -> str:
    """The address with another port."""
    host, _ = split_address(address)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach the address. A host name other than localhost counts as open."""
    host, _ = split_address(address)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
