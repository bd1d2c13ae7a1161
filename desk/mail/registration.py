"""The number under which a company or an authority registered a complaint: «Ваше обращение зарегистрировано №…»."""

from __future__ import annotations

import re

NOUN = (r"(?:обращени[ея]|запрос[а-я]{0,2}|заявк[аиеу]|заявлени[ея]|тикет[а-я]{0,2}|жалоб[аыеу]|претензи[яиюей]{1,2}|"
        r"сообщени[ея]|письм[оау]|ticket|case|request|inquiry|complaint|reference|incident)")
VERB = (r"(?:за)?регистрирован[аоы]?|принят[аоы]?|получен[аоы]?|создан[аоы]?|присво(?:ен|или)[аоы]?|передан[аоы]?|"
        r"поступил[аои]?|registered|received|assigned|created|opened|logged")
MARK = r"(?:№№?|#|:|-|–|—|n[o°]\.?|id|номер(?:ом|а)?|number|вх\.)"
NUMBER = r"((?=[^\s]{0,30}\d\d)[A-Za-zА-ЯЁ0-9](?:[A-Za-zА-ЯЁа-яё0-9/_-]|\.(?=\w)){2,39})"
GAP = rf"[\s\"«(\[]{{0,4}}(?:{MARK}[\s\"«(\[]{{0,4}}){{1,3}}"
NUMBERED = r"(?:№№?|#|\bномер(?:ом|а)?\b|\bnumber\b|\bid\b|\bвх\.)[\s:№#\"«(\[]{0,4}"
PATTERNS = tuple(re.compile(pattern, re.I) for pattern in (
    # «Ваше обращение № 12345 зарегистрировано», "Your request (#12345) has been received"
    rf"\b{NOUN}{GAP}{NUMBER}[\s,.)\]»\"]{{1,3}}(?:[^\n.]{{0,60}}\b)?(?:{VERB})\b",
    # «Обращение зарегистрировано под номером 12345», "request has been registered with ID 12345"
    rf"\b{NOUN}\b[^\n.№#]{{0,60}}\b(?:{VERB})\b[^\n.№#]{{0,50}}?{NUMBERED}{NUMBER}",
    # «Зарегистрировано за № 12-34/26», «присвоен номер 12345»
    rf"\b(?:зарегистрирован[аоы]?|присво(?:ен|или)[аоы]?)\b[^\n№#]{{0,40}}?{NUMBERED}{NUMBER}",
    # «Номер вашего обращения: 12345», «Регистрационный номер 12345», "Your ticket number is 12345"
    rf"\bномер[а-я]{{0,2}}\s(?:ваше(?:го|й)\s)?{NOUN}[\s:–—-]{{1,5}}(?:№\s?)?{NUMBER}",
    rf"\bрегистрационный\sномер\b[^\n\d]{{0,30}}?{NUMBER}",
    rf"\byour\s(?:\w+\s)?(?:{NOUN})\s(?:number|id)(?:\sis)?[\s:]{{1,3}}{NUMBER}",
))
IN_SUBJECT = re.compile(rf"[\[(]?\b{NOUN}{GAP}{NUMBER}", re.I)
LOOKED_AT = 6000
NO_NUMBERS = re.compile(r"\d{1,2}[.-]\d{1,2}[.-](?:\d\d){1,2}|\d{1,2}\.\d{2}$")  # days and hours


def number(subject: str, text: str) -> str:
    """The case number that a company's answer names, '' when it names none."""
    text = text[:LOOKED_AT]
    for pattern, where in ((IN_SUBJECT, subject), *((p, f"{subject}\n{text}") for p in PATTERNS)):
        for match in pattern.finditer(where):
            found: str = match.group(1).rstrip("-/_")
            if not NO_NUMBERS.fullmatch(found):
                return found
    return ""
