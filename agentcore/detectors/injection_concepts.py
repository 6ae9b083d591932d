"""Concepts: what words have to do with instructions to a model, in several languages.

`ignore`, `disregard` and `vergiss` are one concept, so a detector that has seen the one knows the others. Entries are
beginnings of words without accents, in lower case; one that ends in a full stop is a whole word.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_CONCEPTS: Final = {
    "override": "ignor disregard forget forgot overrid bypass neglect supersed nullif overlook abandon circumvent "
    "vergiss vergess missacht ubergeh olvid descart oubli neglig dimentic tralasci esquec desconsider "
    "zaboravi negeer vergeet игнорир забуд zignoruj zapomn glom.",
    "prior": "previous prior. above. earlier preceding precede foregoing initial original bisher vorherig "
    "vorangehend vorig. obig. obige zuvor anterior previ. previa previo precedent. precedente sopra. "
    "acima. eerder vorige предыдущ existing",
    "instruction": "instruct instruk instruc instrukc directive direction guideline rule. rules. command prompt "
    "systemprompt anweis befehl regel. regeln. vorgab consigne istruz regol. regole reglas. regla. "
    "regle. regles. directric orden. ordenes инструкц правил policy. policies. programming polecen",
    "limit": "restrict limit filter censor safety safeguard ethic moral guardrail moderat constraint disclaim "
    "illegal unethical immoral guidelines inappropriat beschrank einschrank restric limita sicherheits "
    "censur harmful",
    "unbound": "unrestrict unfilter uncensor unlimit jailbr amoral unbound unhinged dan. dan's stan. dude. aim. "
    "devmode godmode evil. anarch liberat freed. freedom unleash uneingeschrankt",
    "system": "system sistem systeme root. sudo admin developer entwickler debug maintenance supervisor operator "
    "kernel superuser diagnostic desarrollador systema",
    "persona": "pretend roleplay rollenspiel persona. personas. character charakter simulat imagin impersonat "
    "role. act. acting acts. behave embody finge. actua. agis. comporta fais. stell. spiel. play. "
    "playing game. scenario hypothet fiction portray",
    "machine": "ai. ais. chatgpt gpt. gpt4 openai assistant assistent asistente llm. llms. chatbot bot. bots. "
    "claude. bard. gemini. llama. mistral. copilot agent. agents. ki. ia. model. modell sydney. "
    "anthropic",
    "secret": "password passwor passwd passphras passcode pw. pwd. secret passwort kennwort geheim contrasen "
    "senha. credential codeword parola. wachtwoord ssword geheimnis secreto segreto clave. пароль haslo "
    "confidential keyword unlock",
    "code": "code. codes. key. keys. token apikey phrase pin. otp. cvv.",
    "tell": "tell say. says. give speak whisper inform sag. sage. dime. dis. dimmi diga gib. answer. talk",
    "print": "print output echo. display show. list. write. type. dump. return. zeig. zeige muestra muestr "
    "affiche montre mostra. stampa. schreib escribe ecris scrivi output. generate",
    "reveal": "reveal disclos leak expos divulg verrat share. spill unveil uncover publish reproduce revel. "
    "revele revela",
    "repeat": "repeat recit verbatim wiederhol repite repet ripeti quote. restate copy. paste.",
    "transform": "encod decod translat ubersetz traduc traduis base64 rot13 cipher caesar reverse. reversed backward "
    "spell. spelled spelling letter character. characters. acrostic rhym hint. hints. riddle poem. "
    "synonym hex. binary ascii. leetspeak morse summari paraphras",
    "onward": "henceforth onward fortan hereafter hereby ahora. adesso jetzt now.",
    "must": "must. always. shall. obey obligat comply complian adhere mandator strictly immer. siempre toujours "
    "sempre. musst. debes. follow. follows. folge never. nie. nunca. jamais",
    "need": "need. needs. require. required. want. have.",
    "you": "you. u. du. sie. tu. vous. usted. lei. voce. ты. yourself thou. ye.",
    "your": "your. yours. dein. deine deiner deinen ihre. tus. tu's votre. tes. suoi. tuoi. seu. suas. ur.",
    "me": "me. i. my. mir. mich. meine mein. mi. moi. mon. mio. im. we. our. us.",
    "user": "user. users. user's human. customer nutzer benutzer usuario utilisateur utente client",
    "alert": "important urgent attention. critical immediat achtung wichtig importante warning alert notice. "
    "nota. emergency priority note.",
    "send": "send. sends. sending forward. forwarded email. e-mail mail. transfer transmit upload exfiltrat "
    "deliver. post. submit. wire. sende. schick envia. envie. envoie invia. uberweis leite. "
    "weiterleiten share",
    "delete": "delete. delet remove. erase wipe. drop. destroy losch. losche borra. supprime elimina rm. format.",
    "money": "bank iban. payment pay. bitcoin btc. wallet dollar usd. eur. refund purchase buy. order. konto "
    "fund. funds. account invest",
    "private": "contact personal private history conversation chat. inbox calendar address. medical file. files. "
    "document database record. records. data. details.",
    "link": "url link website click. visit. browse http domain. webhook endpoint markdown image img. src. href.",
    "address": "addr@",
    "conceal": "mention silent secretly quietly hidden conceal discreet unnoticed invisible undetect notify "
    "verschweig heimlich stealth covert",
    "instead": "instead. rather. anstatt stattdessen lugar. plutot invece. otherwise",
    "also": "also. additional furthermore moreover then. afterwards finally ausserdem auch. tambien aussi. anche.",
    "first": "first. before. begin. beginning start. starting prefix append prepend include. embed insert. add. "
    "incorporat",
    "respond": "respond response reply. replies antwort respond. responde reponds risposta rispondi responses "
    "answers. answering completion",
    "end": "end. stop. halt. abort quit. finish. terminat exit. cancel. ende. fin. reset",
    "new": "new. updated. update. following. next. neue. neuen nuevas nueva. nouvelle nuove nuova. novas. "
    "actual. real. true.",
    "not": "not. no. don't dont. without cannot can't cant. won't wont. doesn't isn't nicht. kein keine ohne. "
    "sin. sans. non. senza. sem. nao. pas. neither nor.",
    "mode": "mode. modus. modo. enabled enable. activat disable. switch. execute. executing run. runs. perform",
    "text": "message messages. text. texts. page. webpage content. contents. paragraph sentence. ticket. "
    "review. resume. candidate article. conversation",
    "all": "all. any. every. everything each. whole. entire. full. complete. alle. alles. todas. todo. todos. "
    "toutes tout. tutte tutto tudo. exactly. exact. only. just.",
    "polite": "please. bitte. kindly favor. prego. plait. would. could. can. may. should. might. konnen. kannst. "
    "puedes. pouvez. puoi. podria",
    "question": "how. what. what's why. which. where. who. when. is. are. was. do. does. did. wie. was. warum. "
    "welche que. como. comment. quel. quelle come. cosa. perche explain. describe.",
    "task": "task. tasks. goal. job. assignment objective request query. queries aufgabe tarea. tache. compito "
    "tool. tools. function. api.",
    "granted": "grant access approved authoriz authoris permission allow permit pre-approv unlock. consent "
    "whitelist trusted verified",
    "hostile": "hack exploit malware phish weapon bomb. kill. attack. steal fuck shit. hate. pwned. virus. drug "
    "explosive racist sexist murder",
    "context": "word. words. line. lines. sentence. sentences. phrase. everything. context. conversation. text.",
}

NAMES: Final = tuple(_CONCEPTS)
"""The concepts' names. A concept's number is its index here, plus one."""

_WHOLE: Final = {
    entry.rstrip(".@"): number
    for number, entries in reversed([*enumerate(_CONCEPTS.values(), 1)])
    for entry in entries.split()
}
_STEMS: Final = {
    entry: number
    for number, entries in reversed([*enumerate(_CONCEPTS.values(), 1)])
    for entry in entries.split()
    if not entry.endswith(".")
}
_LONGEST: Final = max(map(len, _STEMS))
_SHORTEST: Final = min(map(len, _STEMS))


@lru_cache(maxsize=4096)  # a memo of a pure function: most words of a text are common ones
def concept(word: str) -> int:
    """Return the number of a word's concept, 0 for none. word: lower case, without accents."""
    number = _WHOLE.get(word, 0)
    if number:
        return number
    for end in range(min(len(word), _LONGEST), _SHORTEST - 1, -1):
        number = _STEMS.get(word[:end], 0)
        if number:
            return number
    return 0
