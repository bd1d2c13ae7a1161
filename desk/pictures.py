"""Pictures of a stranger made safe to look at: decoded within limits and written anew as JPEG.

Runs only in the limited child of reading.py.
"""

from __future__ import annotations

import io
import warnings
import zlib

import pi_heif
from PIL import Image, ImageOps

KINDS = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/tiff", "image/heic", "image/avif")
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "HEIF", "AVIF")
LONGEST = {"thumb": 320, "view": 1600}  # pixels of the longer side
PIXELS = 20_000_000  # a larger picture is not decoded …
PHOTO_PIXELS = {"JPEG": 210_000_000, "MPO": 210_000_000, "HEIF": 50_000_000}  # … but what telephones make
DECODED_PIXELS = 60_000_000  # after a JPEG was asked for a fraction of its size
Image.MAX_IMAGE_PIXELS = max(PHOTO_PIXELS.values())
pi_heif.register_heif_opener(thumbnails=False)


class PictureError(Exception):
    """The bytes are no picture that may be shown. `reason`: too_large or damaged."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


def opened(data: bytes, longest: int, mode: str = "RGB") -> Image.Image:
    """The first picture in the bytes, turned upright, at most `longest` pixels wide and high; raises PictureError.

    `mode` is RGB or L (grey). What shines through lies on white.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return _upright(image, longest, mode)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise PictureError("too_large", f"{type(error).__name__}: {error}") from error
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, RuntimeError, zlib.error) as error:
        raise PictureError("damaged", f"{type(error).__name__}: {error}") from error


def render(data: bytes, longest: int) -> bytes:
    """JPEG bytes, turned upright, at most `longest` pixels wide and high; raises PictureError."""
    return jpeg(opened(data, longest))


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


def _upright(image: Image.Image, longest: int, mode: str) -> Image.Image:
    if image.width * image.height > PHOTO_PIXELS.get(image.format or "", PIXELS):
        raise PictureError("too_large", f"{image.width} × {image.height} pixels")
    image.draft(mode, (longest, longest))  # a JPEG is decoded at a fraction of its size
    if image.width * image.height > DECODED_PIXELS:
        raise PictureError("too_large", f"{image.width} × {image.height} pixels")
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((longest, longest))
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        seen = upright.convert("RGBA")
        upright = Image.new("RGB", seen.size, "white")
        upright.paste(seen, mask=seen.getchannel("A"))
    return upright.convert(mode)
