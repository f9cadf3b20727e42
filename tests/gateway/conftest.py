"""What the gateway's tests share: raw calls over a real socket, and tables to spoil."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from dnstide.api.v1 import common_pb2, service_pb2_grpc, volume_pb2
from google.rpc import error_details_pb2, status_pb2

DETAILS = (
    error_details_pb2.ErrorInfo,
    error_details_pb2.BadRequest,
    error_details_pb2.RetryInfo,
    common_pb2.Failure,
)


@dataclass
class Refused:
    """How a call ended that did not end with OK."""

    code: grpc.StatusCode
    text: str
    reason: str
    details: list[Any]

    def of(self, kind: type) -> list[Any]:
        """The details of one kind."""
        return [detail for detail in self.details if isinstance(detail, kind)]

    @classmethod
    def by(cls, error: grpc.RpcError) -> "Refused":
        trailers = dict(error.trailing_metadata() or ())
        status = status_pb2.Status.FromString(trailers.get("grpc-status-details-bin", b""))
        details = []
        for packed in status.details:
            kind = next(kind for kind in DETAILS if packed.Is(kind.DESCRIPTOR))
            detail = kind()
            packed.Unpack(detail)
            details.append(detail)
        reasons = [d.reason for d in details if isinstance(d, error_details_pb2.ErrorInfo)]
        return cls(error.code(), error.details(), reasons[0] if reasons else "", details)


Answer = list[volume_pb2.QueryVolumeResponse]
Ask = Callable[..., Answer | Refused]


@pytest.fixture
def ask() -> Ask:
    """ask(address, timeout=…, **fields of the request): all messages, or how the call was refused."""

    def call(address: str, timeout: float | None = 20.0, **fields: Any) -> Answer | Refused:
        with grpc.insecure_channel(address) as channel:
            stub = service_pb2_grpc.DnstideStub(channel)
            try:
                return list(stub.QueryVolume(volume_pb2.QueryVolumeRequest(**fields), timeout=timeout))
            except grpc.RpcError as error:
                return Refused.by(error)

    return call


@pytest.fixture
def tables(small_dir: Path, tmp_path: Path) -> Path:
    """A copy of small_dir that a test may spoil."""
    return Path(shutil.copytree(small_dir, tmp_path / "tables"))


@pytest.fixture
def damage() -> Callable[[Path], None]:
    """damage(path) flips bits in the first data block of a table; size and times stay as they were."""

    def flip(path: Path) -> None:
        raw = bytearray(path.read_bytes())
        raw[12:16] = bytes(byte ^ 0xFF for byte in raw[12:16])
        path.write_bytes(raw)

    return flip
