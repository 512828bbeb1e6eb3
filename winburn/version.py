"""The version, from the installed distribution's metadata."""

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("winburn")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0+unknown"


VERSION = _installed()
