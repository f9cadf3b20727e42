"""`python -m dnstide.sample DIR`: writes the sample directory, or another day with --cache-day."""

import argparse
import sys

from dnstide.sample import write_cache_day, write_sample


def main() -> int:
    """Exit code 1, with a message, where the tables cannot be written."""
    parser = argparse.ArgumentParser(prog="python -m dnstide.sample", description="Write made-up tables.")
    parser.add_argument("directory", help="an empty directory, or one that does not exist yet")
    parser.add_argument(
        "--cache-day", action="store_true", help="the day on which a cache server fell silent"
    )
    given = parser.parse_args()
    try:
        tables = write_cache_day(given.directory) if given.cache_day else write_sample(given.directory).tables
    except OSError as error:
        print(f"cannot write sample tables: {error}", file=sys.stderr)
        return 1
    print(f"{tables} tables in {given.directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
