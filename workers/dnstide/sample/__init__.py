"""A sample directory of tables: made-up passive DNS that tells a few published stories."""

from dnstide.sample.write import SAMPLE_VERSION, SEED, Sample, write_sample

__all__ = ["SAMPLE_VERSION", "SEED", "Sample", "write_sample"]
