"""Codes on a picture: QR codes of receipts and pages, the bars on parcel labels."""

from __future__ import annotations

import zxingcpp
from PIL import Image

KINDS = zxingcpp.BarcodeFormats([
    zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.PDF417])
LONGEST = 2400  # pixels of the longer side in which codes are looked for first
FINEST = 4800  # then, when there was none: a small code on the photo of a whole page
SMALLEST = 60  # pixels; no code fits in less
MOST = 10


def read(image: Image.Image, *, upright: bool = False) -> list[str]:
    """The texts of the codes on a grey picture, each once, in the order they were found.

    `upright`: bars are not looked for across, which is most of the work; a QR code is found in any position.
    """
    if min(image.size) < SMALLEST:
        return []
    try:
        found = zxingcpp.read_barcodes(image, formats=KINDS, try_rotate=not upright, try_invert=False)
    except (ValueError, RuntimeError):
        return []
    texts = [code.text for code in found if code.text.strip()]
    return list(dict.fromkeys(text.replace("\x00", "") for text in texts))[:MOST]


def looked_for(picture: Image.Image, *, upright: bool = False) -> list[str]:
    """`read`, first at a smaller size, then as fine as the picture is."""
    coarse = picture.copy()
    coarse.thumbnail((LONGEST, LONGEST))
    return read(coarse, upright=upright) or (read(picture, upright=upright) if max(picture.size) > LONGEST else [])
