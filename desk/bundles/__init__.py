"""The evidence of a ticket: one PDF to read and one ZIP with the originals and a manifest that `sha256sum -c` accepts.

Asked for on a page, made by the worker file by file. The same ticket on the same day, with the same files covered or
left out, gives the same bytes. What is covered is covered on pictures of the pages; the originals are never touched,
and a file that is covered or left out goes into the ZIP neither by itself nor inside its raw mail.
"""

from .making import Maker
from .orders import BundleError, by_public_id, checked, data, of, order

__all__ = ["BundleError", "Maker", "by_public_id", "checked", "data", "of", "order"]
