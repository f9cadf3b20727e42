"""`python -m dnstide.gateway`: flags and DNSTIDE_* variables as in Settings."""

import sys

from dnstide.gateway import Settings, run
from pydantic import ValidationError
from pydantic_settings import CliApp


def main() -> int:
    """Exit code 2 for settings that do not hold, otherwise that of the server."""
    try:
        settings = CliApp.run(Settings)
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"])
            print(f"{name + ': ' if name else ''}{problem['msg']}", file=sys.stderr)
        return 2
    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
