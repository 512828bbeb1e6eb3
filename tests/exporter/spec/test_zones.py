import pytest

from exporter.spec.zones import known_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "America/Indiana/Knox"])
def test_zones_of_the_iana_database_are_known(name: str) -> None:
    assert known_zone(name) == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("America/St Johns", "America/St_Johns"),
        ("kathmandoo", "Asia/Kathmandu"),
        ("localtime", None),
        ("Europe", None),
        ("/etc/passwd", None),
        ("../UTC", None),
        ("\0", None),
        ("", None),
        ("nowhere at all", None),
    ],
)
def test_others_are_refused_with_the_one_that_was_perhaps_meant(name: str, hint: str | None) -> None:
    with pytest.raises(ValueError, match="there is no time zone") as caught:
        known_zone(name)
    assert (f"did you mean '{hint}'?" in str(caught.value)) is (hint is not None)
    assert ("write its IANA name" in str(caught.value)) is (hint is None)
