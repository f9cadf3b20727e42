"""One shard's tables and what it answers."""

from dnstide.shard.directory import TableStatus, list_directory
from dnstide.shard.partial import (
    Partial,
    ShardError,
    sum_partials,
)
from dnstide.shard.question import ShardPlan, ShardQuestion
from dnstide.shard.shard import BLOCK_CACHE_BYTES, Shard

__all__ = [
    "BLOCK_CACHE_BYTES",
    "Partial",
    "Shard",
    "ShardError",
    "ShardPlan",
    "ShardQuestion",
    "TableStatus",
    "list_directory",
    "sum_partials",
]
