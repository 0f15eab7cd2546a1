"""Grey PNG files, with nothing but Python's own library; also such as no encoder would write."""
import struct
import zlib


def png(width, height, packed_rows):
    """The bytes of a file that claims that size. `packed_rows`: compressed, each row a zero byte and its pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed_rows) + chunk(b"IEND", b"")
