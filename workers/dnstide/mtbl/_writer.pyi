from collections.abc import Callable

class Writer:
    def __init__(
        self,
        fd: int,
        *,
        compression: str = "zlib",
        block_size: int = 8192,
        level: int | None = None,
        restart_interval: int = 16,
    ) -> None: ...
    def add_many(self, keys: list[bytes], values: list[bytes]) -> None: ...
    def finish(self) -> None: ...
    @property
    def entries(self) -> int: ...

def merge(paths: list[str], out: Writer, combine: Callable[[bytes, list[bytes]], bytes]) -> None: ...
