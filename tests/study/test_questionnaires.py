import pytest

from mile_desktop.study.questionnaires import TLX_ITEMS, AnswerError, Item, Questionnaire, raw_tlx

ASKED = Questionnaire(
    name="q",
    title="Q",
    tlx=True,
    items=(Item(name="trust", text="I trust it."), Item(name="free", kind="text", text="Why?", required=False)),
)
FULL: dict[str, int | str | None] = {**{item.name: 50 for item in TLX_ITEMS}, "trust": 7}


def test_answers_come_back_in_the_order_of_the_questions_without_empty_ones() -> None:
    given = ASKED.checked({"trust": 7, **FULL, "free": ""})
    assert list(given) == [item.name for item in TLX_ITEMS] + ["trust"]
    assert raw_tlx(given) == 50


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("trust", None, "has no answer yet"),
        ("trust", 8, "from 1 to 7"),
        ("trust", 0, "from 1 to 7"),
        ("trust", True, "from 1 to 7"),
        ("mental", 101, "from 0 to 100"),
        ("mental", "much", "from 0 to 100"),
        ("free", 3, "expected text"),
        ("other", 1, "there is no question other"),
    ],
)
def test_a_wrong_or_missing_answer_is_refused(name: str, value: int | str | None, text: str) -> None:
    with pytest.raises(AnswerError, match=text):
        ASKED.checked({**FULL, name: value})


def test_without_all_six_scales_there_is_no_tlx() -> None:
    assert raw_tlx({"mental": 3, "trust": 2}) is None
