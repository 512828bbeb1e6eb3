"""``python -m winburn``."""

from winburn.cli import main

main(complete_var="_WINBURN_COMPLETE")
