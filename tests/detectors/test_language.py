"""Languages: whether a text is in one that is expected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.detectors.language import KNOWN, Language, language_of

TEXTS = {
    "en": "An order of 25 or more units of one product earns a volume discount on the whole order.",
    "de": "Eine Bestellung von mehr als 25 Stück ist mit einem Rabatt verbunden, der auf die ganze Bestellung gilt.",
    "fr": "Une commande de plus de 25 pièces donne droit à une remise sur la commande, que nous vous accordons.",
    "es": "Un pedido de más de 25 unidades tiene un descuento que se aplica a todo el pedido por la tienda.",
    "it": "Un ordine di più di 25 pezzi ha uno sconto che non si somma con quello della settimana per il cliente.",
    "nl": "Een bestelling van meer dan 25 stuks krijgt een korting die niet met een andere korting te combineren is.",
    "pt": "Um pedido de mais de 25 unidades tem um desconto que não se soma com o da semana para os clientes.",
    "pl": "Zamówienie na więcej niż 25 sztuk jest tańsze, ale nie łączy się to z rabatem, który jest już na stronie.",
    "ru": "Заказ на двадцать пять и более единиц товара получает скидку.",
    "el": "Μια παραγγελία άνω των είκοσι πέντε τεμαχίων έχει έκπτωση.",  # noqa: RUF001
    "zh": "订购二十五件或更多同一产品可享受批量折扣优惠政策",
    "ja": "同じ製品を二十五個以上注文すると、注文全体が割引になります。",
    "ko": "같은 제품을 스물다섯 개 이상 주문하면 할인을 받습니다",
    "ar": "الطلب من خمس وعشرين وحدة أو أكثر يحصل على خصم",
    "hi": "पच्चीस या अधिक इकाइयों के ऑर्डर पर छूट मिलती है",
    "th": "สั่งซื้อยี่สิบห้าชิ้นขึ้นไปรับส่วนลด",
    "he": "הזמנה של עשרים וחמש יחידות או יותר זוכה להנחה",
}


@pytest.mark.parametrize(("language", "text"), TEXTS.items())
def test_a_language_is_told(language, text):
    assert language_of(text) == language
    assert not Language([language]).detect(text).flagged
    assert Language([next(other for other in KNOWN if other != language)]).detect(text).flagged


@pytest.mark.parametrize(
    "text", ["", "ok", "6652.80", "SELECT id FROM orders WHERE id = 7", "x = y + z * 3 / foo(bar)"]
)
def test_what_says_too_little_is_let_through(text):
    assert language_of(text) is None
    assert not Language(["en"]).detect(text).flagged


def test_every_language_that_is_known_is_tried():
    assert set(TEXTS) == KNOWN


def test_an_unknown_code_is_named():
    with pytest.raises(ValueError, match="no language xx is known; there are ar, de"):
        Language(["en", "xx"])


@given(st.text())
def test_any_text_can_be_looked_at(text):
    assert language_of(text) in {None, *KNOWN}
