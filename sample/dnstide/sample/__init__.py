"""Sample tables: made-up passive DNS that tells a few published stories."""

from dnstide.sample.cache_day import write_cache_day
from dnstide.sample.write import SAMPLE_VERSION, SEED, Sample, write_sample

__all__ = ["SAMPLE_VERSION", "SEED", "Sample", "write_cache_day", "write_sample"]
