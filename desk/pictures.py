"""Pictures of a stranger made safe to look at: decoded within limits and written anew as JPEG.

Runs only in the limited child of reading.py.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
LONGEST = {"thumb": 320, "view": 1600}  # pixels of the longer side
Image.MAX_IMAGE_PIXELS = 20_000_000


class PictureError(Exception):
    """The bytes are no picture that may be shown."""


def render(data: bytes, longest: int) -> bytes:
    """JPEG bytes, turned upright, at most `longest` pixels wide and high; raises PictureError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                image.draft("RGB", (longest, longest))  # a JPEG is decoded at a fraction of its size
                return _jpeg(image, longest)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning,
            MemoryError, OverflowError) as error:
        raise PictureError(f"{type(error).__name__}: {error}") from error


def _jpeg(image: Image.Image, longest: int) -> bytes:
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((longest, longest))
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        flat = Image.new("RGB", upright.size, "white")
        flat.paste(upright.convert("RGBA"), mask=upright.convert("RGBA").getchannel("A"))
        upright = flat
    out = io.BytesIO()
    upright.convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()
