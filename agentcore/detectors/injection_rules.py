"""Rules: phrases by which people take a model over, in families, in several languages.

Each pattern is tried only where one of its needles is in the text, and repeats nothing without a bound, so that a text
takes time in proportion to its length, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

OVERRIDE: Final = "INSTRUCTION_OVERRIDE"
PERSONA: Final = "PERSONA"
EXTRACTION: Final = "PROMPT_EXTRACTION"
MARKER: Final = "FAKE_MARKER"
AUTHORITY: Final = "AUTHORITY_CLAIM"
EXFILTRATION: Final = "EXFILTRATION"
CONCEALMENT: Final = "CONCEALMENT"

_GAP: Final = r"(?:[^\w.,;!?\n]{1,3}[\w'\u2019]{1,20}){0,5}?[^\w.,;!?\n]{1,3}"
_NEAR: Final = r"(?:\W{1,3}[\w'\u2019]{1,20}){0,2}?\W{1,3}"
_RULED: Final = (
    r"(?:instructions?|directions?|directives?|rules?|guidelines?|prompts?|commands?|programming|training"
    r"|restrictions?"
    r"|constraints?|polic(?:y|ies)|orders|context|messages|text|filters?|safeguards?|told|said|above|before"
    r"|safety)\b"
)
_DROP: Final = (
    r"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget|overrid(?:e|ing)|bypass(?:ing)?|neglect|discard|drop|skip)"
)
_OUT: Final = (
    r"\b(?:reveal|print|show|output|repeat|display|tell|give|say|write|disclose|leak|share|expose|recite|copy|list"
    r"|dump"
    r"|summari[sz]e|translate|encode|spell|reproduce|return|echo|paste|describe|provide|send)\b"
)
_GUARDED: Final = (
    r"(?:passwords?|passphrases?|passcodes?|passw0rd|secret|secrets|credentials?|api[ _-]?keys?|code ?words?|keyword)"
)
_MACHINE: Final = (
    r"(?:(?:ai|language|automated)[ -])?"
    r"(?:a\.?i\.?|assistants?|llms?|language models?|chat ?bots?|agents?|models?|chatgpt|gpt(?:-?\d)?|claude|gemini"
    r"|copilot|bots?|ki|crawlers?|screening systems?)"
)


def _rule(family: str, needles: str, pattern: str) -> tuple[str, tuple[str, ...], re.Pattern[str]]:
    return family, tuple(needles.split()), re.compile(pattern)


RULES: Final = (
    # Instructions before are to be dropped.
    _rule(
        OVERRIDE,
        "ignor disregard forget overrid bypass neglect discard drop skip",
        rf"{_DROP}\b{_NEAR}(?:previous|prior|above|earlier|preceding|foregoing|initial|original|existing|past|former"
        rf"|other|"
        rf"system|your|any|everything|all|you|what){_GAP}{_RULED}",
    ),
    _rule(
        OVERRIDE,
        "ignor disregard forget",
        rf"{_DROP}\W{{1,3}}(?:(?:about|all of|all|absolutely)\W{{1,3}})?(?:everything|all|anything|the above|what)"
        r"(?:\W{1,3}(?:(?:you|i|we|that|was|were|has|have|been|just|previously|ever)\W{1,3}){0,4}"
        r"(?:said|told|learned|know|above|before|prior|previous|previously|written|instructed)\b|\W{0,3}(?:$|[.!\n]))",
    ),
    _rule(
        OVERRIDE,
        "not n't stop never no",
        rf"\b(?:do not|don'?t|stop|never|no longer|no need to|need not)\W{{1,3}}(?:\w{{1,12}}\W{{1,3}})?(?:follow"
        rf"|following|obey|obeying"
        rf"|adhere|comply|apply|bound|listen|listening)\b{_GAP}{_RULED}",
    ),
    _rule(
        OVERRIDE,
        "new updated real actual revised following additional special",
        r"\b(?:new|updated|real|actual|revised|additional|special|true|only|following)\W{1,3}(?:system\W{1,3})?"
        r"(?:instructions?|task|directives?|rules?|objective|goal|orders?|prompt)\W{0,3}(?:(?:is|are|now"
        r"|for you)\W{1,3}){0,2}[:\n]"
        r"|\byour (?:new|only|real|actual|true) (?:task|goal|objective|job|instructions?|role|purpose|rules?)\b",
    ),
    _rule(
        OVERRIDE,
        "rules instructions restrictions guidelines policies filters safety",
        r"\b(?:rules|instructions|restrictions|guidelines|policies|filters"
        r"|safety \w{1,12})\W{1,3}(?:\w{1,12}\W{1,3}){0,3}"
        r"(?:no longer appl|do(?:es)? not apply|don'?t apply|are (?:now )?(?:void|lifted|suspended|disabled"
        r"|cancell?ed|removed|null|over)"
        r"|have (?:been )?(?:changed|lifted|updated|removed|suspended|disabled))",
    ),
    _rule(
        OVERRIDE,
        "ignor vergiss vergess missacht olvid oubli dimentic esque desconsider negeer vergeet descart",
        r"\b(?:ignorier\w{0,4}|vergiss|vergessen sie|missachte\w{0,2}|ignora\w{0,3}|ignore[zs]?|olvid\w{1,5}"
        r"|oubli\w{1,4}|dimentica\w{0,3}"
        r"|esque[cç]\w{1,4}|desconsider\w{1,4}|negeer|vergeet|descarta)(?:\W{1,3}\w{1,16}){0,6}?\W{1,3}(?:anweisungen"
        r"|befehle|instruktionen|"
        r"regeln|vorgaben|instrucciones|indicaciones|reglas|[oó]rdenes|instructions|consignes|r[eè]gles|istruzioni"
        r"|regole|"
        r"instru[cç][oõ]es|regras|instructies|anterior\w{0,3}|gesagte|vorherige\w{0,2}|zuvor|davor"
        r"|pr[eé]c[eé]dent\w{0,3})",
    ),
    _rule(
        OVERRIDE,
        "игнорируй игнорируйте забудь забудьте 忽略 忽视 无视 無視 忘记 忘れ 무시",
        r"(?:игнориру\w{1,4}|забудь\w{0,2})[^.\n]{0,40}(?:инструкц|правил|указан|команд)|(?:忽略|忽视|无视"
        r"|忘记)[^。\n]{0,16}(?:指令|指示|说明|规则|提示|命令)"
        r"|(?:指示|命令|ルール|指令)[^。\n]{0,10}(?:無視|忘れ)|(?:지시|명령|규칙|지침)[^.\n]{0,10}무시",
    ),
    # Somebody without limits is to be played.
    _rule(
        PERSONA,
        "you pretend act roleplay role-play",
        rf"\b(?:you are now|you're now|you will now|now you are|pretend|act|roleplay|role-play|behave|respond"
        rf"|from now on,? you)\b{_GAP}"
        r"(?:unrestricted|unfiltered|uncensored|no (?:restrictions|limits|rules|filters?|ethic\w{0,4}|moral\w{0,4})"
        r"|without (?:any )?(?:"
        r"restrictions?|limit\w{0,7}|filters?|censor\w{0,4}|rules|ethic\w{0,4}|moral\w{0,4})|jailbr\w{1,7}|dan\b|evil"
        r"|amoral|developer mode|anything)",
    ),
    _rule(
        PERSONA,
        "dan anything jailbr developer devmode dude stan",
        r"\bdo anything now\b|\bjailbr(?:eak|oken)\w{0,4}\b|\b(?:dan|developer|god|debug|unrestricted|jailbreak|sudo"
        r"|evil) mode\b"
        r"|\bdevmode\b|\bas dan\b|\bdan\W{1,3}(?:which )?stands for\b",
    ),
    _rule(
        PERSONA,
        "now henceforth onward",
        r"\bfrom (?:now on|this (?:point|moment)|here on)\b(?:\W{1,3}\w{1,16}){0,3}\W{1,3}(?:you|your|act|respond"
        r"|answer|reply|pretend|always"
        r"|only|every|i want|ignore|all)\b|\bhenceforth\b",
    ),
    _rule(
        PERSONA,
        "immersed immerse character persona role act pretend game",
        r"\b(?:stay|remain|immerse yourself|break|breaking|never leave|get out of|stay in) (?:in "
        r"|into )?(?:the )?(?:your )?(?:character|role|persona)\b"
        r"|\bpretend (?:to be|you are|that you|you're)\b|\byou are going to (?:act|pretend"
        r"|play|role)\b"
        r"|\blet'?s play a (?:game|role)\b|\bact as (?:if you|though you|my|an? (?:evil|unrestrict|ai|linux|python"
        r"|terminal))",
    ),
    _rule(
        PERSONA,
        "restrict filter censor limit ethic moral guideline disclaim polic refus free illegal",
        r"\b(?:no|without|any|free (?:of|from)|freed from|not bound by|ignores?|bypass\w{0,3}"
        r"|broken free)\W{1,3}(?:\w{1,12}\W{1,3}){0,4}?(?:restrictions|"
        r"limitations|censorship|content (?:polic\w{1,3}|filters?)|ethical\b|moral\b|openai\w{0,2}|guidelines"
        r"|typical confines|safety filters?)"
        r"|\b(?:never|not|n't|cannot|can't) (?:ever )?(?:refuse|say (?:that )?you can'?t|decline|apologi[sz]e|warn"
        r"|give (?:me )?(?:warnings|disclaimers))"
        r"|\bno (?:disclaimers?|warnings?|moral\w{0,5}|refusals?)\b",
    ),
    # What the model was told, or keeps, is to come out.
    _rule(
        EXTRACTION,
        "prompt instruction rules directive guideline",
        rf"{_OUT}{_GAP}(?:system|initial|original|hidden|secret|full|entire|internal|previous|above|own|developer"
        rf"|your|exact)"
        r"(?:\W{1,3}\w{1,14}){0,2}\W{1,3}(?:prompts?|instructions?|rules|directives?|guidelines|message)\b",
    ),
    _rule(
        EXTRACTION,
        "prompt instruction told rules",
        r"\b(?:what|which) (?:are|were|is|was|did|do)\b(?:\W{1,3}\w{1,12}){0,3}?\W{1,3}(?:your|you"
        r"|system)\W{1,3}(?:\w{1,12}\W{1,3}){0,3}?"
        r"(?:prompts?|instructions?|instructed|told|rules)\b",
    ),
    _rule(
        EXTRACTION,
        "pass secret credential key code",
        rf"{_OUT}{_GAP}{_GUARDED}\b|\b(?:what|what'?s|whats|which)\W{{1,3}}(?:\w{{1,12}}\W{{1,3}}){{0,5}}?{_GUARDED}\b"
        rf"|\b(?:your|the|level \w{{1,3}}|lvl\w{{0,3}}) {_GUARDED}\b",
    ),
    _rule(
        EXTRACTION,
        "above everything verbatim word begin starting before preced previous",
        r"\b(?:repeat|print|output|copy|recite|show|say|write|translate|summari[sz]e"
        r"|tell)\b(?:\W{1,3}\w{1,14}){0,6}?\W{1,3}(?:above|verbatim|"
        r"word for word|word-for-word|before this|preceding this|prior to this|starting with|beginning with"
        r"|precedes)\b",
    ),
    _rule(
        EXTRACTION,
        "letter character first hint encod base64 backward revers rhyme acrostic spell rot13 synonym",
        r"\b(?:letters?|characters?|hints?|encod\w{1,4}|base64|backwards?|revers\w{1,4}|rhymes?|acrostic|spell\w{0,4}"
        r"|rot13|synonyms?)\b"
        rf"(?:\W{{1,3}}\w{{1,14}}){{0,6}}?\W{{1,3}}{_GUARDED}\b",
    ),
    _rule(
        EXTRACTION,
        "passwort kennwort contrase senha passe parola wachtwoord парол 密码 密碼 パスワード 비밀번호 geheim",
        r"\b(?:passwort|kennwort|contrase[nñ]a|senha|mot de passe|parola d'ordine|wachtwoord|geheim\w{1,6})\b|парол"
        r"|密码|密碼|パスワード|비밀번호",
    ),
    _rule(
        EXTRACTION,
        "system prompt sistema systeme système",
        r"\b(?:systemprompt|system ?prompt|prompt del sistema|prompt d[ue] syst[eè]me|prompt di sistema"
        r"|instrucciones del sistema)\b",
    ),
    # What only the runtime writes.
    _rule(
        MARKER,
        "<| [inst <<sys ### </ <s> [system <system <assistant <user <information <important <instruction <admin",
        r"<\|[a-z_]{2,24}\|>|\[/?inst\]|<</?sys>>|</?s>|#{2,4} ?(?:instructions?|system|human|assistant|response|user"
        r"|input)\b"
        r"|[<\[]/?(?:system|assistant|user|human|tool|instructions?|admin|prompt|context|data|tool_result"
        r"|function_results?|information|important|untrusted\w{0,12})"
        r"(?:[ _-](?:message|prompt|instructions?|note|override))?[>\]]",
    ),
    _rule(
        MARKER,
        "system assistant user human admin developer instruction",
        r"(?:^|\n|[.!?\"'*_-] ?)\W{0,4}(?:system|assistant|human|admin|developer|instructions?)(?: (?:message|prompt"
        r"|note|notice|update|override|instructions?|alert))?\W{0,3}:",
    ),
    _rule(
        MARKER,
        "end begin start stop termin ----- =====",
        r"\b(?:end|beginning|begin|start|termination) of (?:the )?(?:(?:system|user|previous|new|additional|tool"
        r"|document|email)\W{1,3})?(?:instructions?|prompt|message|input"
        r"|output|context|document|text|email|data)\b|[-=*#]{3,20} ?(?:end|begin|start|stop|new|system|user"
        r"|important)\b"
        r"|\bstop (?:everything|all|processing)\b|\b(?:system|user) (?:message|prompt|instruction|input) (?:ends?"
        r"|begins?|termin\w{1,6})\b",
    ),
    # Who says so.
    _rule(
        AUTHORITY,
        "developer creator admin owner openai engineer boss supervisor ceo authori tester security your anthropic",
        r"\b(?:i am|i'm|im|this is|as|speaking as|it'?s|we are) (?:the |your |an? "
        r"|one of )?(?:\w{1,12} )?(?:developer|creator|admin\w{0,10}|owner|"
        r"engineer|boss|supervisor|superior|programmer|maker|operator|security (?:team|officer|auditor)|openai"
        r"|anthropic|ceo|tester)\b",
    ),
    _rule(
        AUTHORITY,
        "authori permission grant approv enabled granted verified maintenance test",
        r"\b(?:i (?:have|am|hereby)|you (?:have|are|now have)|user (?:has|is)|has been"
        r"|have been) (?:\w{1,12} ){0,3}?(?:authori[sz]\w{1,5}|permission|permitted|clearance|"
        r"pre-?approved)\b|\b(?:maintenance|debug|admin\w{0,9}|test|diagnostic|developer) (?:mode|access|override)\b"
        r"|\baccess granted\b",
    ),
    _rule(
        AUTHORITY,
        "ai assistant llm model bot agent gpt gemini copilot claude crawler system",
        rf"\b(?:attention|note|notice|message|instructions?|memo|dear|hey|hello|important|alert|reminder|for"
        rf"|to)\b\W{{1,3}}(?:(?:to|for|any|all|the|every)\W{{1,3}}){{0,3}}{_MACHINE}\b"
        rf"(?: (?:\w{{1,12}} ){{0,2}}?(?:reading|processing|reviewing|summari[sz]ing|evaluating|analy[sz]ing|parsing"
        rf"|handling|that)\b|\W{{0,2}}[:,;—-])"
        rf"|\bif you are an? (?:\w{{1,12}} )?{_MACHINE}\b|\bas an? (?:ai|llm|language model|assistant)\b",
    ),
    _rule(
        AUTHORITY,
        "before",
        r"\bbefore (?:you )?(?:can |could |do |continue |solve |answer|proceed|respond|finish|complet"
        r"|summari)\w{0,6}(?:\W{1,3}\w{1,12}){0,12}?\W{1,3}(?:first|following|must|please|need)\b",
    ),
    # Something is to be sent away.
    _rule(
        EXFILTRATION,
        "send forward email e-mail transfer upload post transmit exfiltrat share leak submit",
        r"\b(?:send|forward|e-?mail|transfer|upload|post|transmit|exfiltrat\w{1,3}|leak|submit|deliver|share"
        r"|copy)\b(?:\W{1,3}[\w'\u2019$]{1,20}){0,14}?\W{1,3}"
        r"(?:[\w.+-]{1,40}@[\w-]{1,40}\.[a-z]{2,8}|https?://|[a-z]{2}\d{2}[\da-z]{10,30}\b|0x[0-9a-f]{20,40})",
    ),
    _rule(
        EXFILTRATION,
        "![ <img http",
        r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,200}[?=&{][^)\s]{0,200}\)|<img[^>\n]{0,80}src=[^>\n]{1,200}[?{]"
        r"|https?://[^\s]{1,120}[?&=/](?:\{[^}\s]{1,40}\}|\[[^\]\s]{1,40}\]|<[^>\s]{1,40}>)",
    ),
    _rule(
        EXFILTRATION,
        "append include add embed insert render encode",
        r"\b(?:append|include|add|embed|insert|render|put|encode|place)\b(?:\W{1,3}\w{1,20}){0,10}?\W{1,3}(?:to|in"
        r"|into|as|at) (?:the |your |this |a |every |any )?(?:end of )?"
        r"(?:the |your |every |any )?(?:\w{1,12} )?(?:url|link|response|reply|answer|output|query|summary|image"
        r"|replies|responses|answers)\b",
    ),
    _rule(
        EXFILTRATION,
        "your response answer reply",
        r"\b(?:in|to|at the end of|into|with|within) your (?:\w{1,12} )?(?:response|answer|reply|output|summary|code"
        r"|codebase)\b",
    ),
    # The user is not to know.
    _rule(
        CONCEALMENT,
        "not n't without never silent secret quiet no",
        r"\b(?:do not|don'?t|never|without|not to|must not"
        r"|should not)\W{1,3}(?:\w{1,12}\W{1,3}){0,2}?(?:mention\w{0,3}|tell\w{0,3}|inform\w{0,3}|notify\w{0,3}|"
        r"alert\w{0,3}|reveal\w{0,3}|disclos\w{1,3}|ask\w{0,3}|let)\b(?:\W{1,3}\w{1,12}){0,4}?\W{1,3}(?:user|anyone"
        r"|human|person|this|these|it|them|customer|owner|"
        r"instructions?|message|confirm\w{0,6}|permission|request|anything)\b|\b(?:silently|secretly|quietly"
        r"|covertly) (?:\w{1,12} )?(?:send|forward|add|insert|"
        r"execute|run|include|change|delete|call|do|perform|email|upload|transfer)",
    ),
    _rule(
        CONCEALMENT,
        "<!-- display: font-size visibility hidden color:",
        r"<!--[^>]{0,200}?\b(?:ignore|instruct\w{0,5}|assistant|system|ai|you|prompt|send|must)\b|display: ?none"
        r"|font-size: ?[01](?:px|pt|em)?\b|visibility: ?hidden|"
        r"color: ?(?:#fff(?:fff)?|white)\b|opacity: ?0\b",
    ),
    _rule(
        CONCEALMENT,
        "decode base64 rot13 hex binary morse cipher backward",
        r"\b(?:decode|decrypt|decipher|unscramble|deobfuscate)\b(?:\W{1,3}\w{1,16}){0,8}?\W{1,3}(?:follow|execute"
        r"|obey|do|instruct\w{0,5}|respond|answer|perform|run|act|comply)\b",
    ),
)
"""Each rule's family, what must be in a text for it to match, and its pattern, for text in lower case."""


def matches(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield what rules find in a text: the rule's index, from where, to where; by rules, then by places."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters become two
        lower = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    for number, (_, needles, pattern) in enumerate(RULES):
        if any(needle in lower for needle in needles):
            for found in pattern.finditer(lower):
                yield number, found.start(), found.end()
