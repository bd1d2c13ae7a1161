"""Files for the sample complaints, drawn when the demo starts: receipts with a fiscal QR, screenshots, photos.

Nothing in them is real: the numbers have the right shape and belong to nobody.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import typst
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

# The values come in as `sys.inputs`: text, never code.
RECEIPT = """
#set page(width: 80mm, height: auto, margin: 6mm)
#set text(size: 9pt, font: "DejaVu Sans Mono", lang: "ru")
#let v = sys.inputs
#align(center)[*КАССОВЫЙ ЧЕК* \\ Приход \\ #v.shop \\ #v.at]
#line(length: 100%, stroke: (dash: "dotted"))
#v.item #h(1fr) 1 × #v.sum
#line(length: 100%, stroke: (dash: "dotted"))
#text(size: 13pt)[*ИТОГ* #h(1fr) *#v.sum*] \\
Безналичными #h(1fr) #v.sum \\
Заказ № #v.order \\
ФН #v.fn \\ ФД #v.i \\ ФПД #v.fp
#align(center, image(bytes(v.qr), format: "svg", width: 36mm))
"""
SCREEN = """
#set page(width: 72mm, height: 128mm, margin: (x: 5mm, y: 6mm), fill: rgb("#f4f5f9"))
#set text(size: 9pt, lang: "ru")
#let said = sys.inputs
#text(size: 8pt)[#said.clock #h(1fr) LTE 34%]
#v(3mm)
#text(size: 13pt)[*#said.title*]
#v(2mm)
#block(fill: white, radius: 3mm, inset: 4mm, width: 100%)[*#said.head* \\ #v(1mm) #said.body]
#block(fill: rgb(said.colour), radius: 3mm, inset: 3mm, width: 100%, align(center, text(fill: white)[#said.button]))
"""


def draw(wanted: Mapping[str, Any]) -> tuple[str, str, bytes]:
    """File name, content type and bytes of a file as a sample names it: `kind`, `name` and what stands in it."""
    values = {key: str(value) for key, value in wanted.items()}
    kind = values.pop("kind")
    name = values.pop("name")
    return name, TYPES[name.rpartition(".")[2].lower()], KINDS[kind](name, values)


def _typeset(source: str, name: str, values: Mapping[str, str]) -> bytes:
    as_pdf = name.lower().endswith(".pdf")
    out = typst.compile(source.encode(), format="pdf" if as_pdf else "png", ppi=170.0, sys_inputs=dict(values))
    data = out if isinstance(out, bytes) else out[0]
    return data if as_pdf or name.lower().endswith(".png") else _jpeg(Image.open(io.BytesIO(data)).convert("RGB"))


def _receipt(name: str, values: Mapping[str, str]) -> bytes:
    seed = random.Random(values["order"])  # noqa: S311 - numbers that mean nothing
    numbers = {"fn": f"92{seed.randrange(10**14):014}", "i": str(seed.randrange(1000, 99999)),
               "fp": f"{seed.randrange(10**9, 4 * 10**9)}"}
    day, month, year = values["day"].split(".")
    code = (f"t={year}{month}{day}T1432&s={values['sum'].replace(' ', '').replace(',', '.')}"
            f"&fn={numbers['fn']}&i={numbers['i']}&fp={numbers['fp']}&n=1")
    qr = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode).to_svg()
    shown = {"sum": values["sum"].replace(" ", "\u00a0"), "at": f"{values['day']} 14:32", "qr": qr}
    return _typeset(RECEIPT, name, {**values, **numbers, **shown})


def _photo(name: str, values: Mapping[str, str], *,
           what: Callable[[ImageDraw.ImageDraw, random.Random], None]) -> bytes:
    """A picture in the light of a hallway: blurred and grainy as from a phone."""
    seed = random.Random(name + values.get("seed", ""))  # noqa: S311
    image = Image.linear_gradient("L").resize((1280, 960)).rotate(seed.choice((0, 90, 180)))
    image = Image.merge("RGB", [image.point(lambda p, k=k: 70 + p * k // 255) for k in (120, 105, 85)])
    what(ImageDraw.Draw(image), seed)
    image = image.rotate(seed.uniform(-4, 4), resample=Image.Resampling.BICUBIC, fillcolor=(70, 62, 55))
    grain = Image.effect_noise(image.size, 26).convert("RGB")
    return _jpeg(Image.blend(image.filter(ImageFilter.GaussianBlur(1.6)), grain, 0.12))


def _box(draw: ImageDraw.ImageDraw, seed: random.Random) -> None:
    draw.polygon([(330, 300), (760, 240), (960, 380), (960, 760), (520, 850), (330, 700)], fill=(176, 132, 84))
    draw.polygon([(330, 300), (760, 240), (960, 380), (540, 460)], fill=(199, 158, 107))
    draw.polygon([(540, 460), (960, 380), (960, 760), (520, 850)], fill=(156, 113, 70))
    x, y = 560, 480
    for _ in range(14):  # the tear
        nx, ny = x + seed.randrange(8, 40), y + seed.randrange(5, 38)
        draw.line([(x, y), (nx, ny)], fill=(52, 38, 24), width=seed.randrange(5, 16))
        x, y = nx, ny
    draw.rectangle([600, 290, 720, 345], fill=(236, 236, 228))


def _screen_cracked(draw: ImageDraw.ImageDraw, seed: random.Random) -> None:
    draw.rounded_rectangle([440, 120, 860, 880], radius=46, fill=(24, 25, 29))
    draw.rounded_rectangle([458, 145, 842, 855], radius=30, fill=(58, 74, 96))
    for _ in range(26):
        x, y = 700, 330
        for _ in range(4):
            nx, ny = x + seed.randrange(-110, 110), y + seed.randrange(-70, 150)
            draw.line([(x, y), (nx, ny)], fill=(205, 212, 220), width=seed.randrange(1, 4))
            x, y = nx, ny


def _boot(draw: ImageDraw.ImageDraw, seed: random.Random) -> None:
    draw.polygon([(420, 180), (640, 170), (660, 560), (960, 640), (990, 760), (420, 780)], fill=(74, 46, 33))
    draw.polygon([(410, 760), (1000, 750), (1000, 820), (410, 830)], fill=(30, 26, 24))
    draw.polygon([(760, 745), (1000, 735), (1010, 775), (780, 800)], fill=(226, 214, 190))
    for step in range(9):
        x = 770 + step * 25 + seed.randrange(-4, 4)
        draw.line([(x, 745), (x + 12, 790)], fill=(60, 40, 30), width=4)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=82)
    return out.getvalue()


TYPES = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"}
KINDS: dict[str, Callable[[str, Mapping[str, str]], bytes]] = {
    "receipt": _receipt, "screen": partial(_typeset, SCREEN), "box": partial(_photo, what=_box),
    "phone": partial(_photo, what=_screen_cracked), "boot": partial(_photo, what=_boot)}
