"""Converts pictures for the page, of kinds that the browser does not read."""

import asyncio

import fastapi

from kerasadder.errors import UserError
from kerasadder.pictures import convert

# No other site's page may send this type unasked.
TYPE = 'application/octet-stream'


def add_route(app: fastapi.FastAPI) -> None:
    """Adds `POST /convert`: a picture's bytes in, a PNG out, or the reason."""
    app.add_api_route('/convert', _convert, methods=['POST'])


async def _convert(request: fastapi.Request) -> fastapi.Response:
    if request.headers.get('content-type') != TYPE:
        return fastapi.Response(f'must be {TYPE}', 415)
    picture = bytearray()
    async for chunk in request.stream():
        picture += chunk
        if len(picture) > convert.MAX_BYTES:
            return fastapi.Response(
                f'has more than {convert.MAX_BYTES} bytes', 413
            )
    try:
        png = await asyncio.to_thread(convert.to_served, bytes(picture))
    except UserError as error:
        return fastapi.Response(str(error), 422)
    return fastapi.Response(png, media_type=TYPE)
