"""Receipts as a till prints them and a telephone sees them: turned a little, in bad light, grainy."""

from __future__ import annotations

import io
import random

import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
CODE = "t=20261105T1432&s=7990.00&fn=9282440300123456&i=12512&fp=1186123459&n=1"
FIELDS = dict(pair.split("=") for pair in CODE.split("&"))
PRINTED = """          ООО "ИНТЕРНЕТ РЕШЕНИЯ"
   123112, г. Москва, Пресненская
     набережная, д. 10, пом. I
          ИНН 7704217370
         КАССОВЫЙ ЧЕК
            ПРИХОД
05.11.2026 14:32        Смена 318
Чек 212         Кассир: Петрова А.
----------------------------------
1. Чайник электрический Redmond
   RK-M1721
   1 x 6490.00            =6490.00
   НДС 20%                 1081.67
2. Доставка
   1 x 1500.00            =1500.00
----------------------------------
ИТОГ                      =7990.00
БЕЗНАЛИЧНЫМИ              =7990.00
СУММА НДС 20%              1331.67
СНО: ОСН
Сайт ФНС: www.nalog.gov.ru
РН ККТ 0001234567012345
ЗН ККТ 00307901234567
ФН 9282440300123456
ФД 12512
ФПД 1186123459"""
PAPER, INK, TABLE = 238, 40, 110  # shades of grey


def code(text: str = CODE, scale: int = 6) -> Image.Image:
    view = memoryview(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(scale=scale))  # type: ignore[arg-type]
    drawn = Image.frombytes("L", (view.shape[1], view.shape[0]), view.tobytes())  # type: ignore[index]
    return drawn.point(lambda shade: INK if shade < 128 else PAPER)


def paper(*, with_code: bool, size: int = 28) -> Image.Image:
    """The receipt itself; `size` of its letters in pixels."""
    font, step = ImageFont.truetype(FONT, size), int(size * 1.32)
    drawn = Image.new("L", (size * 22 + 60, PRINTED.count("\n") * step + 120 + 300 * with_code), PAPER)
    draw = ImageDraw.Draw(drawn)
    for number, line in enumerate(PRINTED.splitlines()):
        left, _, right = line.strip().partition("  ")
        middle = line.startswith("     ")
        draw.text((drawn.width / 2 if middle else 30, 40 + number * step), left, font=font, fill=INK, anchor="ma" if middle else "la")
        draw.text((drawn.width - 30, 40 + number * step), right.strip(), font=font, fill=INK, anchor="ra")
    if with_code:
        square = code()
        drawn.paste(square, ((drawn.width - square.width) // 2, drawn.height - square.height - 30))
    return drawn


def photo(*, with_code: bool, angle: float = 3, size: int = 28, turned: int = 0, noise: float = 10,
          table: tuple[int, int] = (1300, 1700)) -> Image.Image:
    """It lies on a dark table, `angle` degrees from straight; the telephone was held `turned` degrees."""
    lying = paper(with_code=with_code, size=size).rotate(
        angle, expand=True, fillcolor=TABLE, resample=Image.Resampling.BICUBIC)
    width, height = max(table[0], lying.width + 80), max(table[1], lying.height + 80)
    seen = Image.new("L", (width, height), TABLE)
    seen.paste(lying, ((width - lying.width) // 2, (height - lying.height) // 2))
    light = Image.linear_gradient("L").resize((width, height)).point(lambda shade: 255 - shade // 3)
    blurred = ImageChops.multiply(seen, light).filter(ImageFilter.GaussianBlur(0.7))
    return ImageChops.add(blurred, grain(width, height, noise), scale=1, offset=-128).rotate(turned, expand=True)


def grain(width: int, height: int, amount: float) -> Image.Image:
    """The same each time, around middle grey."""
    found = Image.frombytes("L", (width, height), random.Random(width * height).randbytes(width * height))
    return found.point(lambda shade: int(128 + (shade - 128) * amount / 64))


def jpeg(image: Image.Image, *, orientation: int = 1) -> bytes:
    """`orientation` as EXIF counts it: 6 says that the picture has to be turned right."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=75, exif=exif)
    return out.getvalue()


def pdf(*pages: Image.Image) -> bytes:
    out = io.BytesIO()
    pages[0].save(out, "PDF", resolution=150, save_all=True, append_images=pages[1:])
    return out.getvalue()
