"""The special functions that the statistics use, without what SciPy loads beside them.

``import scipy.special`` also brings linear algebra and adapters for other array libraries, of which nothing is used
here, and which take more memory than a hundred SLOs. The functions themselves are NumPy ufuncs of one compiled module.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import scipy

if TYPE_CHECKING:
    from scipy.special import (
        betainc,
        betaincc,
        betainccinv,
        betaincinv,
        betaln,
        gammainc,
        gammaincc,
        gammaln,
        log_ndtr,
        ndtr,
        ndtri,
        psi,
        sici,
        xlogy,
    )

__all__ = [
    "betainc",
    "betaincc",
    "betainccinv",
    "betaincinv",
    "betaln",
    "gammainc",
    "gammaincc",
    "gammaln",
    "log_ndtr",
    "ndtr",
    "ndtri",
    "psi",
    "sici",
    "xlogy",
]

_PACKAGE = "scipy.special"


def _ufuncs() -> ModuleType:
    """The module with the ufuncs, or the whole package where that is loaded already, or where SciPy is built otherwise
    than we know."""
    if _PACKAGE in sys.modules:
        return import_module(_PACKAGE)
    # The import system runs a package before its parts; this one in its place has nothing to run.
    empty = ModuleType(_PACKAGE)
    empty.__path__ = [f"{folder}/special" for folder in scipy.__path__]
    sys.modules[_PACKAGE] = empty
    try:
        found = import_module(f"{_PACKAGE}._ufuncs")
        complete = all(hasattr(found, name) for name in __all__)
    except ImportError:
        complete = False
    finally:
        del sys.modules[_PACKAGE]  # whoever wants the package gets the real one
    return found if complete else import_module(_PACKAGE)


_found = _ufuncs()
globals().update({name: getattr(_found, name) for name in __all__})
