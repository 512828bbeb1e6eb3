"""``python -m winburn``."""

from winburn.cli import main

main()
