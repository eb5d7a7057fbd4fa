"""Pictures of a given size, made from the photographs of the demonstration."""

import base64
import io
import random

from PIL import Image

from proxy.demo import calls


def photograph(name: str) -> Image.Image:
    """A photograph of the demonstration."""
    data = base64.b64decode(calls.photograph(name).partition(",")[2])
    return Image.open(io.BytesIO(data)).convert("RGB")


def jpeg_of(name: str, side: int, size: int) -> bytes:
    """The photograph at `side` pixels, with grain, as a JPEG of about `size` bytes."""
    picture = photograph(name)
    scale = side / max(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    noise = random.Random(1).randbytes(picture.width * picture.height * 3)  # noqa: S311 - grain, not secrets
    grain = Image.frombytes("RGB", picture.size, noise)
    best = b""
    for strength in (0.0, 0.05, 0.1, 0.2):
        mixed = Image.blend(picture, grain, strength)
        for quality in range(60, 99, 3):
            out = io.BytesIO()
            mixed.save(out, "JPEG", quality=quality)
            data = out.getvalue()
            if abs(len(data) - size) < abs(len(best) - size):
                best = data
    return best


def question(picture: bytes, text: str = "What is on the table?") -> bytes:
    """The body of a call that asks about a picture."""
    url = b"data:image/jpeg;base64," + base64.b64encode(picture)
    return (
        b'{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"text","text":"' + text.encode() + b'"},'
        b'{"type":"image_url","image_url":{"url":"' + url + b'"}}]}]}'
    )
