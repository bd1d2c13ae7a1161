"""Text of a picture by the program `tesseract` (Debian: tesseract-ocr, tesseract-ocr-rus), when it is there.

The picture is made even and straight first; the words found are put together to lines by where they stand, as a
till's sums stand far from their names. Runs only in the limited child, whose limits the program inherits.
"""

from __future__ import annotations

import functools
import io
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter, ImageOps

from .. import supervise

PATH = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin"
INSTALL = "apt install tesseract-ocr tesseract-ocr-rus"
LANGUAGES = ("rus", "eng")
LONGEST = 2400  # pixels of the longer side
SMALL = 1000  # a smaller picture is read at twice its size
SECONDS = 40.0  # by the clock, for one look at one picture; the limited child bounds the processor
SURE = 35.0  # of 100; words below are noise
FEW, FEWEST = 100, 8  # letters read for sure: fewer may mean that the picture lies on its side; that there is no text
DARKER = 30  # of 255, than the paper: ink
ANGLES = [step / 2 for step in range(-20, 21)]  # degrees that a hand turns a receipt


@dataclass(frozen=True, slots=True)
class Word:
    left: int
    top: int
    width: int
    height: int
    sure: float
    text: str

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


@functools.cache
def available() -> bool:
    """Is the program here, with Russian and English?"""
    return set(LANGUAGES) <= set(_run(["--list-langs"]).split())


def read(picture: Image.Image) -> str:
    """The lines of text on a grey picture; '' when there is none that could be read."""
    picture = picture.copy()
    picture.thumbnail((LONGEST, LONGEST))
    if not _has_ink(picture):
        return ""
    if max(picture.size) < SMALL:
        picture = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.BICUBIC)
    words = _words(picture)
    if _count(words) < FEW and (turn := _turned(picture)):
        words = max(words, _words(picture.rotate(turn, expand=True)), key=_count)
    return _lines(words) if _count(words) >= FEWEST else ""


def straight(picture: Image.Image) -> Image.Image:
    """Dark text on even white, its lines level."""
    angle = _slope(_even(picture))
    edge = int(picture.resize((1, 1), Image.Resampling.BOX).tobytes()[0])
    turned = picture.rotate(angle, expand=True, fillcolor=edge, resample=Image.Resampling.BICUBIC) if angle else picture
    return _even(turned)


def _has_ink(picture: Image.Image) -> bool:
    """An empty page is not worth a second; evened out, its grain would look like letters."""
    counts = _ink(picture).histogram()
    return sum(counts[DARKER:]) > sum(counts) / 20_000


def _even(picture: Image.Image) -> Image.Image:
    return ImageOps.invert(ImageOps.autocontrast(_ink(picture), cutoff=(0, 0.5)))


def _ink(picture: Image.Image) -> Image.Image:
    """What is darker than the paper around it: shadows and folds are taken out."""
    small = picture.resize((max(1, picture.width // 8), max(1, picture.height // 8)), Image.Resampling.BILINEAR)
    paper = small.filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.BoxBlur(12)).resize(picture.size)
    return ImageChops.subtract(paper, picture).filter(ImageFilter.GaussianBlur(0.5))


def _slope(even: Image.Image) -> float:
    """Degrees by which to turn it so that lines of text and the gaps between them stand out most."""
    small = ImageOps.invert(even)
    small.thumbnail((600, 600))

    def stripes(angle: float) -> int:
        rows = small.rotate(angle, resample=Image.Resampling.BILINEAR).resize((1, small.height), Image.Resampling.BOX)
        values = rows.tobytes()
        return sum((a - b) ** 2 for a, b in zip(values, values[1:], strict=False))

    return max(ANGLES, key=stripes)


def _turned(picture: Image.Image) -> int:
    """Degrees, anticlockwise, that bring a picture lying on its side or head upright; 0 when that cannot be told."""
    told = _tesseract(_even(picture), "--psm", "0")
    fields = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
    try:
        return -int(fields.get("Rotate", "0")) % 360 if float(fields.get("Orientation confidence", "0")) > 1 else 0
    except ValueError:
        return 0


def _words(picture: Image.Image) -> list[Word]:
    """Sparse text, everywhere on the picture: columns and a table's cells too."""
    table = _tesseract(straight(picture), "-l", "+".join(LANGUAGES), "--psm", "11", "tsv")
    rows = (line.split("\t") for line in table.splitlines()[1:])
    found = [Word(int(row[6]), int(row[7]), int(row[8]), int(row[9]), float(row[10]), row[11].strip())
             for row in rows if len(row) == 12 and row[0] == "5"]
    return [word for word in found if word.text and word.sure >= SURE]


def _count(words: list[Word]) -> int:
    """Letters and digits of words that were read for sure."""
    sizes = (sum(map(str.isalnum, word.text)) for word in words if word.sure >= 75)
    return sum(size for size in sizes if size > 2)


def _lines(words: list[Word]) -> str:
    """Words at one height are one line, from the left."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: w.middle):
        near = (line for line in lines[-6:] if abs(line[0].middle - word.middle) < line[0].height / 2)
        line = next(near, None)
        if line is None:
            lines.append([word])
        else:
            line.append(word)
    return "\n".join(" ".join(word.text for word in sorted(line, key=lambda w: w.left)) for line in lines)


def _tesseract(picture: Image.Image, *arguments: str) -> str:
    out = io.BytesIO()
    picture.save(out, "PPM")
    return _run(["-", "-", *arguments], out.getvalue(), prepare=_behind_others)


def _run(arguments: list[str], given: bytes = b"", prepare: Callable[[], None] | None = None) -> str:
    """What the program says; '' when it is not there, fails or takes too long."""
    program = shutil.which("tesseract", path=PATH)
    if program is None:
        return ""
    try:
        done = subprocess.run([program, *arguments], input=given, capture_output=True,  # noqa: S603
                              timeout=SECONDS, check=False, preexec_fn=prepare,
                              env={"PATH": PATH, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"})
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _behind_others() -> None:
    """In the program before it starts; safe only where no other thread runs, as in the limited child."""
    os.nice(5)
    supervise.die_with_parent()
