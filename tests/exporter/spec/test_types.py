from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from exporter.spec.types import Alpha, Count, Delay, Duration, LabelName, Name, Objective, Share

GOOD = [
    (Duration, "1h30m", 5400.0),
    (Delay, "0s", 0.0),
    (Objective, 99.9, Decimal("99.9")),
    (Objective, 0.00001, Decimal("0.00001")),
    (Objective, "99.999999", Decimal("99.999999")),
    (Objective, 99, Decimal(99)),
    (Alpha, 1e-4, 1e-4),
    (Share, 1, 1.0),
    (Count, 5, 5),
    (Name, "a.b-c_1", "a.b-c_1"),
    (LabelName, "team", "team"),
]
BAD = [
    (Duration, "0s", "longer than 0s"),
    (Duration, 30, "has no unit"),
    (Duration, True, "where a duration belongs"),
    (Objective, 100, "not between 0 and 100"),
    (Objective, 0, "not between 0 and 100"),
    (Objective, "1e1", "not a number"),
    (Objective, "٩٩", "not a number"),
    (Objective, True, "percentage"),
    (Alpha, True, "where a number belongs"),
    (Alpha, "0.05", "write it without quotes"),
    (Alpha, 0, "greater than 0"),
    (Share, 1.1, "less than or equal to 1"),
    (Count, 5.0, "whole number"),
    (Count, True, "whole number"),
    (Name, "a\n", "not a name"),
    (Name, "-a", "not a name"),
    (Name, "a" * 101, "not a name"),
    (LabelName, "__a", "not a label name"),
    (LabelName, "a\n", "not a label name"),
    (LabelName, "job", "reserved"),
    (LabelName, "slo", "reserved"),
    (LabelName, "experiment_x", "reserved"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), GOOD)
def test_what_the_yaml_writes_and_what_the_program_gets(kind: object, value: object, expected: object) -> None:
    found = TypeAdapter(kind).validate_python(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("kind", "value", "said"), BAD)
def test_what_is_refused(kind: object, value: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(kind).validate_python(value)
