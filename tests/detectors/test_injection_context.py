import pytest

from agentcore.detectors.injection_context import CONTEXTS, contexts
from agentcore.detectors.ngrams import words_of

LETTER = (
    "From: Ann <ann@example.org>\nSubject: Invoice\n\nDear Tom,\n\nThe payment of last week was received on Friday. "
    "The figures are higher than those of last year. The call has moved to nine; the agenda stays the same.\n\n"
)
TABLE = "\n".join(f"| 19{year} | North End | {year} | {year * 3} | lost |" for year in range(60, 75)) + "\n"


def _features(text):
    return {number for number, _ in contexts(text, words_of(text))}


def _kinds_and_forms(text):
    return {number for number in _features(text) if number < CONTEXTS // 4}


@pytest.mark.parametrize("document", [LETTER, TABLE])
def test_a_request_in_a_document_is_not_one_by_itself(document):
    request = "Write a poem on the sea."
    alone, inside = _kinds_and_forms(request), _kinds_and_forms(document + request)
    assert len(alone) == len(inside) == 1
    assert alone != inside


def test_documents_have_forms():
    request = "Write a poem on the sea."
    assert _kinds_and_forms(LETTER + request) != _kinds_and_forms(TABLE + request)


def test_a_request_about_the_text_is_another_kind():
    assert _kinds_and_forms("Summarize the message below.\n" + LETTER) != _kinds_and_forms(
        "Summarize the plot of Hamlet.\n" + LETTER
    )


def test_the_place_counts():
    request = "Please write a poem on the sea.\n"
    first, last = _features(request + LETTER), _features(LETTER + request)
    assert first != last
    assert _kinds_and_forms(request + LETTER) == _kinds_and_forms(LETTER + request)


def test_a_request_belongs_to_the_word_at_which_its_sentence_begins():
    text = LETTER + "Please write a poem on the sea."
    words = words_of(text)
    assert {words.words[owner] for _, owner in contexts(text, words)} == {"please"}


@pytest.mark.parametrize("text", ["", "Hello.", "The river floods every spring.", LETTER, TABLE, "Write."])
def test_what_asks_for_nothing_has_no_features(text):
    assert _features(text) == set()


@pytest.mark.parametrize("part", ["write a poem. ", "|", "a,", "```", " ", "subject: ", "? ", "is it so? "])
def test_hostile_repetition_ends(part):
    assert all(0 <= number < CONTEXTS for number in _features(part * 20_000))
