from pathlib import Path

import pytest

from exporter.spec import SecretError, SqlSource, StateStore, read_secret, source_url


def test_the_line_without_its_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("  hunter2\n")
    assert read_secret(str(tmp_path / "token")) == "hunter2"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: no such file"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hunter2\nX-Injected: yes\n", "more than one line"),
        (b"hunter2" * 20_000, "more than one line"),
        (b"hunter2\xff", "is not UTF-8"),
    ],
)
def test_what_is_no_secret_is_refused_without_showing_it(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SecretError, match=said) as caught:
        read_secret(str(path))
    assert str(path) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is a directory"):
        read_secret(str(tmp_path))


def test_the_url_is_given_or_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://db/shop\n")
    assert source_url(SqlSource(type="sql", url="sqlite://")) == "sqlite://"
    assert source_url(StateStore(url_file=str(tmp_path / "url"))) == "postgresql://db/shop"
    with pytest.raises(SecretError):
        source_url(StateStore())
