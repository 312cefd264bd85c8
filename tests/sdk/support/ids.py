"""The ids that a trace has at each vendor, by the rules of the design, written down once more."""

import uuid


def at(vendor, native, origin, start_ms):
    """The id at `vendor` of a trace whose client called it `native`; `start_ms` is its start."""
    own = uuid.UUID(native)
    if vendor == origin or vendor == "pandaprobe":
        return str(own)
    if vendor == "galileo":
        return str(uuid.UUID(bytes=own.bytes, version=4))
    return str(v7(start_ms, own.bytes[6:]))


def stem(id):
    """What all of these rules leave of an id: its last eight bytes, but for the variant."""
    tail = uuid.UUID(id).bytes[8:]
    return bytes([tail[0] & 0x3F]) + tail[1:]


def v7(ms, tail):
    """48 bits of milliseconds and 10 bytes, with version and variant of a UUIDv7."""
    octets = bytearray(ms.to_bytes(6, "big") + tail)
    octets[6] = octets[6] & 0x0F | 0x70
    octets[8] = octets[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(octets))
