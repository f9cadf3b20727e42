"""`python -m dnstide.cli`."""

from dnstide.cli.main import main

main()
