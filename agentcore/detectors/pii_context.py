"""Context: the words near a number that say what it is.

The nearest word decides, in any of a dozen languages: in "call us about order 12345678" it is `order`, so the number
is none of a telephone. A text is searched for them once, and only when something in it needs them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from enum import Enum, auto
from typing import Final, NamedTuple

BEFORE: Final = 60
"""How many characters before a number its word may end."""

AFTER: Final = 24
"""How many characters after a number its word may start."""


class Topic(Enum):
    """What a word is about.

    CALL: what one does with telephones, and with more.  OTHER: what is no personal data, such as orders and prices.
    """

    PHONE = auto()
    CALL = auto()
    CARD = auto()
    IBAN = auto()
    BANK = auto()
    ROUTING = auto()
    SSN = auto()
    ITIN = auto()
    PASSPORT = auto()
    LICENCE = auto()
    BIRTH = auto()
    ZIP = auto()
    HEALTH = auto()
    TAX = auto()
    NATIONAL = auto()
    NETWORK = auto()
    OTHER = auto()


_WORDS: Final = {
    Topic.PHONE: """
        phone phones telephone tel telefon telefono teléfono téléphone telefone telefoon telefonu puhelin telefonnummer
        rufnummer phonenumber mobile mobil móvil cell cellphone celular handy portable cellulare gsm mobilnummer
        handynummer fax telefax faks landline desk office hotline whatsapp sms voicemail pager extension ext
        switchboard helpline telefonszám signal viber""",
    Topic.CALL: """
        call called calling calls callback ring dial dialed dialled text texted texting texts message messages
        messaging answering answer answers reach reached reachable contact contacts registered appel appelez llama
        llame llamar chiama chiamare anrufen ruf bel hívjon zadzwoń numéro""",
    Topic.CARD: """
        card cards cc creditcard cardnumber debit credit visa mastercard amex maestro discover jcb unionpay diners
        rupay karte kreditkarte kreditkartennummer carte tarjeta cartão carta kaart kort kreditkort karta karty pan
        ccnum cardno charge charged pay paid payment payments""",
    Topic.IBAN: "iban ibans transfer überweisung virement transferencia bonifico",
    Topic.BANK: """
        account accounts acct bank banking checking savings konto kontonummer compte cuenta conto rekening
        accountnumber beneficiary deposit iban""",
    Topic.ROUTING: "routing aba rtn",
    Topic.SSN: "ssn ssns social socialsecurity socialsecuritynumber sozialversicherung",
    Topic.ITIN: "itin itins taxpayer",
    Topic.PASSPORT: "passport passports passeport pasaporte passaporto reisepass paspoort passaporte paszport",
    Topic.LICENCE: """
        license licence licenses licences licensed dl dln driverlicense driverslicense führerschein
        führerscheinnummer rijbewijs""",
    Topic.BIRTH: """
        born birth birthday birthdate dob dateofbirth geboren geburtsdatum geburtstag naissance né née nacimiento
        nacido nacida nascita nato nata nascimento geboortedatum födelsedatum urodzenia""",
    Topic.ZIP: "zip zipcode postal postcode postcodes plz postleitzahl postnummer cap cep pin",
    Topic.HEALTH: "nhs medicare patient patients health",
    Topic.TAX: """
        tax tin tfn abn acn vat ein fiscal fiscale steuer steuernummer steueridentifikationsnummer idnr nif nip cpf
        cnpj gst contribuinte sin siren siret""",
    Topic.NATIONAL: """
        national identity identification resident nino insurance aadhaar aadhar aadhaa uidai uid personnummer
        fødselsnummer fodselsnummer cpr pesel bsn burgerservicenummer dni nie nir insee sécurité ahv avs rrn cnp egn
        oib amka rut curp cédula cedula kimlik rodné isikukood nric fin hkid personalausweis ausweis henkilötunnus
        svnr sozialversicherungsnummer pps ppsn rijksregisternummer nationalid idnumber""",
    Topic.NETWORK: "ip ipv4 ipv6 address server host mac",
    Topic.OTHER: """
        order orders invoice invoices ticket tickets tracking sku isbn issn ean upc gtin barcode version versions build
        release serial model part parts item items product products case commit price prices total totals amount
        amounts cost costs revenue population port ports line lines row rows page pages chapter section transaction
        transactions batch job jobs timestamp epoch hash checksum reference ref imei bytes size offset seed quantity
        qty units stock balance salary budget score count id ids uuid guid key patent doi pmid bug issue pull request
        bestellung bestellnummer rechnung rechnungsnummer commande facture pedido factura ordine fattura""",
}
_TOPICS: Final = {word: topic for topic, words in _WORDS.items() for word in words.split()}
_GENERIC: Final = frozenset(("id", "ids", "key", "reference", "ref"))
_WORD: Final = re.compile(r"[^\W\d_]+")


class Near(NamedTuple):
    """The topics of the nearest words before and after something, None when there are none, and these words."""

    before: Topic | None
    after: Topic | None
    words: frozenset[str]

    def has(self, topic: Topic) -> bool:
        """Tell whether something is of a topic by its nearest words."""
        return topic in (self.before, self.after)


class Context:
    """The telling words of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._read = False
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._topics: list[Topic] = []

    def near(self, start: int, end: int) -> Near:
        """Return what the words near the characters from `start` to `end`, not included, are about."""
        self._need()
        first = bisect_right(self._ends, start) - 1
        last = bisect_left(self._starts, end)
        before = after = None
        words: list[str] = []
        if first >= 0 and start - self._ends[first] <= BEFORE:
            before = self._topics[first]
            words.append(self._text[self._starts[first] : self._ends[first]].lower())
        if last < len(self._starts) and self._starts[last] - end <= AFTER:
            after = self._topics[last]
            words.append(self._text[self._starts[last] : self._ends[last]].lower())
        return Near(before, after, frozenset(words))

    def words(self) -> list[tuple[Topic, int, int]]:
        """Return all telling words: their topics, and from where to where they go."""
        self._need()
        return list(zip(self._topics, self._starts, self._ends, strict=True))

    def _need(self) -> None:
        if self._read:
            return
        self._read = True
        for found in _WORD.finditer(self._text):
            topic = _TOPICS.get(found.group().lower())
            if topic is not None and not self._is_of_last(found):
                self._topics.append(topic)
                self._starts.append(found.start())
                self._ends.append(found.end())

    def _is_of_last(self, found: re.Match[str]) -> bool:
        """Tell whether a word only goes with the one before it: `tax ID` is about taxes, `message ID` about IDs."""
        last = self._topics[-1] if self._topics else Topic.OTHER
        return (
            found.group().lower() in _GENERIC
            and last not in (Topic.OTHER, Topic.PHONE, Topic.CALL)
            and found.start() - self._ends[-1] <= 1
        )
