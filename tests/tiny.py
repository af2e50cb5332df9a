"""A tiny ONNX file, written by hand so that the tests need no onnx package."""


def _varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _block(field, content):
    data = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _tensor(name):
    shape = _block(2, _block(1, _block(2, "h")) + _block(1, _block(2, "w")))
    return _block(1, name) + _block(2, _block(1, _number(1, 1) + shape))


def tiny_network(spec="{}"):
    """Return an ONNX file: float32 (h, w) "image" in, "double" = image + image and "same" out."""
    nodes = _block(
        1, _block(1, "image") + _block(1, "image") + _block(2, "double") + _block(4, "Add")
    )
    nodes += _block(1, _block(1, "image") + _block(2, "same") + _block(4, "Identity"))
    values = (
        _block(11, _tensor("image")) + _block(12, _tensor("double")) + _block(12, _tensor("same"))
    )
    graph = nodes + _block(2, "tiny") + values
    metadata = _block(14, _block(1, "spec") + _block(2, spec))
    return _number(1, 8) + _block(7, graph) + _block(8, _number(2, 17)) + metadata
