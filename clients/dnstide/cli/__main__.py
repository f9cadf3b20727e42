"""`python -m dnstide.cli`."""

from .main import main

main()
