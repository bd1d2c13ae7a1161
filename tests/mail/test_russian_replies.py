"""Every announcement of the mail programs used in Russia, in every place of a letter; and stories that only look so."""

from __future__ import annotations

import pytest

from desk.mail import quotes

ANSWER = "Добрый день! Чек во вложении."
QUOTE = "> Здравствуйте!\n>\n> Пришлите чек."
PLAIN = "Здравствуйте!\n\nПришлите чек."
NAMED = {
    "gmail": "пн, 21 сент. 2026 г. в 10:00, Заступник <help@desk.example>:",
    "gmail address": "пн, 21 сент. 2026 г. в 10:00, <help@desk.example>:",
    "gmail wrapped": "пн, 21 сент. 2026 г. в 10:00, Заступник, помощь потребителям <\nhelp@desk.example>:",
    "gmail old": "21 сентября 2026 г., 10:00 пользователь Заступник <help@desk.example> написал:",
    "gmail old wrapped": '21 сентября 2026 г. 10:00 пользователь "Заступник" <help@desk.example>\nнаписал:',
    "yandex": '21.09.2026, 10:00, "Заступник" <help@desk.example>:', "yandex bare": "21.09.2026, 10:00, help@desk.example:",
    "yandex brackets": '21.09.2026, 10:00, "Заступник" (help@desk.example):', "yandex app": "21.09.2026, 10:00, Заступник <help@desk.example>:",
    "yandex at": "21.09.2026 в 10:00, Заступник <help@desk.example>:",
    "mail.ru": "Понедельник, 21 сентября 2026, 10:00 +03:00 от Заступник <help@desk.example>:",
    "mail.ru year": "Понедельник, 21 сентября 2026 г., 10:00 +03:00 от Заступник <help@desk.example>:",
    "mail.ru app": "понедельник, 21 сентября 2026 г., 10:00 +0300 от help@desk.example <help@desk.example>:",
    "mail.ru en": "Mon, 21 Sep 2026 10:00:00 +0300 от Заступник <help@desk.example>:",
    "mail.ru old": '21 сентября 2026, 10:00 от "Заступник" <help@desk.example>:',
    "mail.ru name": "Понедельник, 21 сентября 2026, 10:00 +03:00 от Заступник:",
    "mymail": "Понедельник, 21 сентября 2026, 10:00 +0300 from Заступник <help@desk.example>:",
    "apple": "21 сент. 2026 г., в 10:00, Заступник <help@desk.example> написал(а):",
    "apple wrapped": "21 сент. 2026 г., в 10:00, Заступник, помощь потребителям\n<help@desk.example> написал(а):",
    "apple name": "21 сентября 2026 г., в 10:00, Заступник написал(а):",
    "k-9": '21 сентября 2026 г. 10:00:12 GMT+03:00, "Заступник" <help@desk.example> пишет:',
    "rambler": "21.09.2026, 10:00, Заступник <help@desk.example> написал:", "rambler bare": "21.09.2026 10:00, help@desk.example пишет:",
    "samsung": "21.09.2026 10:00 пользователь Заступник <help@desk.example> написал:",
    "outlook for ios": "21 сент. 2026, 10:00 +0300, Заступник <help@desk.example>, писал(а):",
    "aqua mail": "21 сентября 2026 г. 10:00:12 Заступник <help@desk.example> написал:",
    "spark": "21 сент. 2026 г., 10:00 +0300, Заступник <help@desk.example>, писал:",
    "gmail kazakh": "2026 ж. 21 қыр., дс 10:00 Заступник <help@desk.example> деп жазды:",
    "tutanota": "21 сент. 2026 г., 10:00 от help@desk.example:",
}
# Without an address people write such lines too: a quote must follow.
SHORT = {
    "thunderbird": "21.09.2026 10:00, Заступник пишет:", "thunderbird en": "On 21.09.2026 10:00, Заступник wrote:",
    "thunderbird old": "Заступник пишет:", "the bat": "Вы писали 21 сентября 2026 г., 10:12:33:",
    "the bat first": "Понедельник, 21 сентября 2026 г., 10:12:33, Вы писали:", "the bat new": "21 сентября 2026 г., 10:12:33, вы написали:",
    "evolution": "В Пн, 21/09/2026 в 10:00 +0300, Заступник пишет:", "kmail": "В письме от 21 сентября 2026 г. 10:00:00 Заступник написал:",
    "roundcube": "Заступник писал 2026-09-21 10:00:", "roundcube 2": "Заступник писал(а) 21.09.2026 10:00:",
}
LAYOUTS = {
    "above": f"{ANSWER}\n\n{{line}}\n\n{QUOTE}\n", "tight": f"{ANSWER}\n\n{{line}}\n{QUOTE}\n", "below": f"{{line}}\n\n{QUOTE}\n\n{ANSWER}\n",
    "signed": f"{ANSWER}\n\n-- \nИван Петров\n\n{{line}}\n\n{QUOTE}\n", "phone": f"{ANSWER}\n\nОтправлено с iPhone\n\n{{line}}\n\n{QUOTE}\n",
}
FOOTERS = (
    "Отправлено с iPhone", "Отправлено с моего iPad", "Отправлено из мобильной Почты Mail.ru", "Отправлено из Почты Mail.ru для Android",
    "Отправлено из мобильного приложения Яндекс Почты", "Отправлено из Яндекс.Почты для мобильных", "Отправлено из Яндекс Почты",
    "Отправлено с устройства Samsung", "Отправлено со смартфона Samsung Galaxy.", "Отправлено с моего смартфона Huawei",
    "Отправлено с моего мобильного устройства", "Отправлено из Outlook", "Отправлено с помощью Outlook для Android", "Получить Outlook для Android",
    "Отправлено из myMail для iOS", "Отправлено из Gmail", "Отправлено из Почта для Windows", "Отправлено с HONOR", "Отправлено из VK Почты",
    "Отправлено из Rambler/почты", "Отправлено из облака Mail.ru", "Get Outlook for Android", "Sent from Mail for Windows", "Отправлено с телефона Xiaomi",
)
STORIES = (
    "12.09.2026 10:00 написал в поддержку support@ozon.example:\nответа нет.", "21 сентября 2026 г. в 10:00 мне позвонил Иван <ivan@shop.example>:\nобещал вернуть.",
    "Отправлено с почты 12.09, трек 80080782401239", "Отправлено через приложение: возврат оформлен", "Отправлено с телефона заявление на возврат",
    "Хронология:\n12.09.2026, 10:00:\nоплатил заказ\n13.09.2026, 11:00:\nотменили", "От: кого угодно жду ответа\nКому: не знаю",
    "Дата: 12.09.2026\nСумма: 5000\nТема: возврат", "Продавец ответил 21.09.2026 в 10:00:\nденег не будет", "--\nПрошу вернуть деньги за заказ. Иначе пойду в суд.",
    "Купил 12 сентября 2026, 10:00 в магазине shop@mail.example:\nтелефон", "Вы писали, что вернёте деньги:\nгде они?", "_____\nИтого: 5000 руб.",
    "Пересылаю переписку:\nЯ: где заказ?\nОни: в пути", "> 5000 руб. стоит этот товар", "Тема: возврат\nОт кого ждать ответа?\nКому писать?",
)


def said(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def shown(text: str) -> list[str]:
    return said(quotes.remaining(text, quotes.folds(text, "Re: Заказ")))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("client", [*NAMED, *SHORT])
def test_the_announcement_and_the_quote_are_folded(client: str, layout: str) -> None:
    assert shown(LAYOUTS[layout].format(line={**NAMED, **SHORT}[client])) == [ANSWER]


@pytest.mark.parametrize("client", NAMED)
def test_also_without_marks(client: str) -> None:
    assert shown(f"{ANSWER}\n\n{NAMED[client]}\n\n{PLAIN}\n") == [ANSWER]


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_phones_line_is_folded(footer: str) -> None:
    assert shown(f"{ANSWER}\n\n{footer}\n") == shown(f"{ANSWER}\n\n--\n{footer}\n") == [ANSWER]


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_never_hidden(story: str) -> None:
    assert shown(f"{ANSWER}\n\n{story}\n") == [ANSWER, *said(story)]
