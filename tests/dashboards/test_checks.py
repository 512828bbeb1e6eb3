"""The generated dashboards pass every checker. That every checker finds something is in test_mutations.py."""

from __future__ import annotations

import pytest

from tests.dashboards import lint, sdk
from tests.dashboards.documents import dashboards

UIDS = sorted(dashboards())


@pytest.mark.parametrize("uid", UIDS)
def test_lint_finds_nothing(uid: str) -> None:
    assert lint.lint(dashboards()[uid]) == []


@pytest.mark.parametrize("uid", UIDS)
def test_the_sdk_reads_and_writes_all_of_it(uid: str) -> None:
    assert sdk.check(dashboards()[uid]) == []
