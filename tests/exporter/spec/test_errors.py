from exporter.spec import SpecError, SpecErrors


def test_the_form_of_a_message() -> None:
    assert str(SpecError("a.yml", 3, "slos[x].objective", "wrong")) == "a.yml:3: slos[x].objective: wrong"
    assert str(SpecError("a.yml", 3, "", "wrong")) == "a.yml:3: wrong"
    assert str(SpecError("a.yml", 0, "", "wrong")) == "a.yml: wrong"


def test_all_are_told_in_order_of_file_and_line_and_each_once() -> None:
    first, second, third = SpecError("a", 9, "", "x"), SpecError("a", 10, "", "x"), SpecError("b", 1, "", "x")
    caught = SpecErrors([third, second, first, second])
    assert caught.errors == (first, second, third)
    assert str(caught) == "a:9: x\na:10: x\nb:1: x"
