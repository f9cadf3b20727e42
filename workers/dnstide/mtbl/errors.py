"""What can go wrong with a table or a question to it."""


class CountOverflow(ArithmeticError):
    """A sum of counts passed 2**64-1."""
