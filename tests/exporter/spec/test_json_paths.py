import re
import subprocess
import sys

import pytest

from exporter.spec.json_paths import compiled


def test_an_expression_is_ready_to_search() -> None:
    assert compiled("a[?b > `1`].c | [0]").search({"a": [{"b": 1, "c": 2}, {"b": 2, "c": 3}]}) == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a[", "'a[' is not a JMESPath expression, it ends too early"),
        ("a b", "'a b' is not a JMESPath expression at character 3"),
        ("foo-bar", "'foo-bar' is not a JMESPath expression at character 4"),
        ("a.'x", "'a.'x' is not a JMESPath expression at character 3"),
        ("a[?nosuch(b)]", "'a[?nosuch(b)]' calls nosuch(), which JMESPath does not have"),
        ("(" * 900, "is not a JMESPath expression"),
        ("a" * 1001, "longer than 1000 characters"),
    ],
)
def test_what_is_none_is_said_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        compiled(text)
    assert "\n" not in str(caught.value)


def test_a_function_in_a_literal_is_a_text_and_no_call() -> None:
    assert compiled("a || 'nosuch(b)'").search({}) == "nosuch(b)"


def test_who_uses_no_expression_does_not_load_the_library() -> None:
    code = "import sys, exporter.spec, exporter.sources.build; print('jmespath' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
