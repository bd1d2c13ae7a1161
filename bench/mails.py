"""Generate realistic Russian complaint mails for benchmarks and tests.

The same seed and count always give the same bytes, and a longer run starts
with exactly the mails of a shorter one.  Only the standard library is used,
and the mails are assembled by hand, so that the output does not depend on the
Python version's own mail-writing habits.

What a run contains, in every block of ten mails in a row:

* 7 new complaints and 3 replies to complaints that came earlier
  (``--replies-per-ten``);
* 3 mails with one to three attachments: PNG, JPEG or PDF files of random
  content with sound headers, 50 to 300 KB each (``--attachments-per-ten``,
  ``--attachment-kb``).

Mails are plain text, HTML or both, in UTF-8, Windows-1251 or KOI8-R, sent as
8bit, quoted-printable or base64.  Replies are threaded in the ways that mail
programs really do it; the manifest names the one used:

``both``         In-Reply-To and the full References chain
``in-reply-to``  only In-Reply-To
``references``   only References
``via-desk``     In-Reply-To names the desk's own answer, a message the desk's
                 mailbox never received; References still holds the complaint

Next to the mails a manifest is written, one JSON object a line, that says for
every mail which thread it belongs to, what its headers and attachments are
(with SHA-256), and which order numbers and which marker its text holds, so
that an importer's result can be checked mail by mail.

Examples::

    make_mails.py --count 1000 --format maildir --out /tmp/mails
    make_mails.py --count 200 --format eml --out /tmp/eml --attachments-per-ten 0
    make_mails.py --count 1000 --format mbox --out /tmp/mails.mbox \\
        --reply-tag '[example.com #{n}]'
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import json
import os
import quopri
import random
import struct
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote

BLOCK = 10
RECENT_THREADS = 300
MSK = timezone(timedelta(hours=3))

CHARSETS = (("utf-8", 60), ("windows-1251", 22), ("koi8-r", 18))
LAYOUTS = (("alternative", 45), ("plain", 40), ("html", 15))
THREADINGS = (("both", 60), ("via-desk", 20), ("in-reply-to", 10), ("references", 10))
TRANSFERS = (("base64", 50), ("quoted-printable", 35), ("8bit", 15))
REPLY_PREFIXES = (("Re: ", 70), ("RE: ", 10), ("Ответ: ", 8), ("НА: ", 7), ("Re[2]: ", 5))

DOMAINS = ("pochta.example", "yashchik.example", "mail.example", "inbox.example", "rabota.example")
MAILERS = (
    "Microsoft Outlook 16.0",
    "Apple Mail (2.3774.600.62)",
    "Mozilla Thunderbird",
    "Mail.Ru Mailer 1.0",
    "Yamail [ http://yandex.example ] 5.0",
    "iPhone Mail (21F90)",
)

MEN = (
    "Александр", "Алексей", "Андрей", "Артём", "Виктор", "Владимир", "Дмитрий", "Евгений",
    "Иван", "Игорь", "Кирилл", "Максим", "Михаил", "Николай", "Олег", "Павел", "Роман",
    "Сергей", "Фёдор", "Юрий",
)
WOMEN = (
    "Алина", "Анастасия", "Анна", "Валентина", "Галина", "Дарья", "Екатерина", "Елена",
    "Жанна", "Ирина", "Ксения", "Людмила", "Марина", "Наталья", "Ольга", "Полина",
    "Светлана", "Татьяна", "Юлия", "Яна",
)
SURNAMES = (
    "Абрамов", "Белов", "Васильев", "Воробьёв", "Герасимов", "Голубев", "Данилов", "Ершов",
    "Жуков", "Зайцев", "Иванов", "Калинин", "Козлов", "Кузнецов", "Лебедев", "Макаров",
    "Морозов", "Никитин", "Орлов", "Павлов", "Романов", "Соколов", "Тихонов", "Федотов",
    "Хохлов", "Цветков", "Чернов", "Шестаков", "Щербаков", "Юдин", "Яковлев",
)
CITIES = (
    "Москва", "Санкт-Петербург", "Казань", "Екатеринбург", "Новосибирск", "Самара", "Тула",
    "Нижний Новгород", "Ростов-на-Дону", "Краснодар", "Пермь", "Уфа", "Омск", "Воронеж",
)
GOODS = (
    "пылесос", "кофемашину", "детскую коляску", "смартфон", "наушники", "зимнюю куртку",
    "набор посуды", "комплект постельного белья", "шуруповёрт", "монитор", "кроссовки",
    "корм для кошки", "электрочайник", "книжный шкаф", "велосипед", "умную колонку",
)
GREETINGS = (
    "Здравствуйте!", "Добрый день!", "Добрый день, уважаемая поддержка!", "Доброе утро.",
    "Добрый вечер!", "Уважаемые сотрудники службы поддержки!", "Приветствую.", "",
)
OPENERS = (
    "Оформлял(а) у вас заказ {order} — {goods}, доставка в город {city}.",
    "Пишу по поводу заказа № {order}: покупал(а) {goods}.",
    "{day} числа я заказал(а) {goods}, номер заказа {order}.",
    "Мой заказ {order} ({goods}) — одно сплошное расстройство.",
    "По заказу {order} вынужден(а) обратиться к вам ещё раз.",
)
DEMANDS = (
    "Прошу разобраться и ответить мне письменно в течение трёх дней.",
    "Верните, пожалуйста, деньги на карту, с которой была оплата.",
    "Жду замены товара или возврата полной стоимости — {price} рублей.",
    "Если вопрос не решится, буду вынужден(а) обратиться в Роспотребнадзор.",
    "Прошу считать это письмо официальной претензией.",
    "Пожалуйста, свяжитесь со мной по телефону +7 9{phone}.",
    "Хочу понять, кто будет за это отвечать и когда.",
)
CLOSINGS = (
    "С уважением,\n{name}", "Спасибо за внимание.\n{name}", "--\n{name}\nтел. +7 9{phone}",
    "{name}\nОтправлено из мобильного приложения", "Заранее благодарю!\n{name}, {city}",
)
# Each topic: possible subjects, then the sentences a complaint is drawn from.
TOPICS = (
    (("Не пришёл заказ {order}", "Заказ не доставлен", "Где моя посылка?"),
     ("Срок доставки прошёл ещё {late} дней назад, а статус не меняется.",
      "В приложении написано «Доставлено», но я ничего не получал(а).",
      "Курьер не позвонил и не приехал, хотя я весь день был(а) дома.",
      "Пункт выдачи отвечает, что посылки у них нет и не было.",
      "По трек-номеру посылка уже неделю стоит на сортировке.")),
    (("Пришёл повреждённый товар", "Брак! Заказ {order}", "Товар разбит"),
     ("Коробка была вскрыта и заклеена обычным скотчем.",
      "На корпусе трещина, часть деталей отсутствует.",
      "Фотографии упаковки и самого товара прилагаю, где смог(ла).",
      "Сотрудник пункта выдачи отказался составлять акт осмотра.",
      "Включить товар не получилось: он не реагирует на кнопку питания.")),
    (("Прислали не то", "Перепутали товар в заказе {order}", "Не тот размер и цвет"),
     ("Вместо того, что я заказывал(а), в пакете лежал совсем другой товар.",
      "Размер не совпадает с заявленным на сайте, цвет тоже.",
      "Артикул на бирке отличается от артикула в чеке.",
      "Обратно везти за свой счёт я не готов(а): ошибка ваша.")),
    (("Возврат денег", "Не вернули деньги за заказ {order}", "Где мой возврат — {price} руб.?"),
     ("Товар я вернул(а) {late} дней назад, квитанция есть.",
      "В чате обещали, что деньги поступят за три рабочих дня.",
      "Банк подтверждает, что никаких поступлений от вас не было.",
      "Сумма возврата должна составить {price} рублей, а не половину.")),
    (("Двойное списание", "С карты списали дважды", "Ошибка оплаты заказа {order}"),
     ("За один и тот же заказ с моей карты списали {price} рублей два раза.",
      "Первый платёж завис, и приложение предложило оплатить ещё раз.",
      "Выписку из банка могу прислать.",
      "Второе списание оператор по телефону «не видит».")),
    (("Жалоба на курьера", "Хамство при доставке", "Курьер отказался поднимать заказ"),
     ("Курьер разговаривал грубо и бросил коробку у двери.",
      "Он потребовал доплату наличными за подъём на этаж.",
      "При этом доставка до квартиры была оплачена.",
      "Соседи всё это видели и готовы подтвердить.")),
    (("Не работает промокод", "Не применилась скидка", "Обман с акцией"),
     ("На странице товара была обещана скидка двадцать процентов.",
      "Промокод принимался, но в корзине цена не изменилась.",
      "После оплаты мне ответили, что акция закончилась за час до этого.",
      "Прошу пересчитать стоимость по условиям акции.")),
    (("Гарантийный ремонт", "Отказали в гарантии", "Сломалось через неделю — заказ {order}"),
     ("Товар проработал ровно неделю и перестал включаться.",
      "Сервисный центр ссылается на «следы влаги», которых нет.",
      "Заключение мне выдать отказались.",
      "Гарантийный талон заполнен полностью, чек сохранён.")),
    (("Вопрос по пункту выдачи", "Пункт выдачи закрыт", "Продлите хранение заказа {order}"),
     ("Пункт выдачи уже {late} дней закрыт без объявления.",
      "Срок хранения заканчивается завтра, а забрать заказ невозможно.",
      "Дозвониться туда нельзя: номер не обслуживается.",
      "Перенаправьте, пожалуйста, заказ в другой пункт.")),
    (("Удалите мой аккаунт", "Персональные данные", "Вопрос по личному кабинету"),
     ("В моём личном кабинете появились чужие заказы.",
      "После этого мне начали приходить сообщения на незнакомое имя.",
      "Пароль я уже сменил(а), но ситуация повторилась.",
      "Прошу сообщить, кому передавались мои данные.")),
)
REPLY_TEXTS = (
    "Вы так и не ответили на мой вопрос.",
    "Спасибо за ответ, но проблема не решена.",
    "Высылаю то, что вы просили.",
    "Прошло ещё {late} дней, ничего не изменилось.",
    "Деньги по заказу {order} до сих пор не поступили.",
    "Подтверждаю: заказ {order} всё ещё не у меня.",
    "Повторно прошу передать обращение старшему специалисту.",
    "Сегодня звонил оператор, но разговор прервался.",
    "Уточняю: сумма по чеку {price} рублей.",
)
DESK_ANSWER = (
    "Здравствуйте!",
    "Ваше обращение по заказу {order} зарегистрировано.",
    "Мы ответим в течение двух рабочих дней. Если у вас есть фотографии, пришлите их в ответ.",
    "С уважением, служба поддержки",
)
MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
    "октября", "ноября", "декабря",
)
FILE_NAMES = {
    "image/png": ("скриншот.png", "Снимок экрана {n}.png", "screenshot_{n}.png", "переписка.png"),
    "image/jpeg": ("фото {n}.jpg", "IMG_20250{n}.jpg", "фото_посылки.jpeg", "повреждение упаковки.jpg"),
    "application/pdf": ("Чек {order}.pdf", "receipt_{n}.pdf", "претензия.pdf",
                        "Акт осмотра товара и заявление на возврат денежных средств от {day} числа.pdf"),
}
TRANSLITERATION = dict(zip(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    ("a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya"
     .replace("_", "\0").split(" ")), strict=True,
))
# What the eight-bit charsets cannot say, in the words of people who use them.
KOI8_SUBSTITUTES = str.maketrans({"«": '"', "»": '"', "—": "-", "№": "N", "…": "..."})


@dataclass
class Attachment:
    filename: str
    content_type: str
    data: bytes
    content_id: str = ""  # set for a picture shown inside the HTML

    def describe(self) -> dict:
        return {
            "filename": self.filename,
            "content_type": self.content_type,
            "size": len(self.data),
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "inline": bool(self.content_id),
        }


@dataclass
class Thread:
    """What a later reply needs to know about a complaint."""

    number: int  # 1 for the first complaint of the run, 2 for the next one
    subject: str
    sender: Person
    order: str
    message_ids: list[str] = field(default_factory=list)


@dataclass
class Person:
    name: str
    address: str
    female: bool


@dataclass
class Mail:
    raw: bytes
    address: str
    date: datetime
    facts: dict


def weighted(rng: random.Random, table) -> str:
    values, weights = zip(*table, strict=True)
    return rng.choices(values, weights)[0]


def order_number(rng: random.Random) -> str:
    return f"{rng.randrange(10_000_000, 100_000_000)}-{rng.randrange(1, 10_000):04}-{rng.randrange(1, 10)}"


def gendered(text: str, female: bool) -> str:
    """Turn «заказал(а)» into the form that fits the writer."""
    for ending in ("а", "ла"):
        text = text.replace(f"({ending})", ending if female else "")
    return text


def make_person(rng: random.Random) -> Person:
    female = rng.random() < 0.55
    first = rng.choice(WOMEN if female else MEN)
    last = rng.choice(SURNAMES) + ("а" if female else "")
    latin = "".join(TRANSLITERATION.get(c, c) for c in f"{first}.{last}".lower()).replace("\0", "")
    address = f"{latin}{rng.randrange(1, 1000)}@{rng.choice(DOMAINS)}"
    return Person(f"{first} {last}", address, female)


# --- attachments -----------------------------------------------------------

def make_png(rng: random.Random, size: int) -> bytes:
    """A valid RGB picture of noise; stored, not compressed, so about ``size`` bytes."""
    width = 240
    row_bytes = width * 3
    height = max(1, size // (row_bytes + 1))
    rows = b"".join(b"\0" + rng.randbytes(row_bytes) for _ in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))


def make_jpeg(rng: random.Random, size: int) -> bytes:
    """JFIF headers for a grey 640x480 picture, then noise that holds no marker."""
    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    head = (b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
            + segment(0xDB, b"\0" + bytes([16] * 64))
            + segment(0xC0, struct.pack(">BHHBBBB", 8, 480, 640, 1, 1, 0x11, 0))
            + segment(0xC4, b"\0" + bytes([0, 1, 5] + [1] * 6 + [0] * 7) + bytes(range(12)))
            + segment(0xC4, b"\x10" + bytes([0, 1, 5] + [1] * 6 + [0] * 7) + bytes(range(12)))
            + segment(0xDA, b"\x01\x01\0\0\x3f\0"))
    noise = rng.randbytes(max(0, size - len(head) - 2)).replace(b"\xff", b"\xfe")
    return head + noise + b"\xff\xd9"


def make_pdf(rng: random.Random, size: int) -> bytes:
    """A one-page document with a big unreferenced stream and a correct xref table."""
    stream = rng.randbytes(max(0, size - 700))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        b"<</Length %d>>\nstream\n%b\nendstream" % (len(stream), stream),
    ]
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, xref)
    return bytes(out)


FILE_MAKERS = {"image/png": make_png, "image/jpeg": make_jpeg, "application/pdf": make_pdf}


def make_attachments(rng: random.Random, order: str, kilobytes: tuple[int, int],
                     inline_allowed: bool, mail_key: str) -> list[Attachment]:
    attachments = []
    taken: set[str] = set()
    for number in range(rng.randint(1, 3)):
        content_type = weighted(rng, (("image/jpeg", 50), ("image/png", 25), ("application/pdf", 25)))
        name = rng.choice(FILE_NAMES[content_type])
        name = name.format(n=rng.randrange(1000, 9999), order=order, day=rng.randrange(1, 29))
        if name in taken:
            stem, dot, ending = name.rpartition(".")
            name = f"{stem} ({number}){dot}{ending}"
        taken.add(name)
        data = FILE_MAKERS[content_type](rng, rng.randint(kilobytes[0] * 1024, kilobytes[1] * 1024))
        inline = inline_allowed and content_type.startswith("image/") and rng.random() < 0.2
        content_id = f"image{number}.{mail_key}@pochta.example" if inline else ""
        attachments.append(Attachment(name, content_type, data, content_id))
    return attachments


# --- headers and parts -----------------------------------------------------

def encoded_words(text: str, charset: str, style: str) -> str:
    """RFC 2047: one encoded word per at most 75 characters, folded on spaces.

    A character is never split over two words, as the standard demands.
    """
    if text.isascii():
        return text
    limit = 75 - len(f"=?{charset}?B??=")
    words, current = [], ""
    for character in text:
        if len(encode_word_body(current + character, charset, style)) > limit:
            words.append(current)
            current = ""
        current += character
    words.append(current)
    return "\n ".join(f"=?{charset}?{style}?{encode_word_body(w, charset, style)}?=" for w in words)


def encode_word_body(text: str, charset: str, style: str) -> str:
    data = text.encode(charset)
    if style == "B":
        return base64.b64encode(data).decode()
    return "".join(
        chr(b) if chr(b).isalnum() and b < 128 else "_" if b == 0x20 else f"={b:02X}" for b in data
    )


def file_name_parameters(name: str, charset: str, style: str) -> tuple[str, str]:
    """The ``name`` of Content-Type and the ``filename`` of Content-Disposition."""
    if name.isascii():
        return f'; name="{name}"', f'; filename="{name}"'
    if style == "rfc2047":
        words = encoded_words(name, charset, "B")
        return f';\n name="{words}"', f';\n filename="{words}"'
    value = quote(name.encode("utf-8"))
    if len(value) <= 60:
        return "", f";\n filename*=UTF-8''{value}"
    pieces, rest = [], value
    while rest:
        cut = min(54, len(rest))
        if "%" in rest[cut - 2:cut]:  # keep %XX whole
            cut = rest.rindex("%", 0, cut)
        pieces.append(rest[:cut])
        rest = rest[cut:]
    pieces[0] = f"UTF-8''{pieces[0]}"
    return "", "".join(f";\n filename*{i}*={piece}" for i, piece in enumerate(pieces))


def base64_lines(data: bytes) -> bytes:
    return base64.encodebytes(data)


def text_part(text: str, subtype: str, charset: str, transfer: str) -> bytes:
    data = text.encode(charset)
    if transfer == "base64":
        body = base64_lines(data)
    elif transfer == "quoted-printable":
        body = quopri.encodestring(data)
    else:
        body = data
    if not body.endswith(b"\n"):
        body += b"\n"
    head = f"Content-Type: text/{subtype}; charset={charset}\nContent-Transfer-Encoding: {transfer}\n\n"
    return head.encode() + body


def file_part(attachment: Attachment, charset: str, style: str) -> bytes:
    in_type, in_disposition = file_name_parameters(attachment.filename, charset, style)
    kind = "inline" if attachment.content_id else "attachment"
    head = (f"Content-Type: {attachment.content_type}{in_type}\n"
            f"Content-Disposition: {kind}{in_disposition}\n"
            "Content-Transfer-Encoding: base64\n")
    if attachment.content_id:
        head += f"Content-ID: <{attachment.content_id}>\n"
    return head.encode("ascii") + b"\n" + base64_lines(attachment.data)


def multipart(subtype: str, parts: list[bytes], boundary: str) -> bytes:
    out = bytearray(f'Content-Type: multipart/{subtype}; boundary="{boundary}"\n\n'.encode())
    for part in parts:
        out += f"--{boundary}\n".encode() + part
        if not out.endswith(b"\n"):
            out += b"\n"
    out += f"--{boundary}--\n".encode()
    return bytes(out)


def to_html(paragraphs: list[str], quoted: list[str], attribution: str, pictures: list[Attachment]) -> str:
    def block(lines: list[str]) -> str:
        return "".join(f"<p>{html.escape(line).replace(chr(10), '<br>')}</p>\n" for line in lines)

    out = ["<html><head><style>p {margin: 0 0 8px} .q {color: #666}</style></head>\n<body>\n",
           '<div style="font-family: Arial, sans-serif; font-size: 14px">\n', block(paragraphs)]
    out += [f'<p><img src="cid:{p.content_id}" width="640" alt=""></p>\n' for p in pictures]
    if quoted:
        out.append(f'<p>{html.escape(attribution)}</p>\n<blockquote class="q" type="cite">\n'
                   f'{block(quoted)}</blockquote>\n')
    out.append("</div>\n</body></html>\n")
    return "".join(out)


def to_plain(paragraphs: list[str], quoted: list[str], attribution: str) -> str:
    out = "\n\n".join(paragraphs) + "\n"
    if quoted:
        lines = "\n\n".join(quoted).split("\n")
        out += f"\n{attribution}\n" + "".join(f"> {line}".rstrip() + "\n" for line in lines)
    return out


# --- whole mails -----------------------------------------------------------

def write_complaint(rng: random.Random, fill: dict, marker: str, story) -> tuple[list[str], list[str]]:
    """The paragraphs of a new complaint and the order numbers named in them."""
    told = rng.sample(story, rng.randint(2, len(story)))
    paragraphs = [rng.choice(GREETINGS), rng.choice(OPENERS), " ".join(told),
                  *rng.sample(DEMANDS, rng.randint(1, 3))]
    others = [order_number(rng)] if rng.random() < 0.1 else []
    paragraphs += [f"То же самое было с заказом {other}." for other in others]
    return finish(rng, fill, marker, paragraphs, others)


def write_reply(rng: random.Random, fill: dict, marker: str) -> tuple[list[str], list[str]]:
    """The same for a reply."""
    told = rng.sample(REPLY_TEXTS, rng.randint(1, 3))
    return finish(rng, fill, marker, [rng.choice(GREETINGS), " ".join(told)], [])


def finish(rng, fill, marker, paragraphs, orders) -> tuple[list[str], list[str]]:
    paragraphs += [f"Код обращения в чате: {marker}.", rng.choice(CLOSINGS)]
    paragraphs = [p.format(**fill) for p in paragraphs if p]
    named = fill["order"] in "\n".join(paragraphs)
    return paragraphs, ([fill["order"]] if named else []) + orders


class Generator:
    """Yields :class:`Mail` objects, one after another, for one seed."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.threads: list[Thread] = []
        self.date = datetime.fromisoformat(options.start).replace(tzinfo=MSK)

    def mails(self):
        for index in range(self.options.count):
            place = index % BLOCK
            if place == 0:
                plan = self.plan_block(index // BLOCK)
            is_reply, has_files = plan[place]
            yield self.one_mail(index, is_reply, has_files)

    def plan_block(self, block: int) -> list[tuple[bool, bool]]:
        """Say for each of the next ten mails whether it is a reply and has files."""
        rng = random.Random(f"{self.options.seed}/block/{block}")
        replies = [place < self.options.replies_per_ten for place in range(BLOCK)]
        files = [place < self.options.attachments_per_ten for place in range(BLOCK)]
        rng.shuffle(replies)
        rng.shuffle(files)
        if block == 0 and replies[0] and not all(replies):  # somebody has to begin
            first_new = replies.index(False)
            replies[0], replies[first_new] = False, True
        return list(zip(replies, files, strict=True))

    def one_mail(self, index: int, is_reply: bool, has_files: bool) -> Mail:
        options = self.options
        rng = random.Random(f"{options.seed}/mail/{index}")
        key = f"{rng.getrandbits(64):016x}"
        self.date += timedelta(seconds=rng.randint(20, 400))
        is_reply = is_reply and bool(self.threads)
        charset = weighted(rng, CHARSETS)
        layout = weighted(rng, LAYOUTS)

        if is_reply:
            thread = rng.choice(self.threads[-RECENT_THREADS:])
        else:
            thread = Thread(len(self.threads) + 1, "", make_person(rng), order_number(rng))
        sender = thread.sender
        message_id = f"<{key}.{index}.{options.seed}@{sender.address.split('@')[1]}>"
        marker = f"ЧАТ-{index:06}-{key[:4].upper()}"

        fill = {
            "order": thread.order, "goods": rng.choice(GOODS), "city": rng.choice(CITIES),
            "day": rng.randrange(1, 29), "late": rng.randrange(5, 30),
            "price": rng.randrange(500, 90_000), "phone": f"{rng.randrange(10**8, 10**9)}",
            "name": sender.name,
        }
        if is_reply:
            paragraphs, orders = write_reply(rng, fill, marker)
        else:
            subjects, story = rng.choice(TOPICS)
            thread.subject = rng.choice(subjects).format(**fill)
            paragraphs, orders = write_complaint(rng, fill, marker, story)
        quoted = [line.format(**fill) for line in DESK_ANSWER] if is_reply and rng.random() < 0.85 else []
        attribution = (f"{self.date.day} {MONTHS[self.date.month - 1]} {self.date.year} г., "
                       f"{self.date:%H:%M}, Служба поддержки <{options.to}> пишет:")

        subject = thread.subject
        if is_reply:
            tag = options.reply_tag.format(n=thread.number) + " " if options.reply_tag else ""
            subject = weighted(rng, REPLY_PREFIXES) + tag + subject

        def fitted(text: str) -> str:
            text = gendered(text, sender.female)
            return text.translate(KOI8_SUBSTITUTES) if charset == "koi8-r" else text

        paragraphs = [fitted(p) for p in paragraphs]
        quoted = [fitted(q) for q in quoted]
        subject = fitted(subject)
        attribution = fitted(attribution)

        attachments = []
        if has_files:
            attachments = make_attachments(rng, thread.order, tuple(options.attachment_kb),
                                           layout != "plain", key)
        body = self.write_body(rng, layout, charset, paragraphs, quoted, attribution, attachments, key)
        headers, threading = self.write_headers(rng, thread, is_reply, charset, subject, message_id)
        raw = headers + body
        facts = {
            "index": index, "kind": "reply" if is_reply else "new", "message_id": message_id,
            "thread": thread.message_ids[0] if is_reply else message_id, "thread_number": thread.number,
            "threading": threading, "name": sender.name, "from": sender.address, "subject": subject,
            "date": self.date.isoformat(), "charset": charset, "layout": layout, "orders": orders,
            "marker": marker, "opening": paragraphs[0],
            "attachments": [a.describe() for a in attachments], "bytes": len(raw),
        }
        thread.message_ids.append(message_id)
        if not is_reply:
            self.threads.append(thread)
        return Mail(raw, sender.address, self.date, facts)

    def write_body(self, rng, layout, charset, paragraphs, quoted, attribution, attachments, key) -> bytes:
        pictures = [a for a in attachments if a.content_id]
        files = [a for a in attachments if not a.content_id]
        style = weighted(rng, (("rfc2231", 55), ("rfc2047", 45)))
        transfer = weighted(rng, TRANSFERS)
        plain = text_part(to_plain(paragraphs, quoted, attribution), "plain", charset, transfer)
        if layout == "plain":
            body = plain
        else:
            body = text_part(to_html(paragraphs, quoted, attribution, pictures), "html", charset, transfer)
            if pictures:
                body = multipart("related", [body, *(file_part(p, charset, style) for p in pictures)], f"rel_{key}")
            if layout == "alternative":
                body = multipart("alternative", [plain, body], f"alt_{key}")
        if files:
            body = multipart("mixed", [body, *(file_part(f, charset, style) for f in files)], f"mix_{key}")
        return body

    def write_headers(self, rng, thread: Thread, is_reply: bool, charset: str, subject: str, message_id: str):
        options = self.options
        sender = thread.sender
        style = "Q" if rng.random() < 0.2 else "B"
        domain = sender.address.split("@")[1]
        stamp = self.date.strftime("%a, %d %b %Y %H:%M:%S +0300")
        lines = [
            f"Return-Path: <{sender.address}>",
            f"Received: from mx.{domain} (mx.{domain} [192.0.2.{rng.randrange(1, 255)}])\n"
            f"\tby mx.magazin.example with ESMTPS id {rng.getrandbits(40):010x}\n"
            f"\tfor <{options.to}>; {stamp}",
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=mail;\n"
            f"\th=From:To:Subject:Date:Message-ID; bh={base64.b64encode(rng.randbytes(32)).decode()};\n"
            f"\tb={base64.b64encode(rng.randbytes(48)).decode()}",
            f"Date: {stamp}",
            f"From: {encoded_words(sender.name, charset, style)} <{sender.address}>",
            f"To: {options.to}",
            f"Subject: {encoded_words(subject, charset, style)}",
            f"Message-ID: {message_id}",
        ]
        threading = ""
        if is_reply:
            threading = weighted(rng, THREADINGS)
            chain = list(thread.message_ids)
            if threading == "via-desk":
                chain.append(f"<desk.{rng.getrandbits(48):012x}@magazin.example>")
            if threading != "references":
                lines.append(f"In-Reply-To: {chain[-1]}")
            if threading != "in-reply-to":
                lines.append("References: " + "\n ".join(chain))
        lines += [f"X-Mailer: {rng.choice(MAILERS)}", "MIME-Version: 1.0", ""]
        return "\n".join(lines).encode("ascii"), threading


# --- writing ---------------------------------------------------------------

def set_time(path: Path, date: datetime) -> None:
    os.utime(path, (date.timestamp(), date.timestamp()))


def write_maildir(mails, out: Path) -> list[dict]:
    for name in ("tmp", "new", "cur"):
        (out / name).mkdir(parents=True, exist_ok=True)
    facts = []
    for mail in mails:
        name = f"{int(mail.date.timestamp())}.M{mail.facts['index']:06}.bench"
        (out / "tmp" / name).write_bytes(mail.raw)
        set_time(out / "tmp" / name, mail.date)
        (out / "tmp" / name).rename(out / "new" / name)
        facts.append(mail.facts | {"file": f"new/{name}"})
    return facts


def write_eml(mails, out: Path) -> list[dict]:
    out.mkdir(parents=True, exist_ok=True)
    facts = []
    for mail in mails:
        name = f"{mail.facts['index']:06}.eml"
        (out / name).write_bytes(mail.raw.replace(b"\n", b"\r\n"))
        set_time(out / name, mail.date)
        facts.append(mail.facts | {"file": name})
    return facts


def write_mbox(mails, out: Path) -> list[dict]:
    """The «mboxrd» flavour: every body line that looks like a separator gets a «>»."""
    facts = []
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as box:
        for mail in mails:
            lines = [
                b">" + line if line.lstrip(b">").startswith(b"From ") else line
                for line in mail.raw.split(b"\n")
            ]
            stamp = mail.date.astimezone(UTC).strftime("%a %b %d %H:%M:%S %Y")
            box.write(f"From {mail.address} {stamp}\n".encode() + b"\n".join(lines) + b"\n")
            facts.append(mail.facts)
    return facts


WRITERS = {"maildir": write_maildir, "mbox": write_mbox, "eml": write_eml}


def parse_arguments(arguments=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="mails to write (1000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other mails (1)")
    parser.add_argument("--format", choices=sorted(WRITERS), default="maildir")
    parser.add_argument("--out", type=Path, required=True, help="folder, or the file of an mbox")
    parser.add_argument("--manifest", type=Path, help="default: OUT with .jsonl added to its name")
    parser.add_argument("--to", default="support@magazin.example", help="the desk's address")
    parser.add_argument("--start", default="2025-09-01T08:00:00", help="Moscow time of the first mail")
    parser.add_argument("--replies-per-ten", type=int, default=3, choices=range(BLOCK))
    parser.add_argument("--attachments-per-ten", type=int, default=3, choices=range(BLOCK + 1))
    parser.add_argument("--attachment-kb", type=int, nargs=2, default=(50, 300), metavar=("MIN", "MAX"))
    parser.add_argument("--reply-tag", default="", metavar="FORMAT",
                        help="put this into the subject of replies; {n} is the complaint's number, "
                             "counted from 1, which is the ticket number in a desk that numbers so")
    return parser.parse_args(arguments)


def main(arguments=None) -> None:
    options = parse_arguments(arguments)
    facts = WRITERS[options.format](Generator(options).mails(), options.out)
    manifest = options.manifest or options.out.with_name(options.out.name + ".jsonl")
    with manifest.open("w", encoding="utf-8") as out:
        for fact in facts:
            out.write(json.dumps(fact, ensure_ascii=False) + "\n")
    replies = sum(f["kind"] == "reply" for f in facts)
    files = [a for f in facts for a in f["attachments"]]
    print(f"{len(facts)} mails: {len(facts) - replies} new, {replies} replies, "
          f"{sum(bool(f['attachments']) for f in facts)} with {len(files)} attachments, "
          f"{sum(f['bytes'] for f in facts) / 1e6:.1f} MB -> {options.out}, {manifest}")


if __name__ == "__main__":
    main()
