"""The functions are SciPy's own, without the rest of the package, which whoever wants it still gets whole."""

import subprocess
import sys

import pytest
import scipy.special

from exporter.stats import special

ARGUMENTS = {"betainc": 3, "betaincc": 3, "betainccinv": 3, "betaincinv": 3, "betaln": 2, "xlogy": 2}
ARGUMENTS |= {"gammainc": 2, "gammaincc": 2}


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("name", special.__all__)
def test_they_are_scipys(name: str) -> None:
    values = (2.5, 3.5, 0.25)[: ARGUMENTS.get(name, 1)] if name != "ndtri" else (0.25,)
    assert getattr(special, name)(*values) == getattr(scipy.special, name)(*values)


def test_the_rest_of_scipy_is_not_loaded_and_can_be_afterwards() -> None:
    found = run(
        "import sys, numpy as np; from exporter.stats import special, bayes, kill\n"
        "print('scipy.special' in sys.modules, 'scipy.linalg' in sys.modules)\n"
        "import scipy.special, scipy.special._ufuncs as ufuncs\n"
        "print(scipy.special.roots_legendre(2)[0].round(3).tolist(), ufuncs.betaln is special.betaln)\n"
        "print(scipy.special.logsumexp(np.zeros(1)))\n"
    )
    assert found.splitlines() == ["False False", "[-0.577, 0.577] True", "0.0"]


def test_where_scipy_is_built_otherwise_it_is_the_whole_package() -> None:
    found = run(
        "from exporter.stats import special\n"
        "special.__all__.append('roots_legendre')\n"  # it is none of the ufuncs
        "print(special._ufuncs().__name__, special._ufuncs().betaln(2.0, 3.0))\n"
    )
    name, value = found.split()
    assert name == "scipy.special"
    assert float(value) == special.betaln(2.0, 3.0)
