"""How much of a mail is looked at. The raw mail is kept whole elsewhere; nothing here throws evidence away."""

HEADER_BLOCK = 256 * 1024  # bytes kept of one header block
HEADER_LINES = 500_000  # lines read of one header block
HEADER_RAW = 64 * 1024  # bytes kept of one header: its head and its tail
HEADER_DECODED = 8 * 1024  # characters of one header that are decoded
HEADERS = 1000
DEPTH = 50
PARTS = 1000
SIGNED = 3  # letters packed into signatures that are opened
PARAMETERS = 50
ADDRESSES = 200
COMMENT_DEPTH = 20
REFERENCES_FIRST, REFERENCES_LAST = 5, 20
SUBJECT = 500
NAME = 200
ADDRESS = 320
FILE_NAME = 180  # bytes of UTF-8
TEXT = 1024 * 1024  # bytes of UTF-8 shown
HTML = 1024 * 1024
HTML_DEPTH = 256
HTML_TAGS = 20_000  # beyond, HTML is turned into text without building its tree
QUOTES = 64 * 1024
QUOTE_LINES = 2000
